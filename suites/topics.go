package suites

// The pages of explain. Their examples are indented by four spaces, and a test
// reads every one of them.

const aboutSuite = `suite: what a healthy server looks like; kept by the server's owner in *.suite.yaml

    suite: shop                      # small letters, digits, . _ -; unique
    owner: web@example.org
    vars: {domain: example.org}
    timeout: 30s                     # of each check, unless it says otherwise
    hosts:
      - web01.example.org
      - {name: web02, address: "{{ host.name }}.{{ domain }}", tags: [pilot], vars: {site: hq}}
    checks:
      - service: [W3SVC, WAS]
        expect: {state: running, start_mode: auto}
        why: no shop without them
      - ping: "{{ host.address }}"
        hosts: [tag:pilot, "web0*"]
        compare: ignore

Top level
  suite     the suite's name; required
  hosts     names, or {name, address, tags, vars}; required
  checks    required, and never empty
  owner     who is asked when a check fails
  vars      variables for templates; a host's own come first
  timeout   a duration; 10s unless the suite says so, 60s where the host itself is asked

A check has one key that is a kind (postpatch explain KIND) and may have
  id        its stable name; made of the kind and its main parameter unless given
  expect    what readings must be (postpatch explain expect)
  compare   how readings are compared with the baseline (postpatch explain compare)
  hosts     which hosts it is for: names, patterns with * and ?, tag:NAME
  why, owner, timeout

Templates: {{ name }}, {{ host.name }} and {{ host.address }} stand in parameters and
in a host's address, inside of quotes. They hold names of variables, never code.
`

const aboutPlan = `plan: what the operator says of the patch, in *.plan.yaml

    plan: 2026-11-patch-tuesday
    suites: [suites/*.suite.yaml]    # relative to the plan's folder
    reboot: required                 # or allowed (the default), or forbidden
    must_change:
      os.build: "20348.4405"         # as the reading has it: build and update
      service/W3SVC.state: running
    may_change: [service.start_mode, os.*]

  plan          the plan's name; required
  suites        files or patterns
  reboot        whether the hosts have to be, may be or may not be restarted
  must_change   readings and what they have to be after the patch (postpatch explain
                expect); what is not so is unmet, and the run fails
  may_change    readings whose change is expected and no drift

A reading is named kind.reading, for every item, or kind/item.reading; * stands for any
text in an item, and kind.* for every reading of a kind.
`

const aboutCredentials = `credentials: which user goes to which host; the operator's own file

    credentials:
      - hosts: "*.corp.example.org"
        for: [winrm, sql]
        user: CORP\probe
        password: {env: PATCH_PASSWORD}
        winrm: {tls: true}               # real hosts
      - hosts: [lab01, "lab1*"]
        user: .\probe
        password: {file: secrets/lab.txt}
        winrm: {allow_plain: true}       # a lab, and nothing else

  hosts      a host's name, or patterns with * and ?; required
  for        the uses it is for: winrm, sql; both unless given
  user       CORP\name, name@corp.example.org, or a plain name; required
  password   {env: VARIABLE} or {file: path, relative to this file}; required
  winrm      tls          connect with TLS; for real hosts
             port         5986 with TLS, 5985 without
             ca_file      trust the certificates that this file's ones have signed
             insecure     do not check the server's certificate
             allow_plain  go without TLS: the password travels readable; for a lab

WinRM wants tls: true or, in a lab, allow_plain: true. The first entry that fits a host
and a use is taken. A password never stands in the file itself. No suite and no plan can
name a credential.
`

const aboutExpect = `expect: what a reading must be, in a suite's expect and a plan's must_change

    suite: example
    hosts: [web01]
    checks:
      - service: W3SVC
        expect:
          state: running                   # equal, in any case
          start_mode: [auto, manual]       # one of these
          path: contains svchost
      - ping: {}
        expect: {loss: "< 5%", rtt: "< 20ms"}

  text       running          equal, whatever the case and the space around it
             = any            equal to a text that would mean something else
             != stopped       any other text
             contains x       x is a part of it, in any case; not contains x
             matches /re/     a regular expression (RE2); (?i) for any case
             >= 20348.4405    dotted version numbers, part by part: <, <=, >, >=
             empty, not empty
  int        200, != 0, < 5%, >= 30 days (a reading's own unit may follow)
  duration   < 20ms, >= 2s, 500ms
  time       > 2026-11-23, <= 2026-11-23T22:15:00Z
  bool       true, false
  set        = a, b           exactly these elements, in any order and case
             contains a, b    all of them are in it; not contains a, b: none is
             empty, not empty
  all but set and bool        between a and b, both included
  all but set                 one of a, b, c
  all                         any: is reported at all

A list is "one of" its values; for a set, exactly its elements. Where a kind has an
expectation of its own, it holds until the suite names the reading; any switches it off.
Put an expectation in quotes when it begins with <, >, =, ! or holds a colon.
`

const aboutCompare = `compare: how a reading is compared with the baseline

    suite: example
    hosts: [web01]
    checks:
      - service: W3SVC
        compare:
          start_mode: {rule: same text, severity: fail}
          path: ignore
      - dns: web.example.org
        compare: {answers: superset, latency: within 50%}
      - ping: web02
        compare: ignore                    # every reading of the check

  same           equal
  ignore         never a change; what is ignored is counted
  same text      equal but for upper and lower case
  within 10%     no farther apart; of a number also within 3, of a duration within 5s
  at least       not less than before; numbers, durations, times
  at most        not more than before
  same set       the same elements
  superset       all elements of before, and perhaps more
  subset         no element that was not there before

A change that the rule does not allow is a drift. Its severity is fail (the run fails),
warn (shown) or note (counted). Every kind has a rule and a severity for each reading:
postpatch explain KIND.
`
