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
  hosts     names, or {name, address, tags, vars, was}; required, but of a pack. was is the name
            by which the baseline knows a host that was renamed since. {file}, {csv}, {ansible}
            and {ldap} stand for the hosts of a list (postpatch explain hosts)
  checks    required where nothing is used, and never empty
  use       checks of other suites; override and disable say what is to be otherwise
            (postpatch explain use)
  owner     who is asked when a check fails (postpatch explain owners)
  notify    the channel by which they are told (postpatch explain notify)
  vars      variables for templates; a host's own come first
  waivers   what may be wrong until a day (postpatch explain waivers)
  timeout   a duration; 10s unless the suite says so, 60s where the host itself is asked
  compare   how readings of all checks are compared (postpatch explain compare)

A check has a key that is a kind (postpatch explain KIND); with several of them it is as many
checks: - {ping: {}, sql: Orders} asks for the host and for a login. Beside one kind it may have
  id        its stable name; made of the kind and its main parameter unless given
  expect    what readings must be (postpatch explain expect)
  assert    what must hold of readings, now and before (postpatch explain assert)
  compare   how readings are compared with the baseline (postpatch explain compare)
and, beside any number of them,
  hosts     which hosts it is for: names, patterns with * and ?, tag:NAME
  why, owner, timeout

Templates: {{ name }}, {{ host.name }} and {{ host.address }} stand in parameters and
in a host's address, inside of quotes. They hold names of variables and filters, never code
(postpatch explain use).
`

const aboutCredentials = `credentials: which user goes to which host; the operator's own file

    credentials:
      - hosts: "*.corp.example.org"
        user: CORP\probe
        password: {env: PATCH_PASSWORD}
        winrm: {tls: true}               # real hosts
      - hosts: "sql*.corp.example.org"
        for: sql
        user: postpatch                  # a SQL login; CORP\name would be Windows'
        password: {command: [pass, show, sql/postpatch]}
        sql: {encrypt: strict, ca_file: corp-ca.pem}
      - hosts: "ex*.corp.example.org"
        for: mail                        # of a test mailbox, and of no administrator
        user: CORP\mailprobe
        password: {env: MAIL_PASSWORD}
        mail: {address: mailprobe@example.org, names: [mail.example.org]}
      - hosts: "dc*.corp.example.org"
        for: [ldap, smb, kerberos]       # as any user of the domain
        user: clientprobe@CORP.EXAMPLE.ORG
        password: {env: CLIENT_PASSWORD}
      - hosts: "*.corp.example.org"
        for: snmp                        # without a user: the community of version 2c
        password: {env: COMMUNITY}
      - hosts: nps01.corp.example.org
        for: radius                      # what the server and this machine share
        password: {file: secrets/radius.txt}
      - hosts: nps01.corp.example.org
        for: radius_user                 # who logs on there
        user: wlanprobe
        password: {env: WLAN_PASSWORD}
      - hosts: ["ex01.corp.example.org", "dc*.corp.example.org"]
        for: winrm
        user: probe@CORP.EXAMPLE.ORG
        keytab: secrets/probe.keytab
        winrm: {auth: kerberos}
      - hosts: "*.dmz.example.org"
        certificate: {cert: probe.crt, key: secrets/probe.key}
        winrm: {tls: true, ca_file: dmz-ca.pem}
      - hosts: "lnx*.corp.example.org"
        transport: ssh                   # OpenSSH, of Linux or of Windows
        user: probe
        key: {file: secrets/probe, passphrase: {env: KEY_PASSPHRASE}}
        ssh: {known_hosts: corp-known-hosts}
      - hosts: [lab01, "lab1*"]
        user: .\probe
        password: {file: secrets/lab.txt}
        winrm: {allow_plain: true}       # a lab, and nothing else

  hosts      a host's name, or patterns with * and ?, in any case; required
  transport  winrm (the default) or ssh: how the hosts are asked
  for        the uses it is for: winrm and sql, as far as it can serve them, unless given; ssh with
             transport: ssh. What a password is for beside these has to be said:
               mail         a mailbox, and Exchange's web services; these with current_user, too
               ldap         a directory that keeps hosts of suites, or that a check binds to
               smb          shares
               kerberos     tickets
               snmp         a user of version 3; without a user the community of version 2c
               radius       the secret shared with the server; it has no user
               radius_user  who logs on by RADIUS
             But for mail, a pattern has to end in a domain: a suite chooses whom it asks.
  user       CORP\name, name@CORP.EXAMPLE.ORG, .\name or a plain name; needed with a
             password, a keytab, a key and the agent, but for snmp and radius
  winrm      tls          connect with TLS
             port         5986 with TLS, 5985 without
             auth         negotiate (Kerberos, else NTLM; the default), kerberos, ntlm, basic,
                          certificate (the default with one)
             spn          the service's name for Kerberos, if it is not HTTP/ and the host's
             krb5_conf    a krb5.conf of its own
             ca_file      trust the certificates that this file's ones have signed
             insecure     do not check the server's certificate
             allow_plain  Basic without TLS: the password travels readable; for a lab
             exchange     remote (at Exchange's own endpoint; the default); snapin (by its snap-in,
                          in the script that asks the rest: where the endpoint cannot be reached.
                          Exchange's roles do not count there, the account's rights in AD do. The
                          account must be one that the server may show to a domain controller:
                          Kerberos, with resource-based delegation. Microsoft supports it for none
                          of this; it costs the server time and memory)
  ssh        with transport: ssh. A host shows its key before anything of the account is shown to
             it, and what is not known is not entered. Its key is looked up by the name that suites
             give it, wherever their address leads
             port         22 unless given
             known_hosts  files of hosts' keys, as OpenSSH has them: hashed names, @cert-authority
                          and @revoked too; ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts
                          (%ProgramData%\ssh on Windows) unless given
             host_keys    the keys of one host in place of that: SHA256:… as ssh-keygen -l prints
                          it, or the line of a .pub file
             identity     the one key of the agent that is shown, as SHA256:…
  sql        auth         sql (the default of a plain user), negotiate (of CORP\name, name@REALM, a
                          keytab, ccache and current_user: Kerberos, else NTLM), kerberos, ntlm,
                          entra (of what proves to Entra ID alone)
             encrypt      true (all traffic; the default), strict (TDS 8, from SQL Server 2022 on),
                          false (the login alone), disable (nothing: the password can be read)
             ca_file      trust the certificates that this file's ones have signed
             pin          trust one certificate, whatever it says: its SHA-256, or its file
             insecure     do not check the server's certificate; never with strict and entra
             tls_min      1.2; 1.3; or 1.0 and 1.1 for a server that is too old, with the RSA key
                          exchange and 3DES of those days
             spn          the service's name, if it is not MSSQLSvc/ with the host's name and :port
             krb5_conf    a krb5.conf of its own
             channel_binding  false leaves out what Extended Protection asks for
             tenant       of Entra ID, with a password or a certificate
  mail       address      the mailbox' own; the user when that is one
             names        what the certificate may be for instead of the host's name: the public
                          name of all nodes
             auth         over the web: negotiate (Kerberos, else NTLM; the default), kerberos,
                          ntlm, basic, each within TLS
             channel_binding  false leaves out what Extended Protection asks for
             krb5_conf    a krb5.conf of its own
             insecure     show the password within TLS whatever the certificate: for a lab
             allow_plain  and without TLS: for a lab

How the user is proved, one of
  password      {env: VARIABLE}
                {file: path}
                {keyring: {service: name, user: name}}
                {command: [program, argument]}
  keytab        a Kerberos keytab
  ccache        a Kerberos ticket cache, as kinit makes it
  certificate   {cert: path, key: path}, both PEM; shown in TLS, so with tls: true, and in its
                version 1.2, which the host has to allow: under 1.3 none can be asked for late.
                With for: sql, that of an application in Entra ID, whose id is the user
  current_user  true: whoever runs postpatch, on Windows
  key           {file: path, passphrase: as a password, certificate: path}: a private key in a
                format of OpenSSH, for ssh alone
  agent         true: the keys of the agent at SSH_AUTH_SOCK, or of Windows' own; for ssh alone
  managed_identity   true: that of the Azure machine; user: the id of one that is assigned to it.
                     For sql alone, as the two below
  workload_identity  true: the federated token of a pipeline or a pod, by the variables
                     AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID and AZURE_CLIENT_ID (or user)
  token              an access token of Entra ID for SQL Server, from where a password can be

The best fit is taken, wherever it stands: a host's very name before a pattern, of patterns
that with more characters beside * and ?, and of equals that with a for: before one without.
Two entries that fit a host equally well are an error that names both.

Paths are relative to this file. A file with a secret must be yours or root's, and nobody else
may read it (chmod 600); a symlink is followed. This file itself, which can name programs to run,
must be yours or root's likewise, and nobody else may change it (chmod go-w). On Windows the
access lists are looked at: you, the system and administrators may be in them, as in a folder of
your profile. Anybody else is named, with the icacls command that takes them out. A password's
file has one line and at most 64 KiB. A command is run without a shell, for 30 seconds at most; the
one line that it prints is the password. The keyring is that of the user who is logged on: Secret
Service, Keychain, or the Credential Manager (cmdkey /generic:SERVICE:USER /user:USER /pass).

A password never stands in the file itself, and no suite and no plan can name a credential.
Where a suite gives its host another address, what proves that the host is there is TLS without
insecure, or Kerberos, whose tickets are for the name. Without such TLS, negotiate is Kerberos
alone there, since NTLM would show the account to whatever the suite leads to, and basic, which
would show the password, is refused. auth: ntlm says that you trust the suite.

To SQL Server the certificate is checked by the host's own name, as ODBC Driver 18 does it, unless
the entry says otherwise; what SQL Server makes for itself at each start nobody can check, so give
it one of your authority, or write insecure: true where nobody can stand between. A suite can ask
for more encryption than this file, never for less. Where it leads its host to another address,
without a certificate that is checked a login is not sent there, and negotiate is Kerberos alone;
where a check has an address of its own, the entry is that of this address.

A mailbox' password is shown within TLS alone, to a server whose certificate is good and for the
host's name or one of names. One that is refused before anybody has taken it is shown to nobody
again in the run: a lockout policy counts all servers together.

All secrets are read, each once, before anything is sent; a reading that fails is told again for
ten seconds before it is tried anew. A token is read again every five minutes.
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
      - dns: web.example.org
        expect:
          rcode: {not: {one of: [SERVFAIL, REFUSED]}}
          answers: {all of: [{superset: [10.0.0.5]}, {each: {matches: '^10\.'}}]}

  text       running          equal, whatever the case and the space around it
             = any            equal to a text that would mean something else
             != stopped       any other text
             contains x       x is a part of it, in any case; not contains x
             matches /re/     a regular expression (RE2); (?i) for any case; not matches /re/
             >= 20348.4405    dotted version numbers, part by part: <, <=, >, >=
             empty, not empty
  int        200, != 0, < 5%, >= 30 days (its own unit may follow; of bytes also 1.5 GB)
  duration   < 20ms, >= 2s, 500ms
  time       > 2026-11-23, <= 2026-11-23T22:15:00Z
             younger than 7d, older than 90d: 15m, 36h, 2 weeks before it was looked at
  bool       true, false
  set        = a, b           exactly these elements, in any order and case
             contains a, b    all of them are in it; not contains a, b: none is
             superset of a, b (the same as contains), subset of a, b: nothing but these
             empty, not empty
  all but set and bool        between a and b, both included
  all but set                 one of a, b, c
  all                         any: is reported at all

A list is "one of" its values; for a set, exactly its elements.

Forms are mappings of one key, for what one text does not say; they nest.
  {any of: […]}, {all of: […]}, {not: …}       of texts as above and of forms
  {one of: […]}, {matches: re}, {not matches: re}
  {contains: x}, {contains: […]}, {not contains: …}   all of them, none of them
  {superset: […]}, {subset: […]}, {same set: […]}     of sets, their elements
  {each: …}, {some: …}       of sets: what is expected of every element, of one of them;
                             of no element nothing is said, so each is not met by the
                             empty set: {any of: [empty, {each: …}]}

What asserts nothing is a mistake: an empty list, a regular expression that matches every
text. Where a kind has an
expectation of its own, it holds until the suite names the reading; any switches it off.
Put an expectation in quotes when it begins with <, >, =, ! or holds a colon.
`

const aboutCompare = `compare: how a reading is compared with the baseline

    suite: example
    hosts: [web01]
    compare:                               # of all checks of the suite
      services.start_mode: {severity: fail}
      services/clr_*.*: ignore
    checks:
      - services: {}
        compare:                           # of this check
          account: {rule: same text, severity: fail}
          path: ignore
          WSUS*.account: ignore            # of some items; in any order with the others
          =SQLAgent$SHOP.account: {severity: note}
      - dns: web.example.org
        compare: {answers: superset, latency: within 50%}
      - disk: {}
        compare: {D:.free_percent: within 5 points, D:.size: at least -1 GiB}
      - http: http://web01/Shop
        compare: {items: any case}
      - ping: web02
        compare: ignore                    # every reading of the check

Rules
  same           equal
  ignore         never a change; what is ignored is counted
  same text      equal but for upper and lower case
  within 10%     no farther apart than a part of what it was
  within 3       or than so much: in the reading's own unit (3 days, 512 MiB; 5 points of
                 what is in percent), of a duration or a time 5s, 1h30m, 3 days
  at least       not less than before; numbers, durations, times
  at least -20%  the same with some slack, as within has it: -20%, -3, -1 GB, -5s
  at most        not more than before
  at most +50%   the same with some slack
  same set       the same elements
  superset       all elements of before, and perhaps more
  subset         no element that was not there before
  subset or gone, and so with every rule but ignore: what went away is no change

A change that the rule does not allow is a drift. Its severity is fail (the run fails),
warn (shown) or note (counted). Every kind has a rule and a severity for each reading:
postpatch explain KIND.

Who has the last word
  The check over the suite, and the suite over the kind; of one of them an item over all
  items, a reading over *, and of several items the last one written. Rule and severity
  each by themselves: who gives a severity alone keeps the rule.
  In a suite's compare a reading is named as in a plan, kind.reading or kind/item.reading,
  in a check's reading or item.reading. Of an item * stands for any text and ? for one
  character; with = in front they mean themselves: =binding/Shop http *:80:.state. Dots,
  slashes and backslashes mean nothing, since the last dot is that before the reading, and
  =.reading is that of no item.

Which items are the same
  items: any case      upper and lower case are the same, as in Windows' names
  items: host names    and so is a name with and without a dot at its end
  items: exact         every character counts
  Every kind says which, and a check's compare can say otherwise. Two items that differ in
  nothing else stay two.

What moves by itself
  capture --samples 3 --every 10m looks three times at every host, and keeps of what moved
  meanwhile: of numbers, durations and times the lowest and the highest, of texts all that
  they were, of sets what was always in them and what ever was. A later change inside of
  that is hidden like one that a rule hides. What is expected is held against the value.

What rules hide is counted below every report. verify, judge and diff list it with
--show-ignored, with the rule and where it stands; --json has it always.
`

const aboutWaivers = `waivers: what may be wrong until a day; in a suite for its own checks, in a plan for all

    suite: print
    hosts: [print01, {name: print02, tags: [pilot]}]
    checks:
      - services: {}
      - service: Spooler
    waivers:
      - waive: service/Spooler.state
        hosts: [tag:pilot]
        until: 2026-12-31
        reason: the vendor's driver comes with the next release
        ticket: OPS-4711
        owner: print@example.org
      - waive: services/Spooler.*
        check: services
        until: 2026-12-31
        reason: the vendor's driver comes with the next release

  waive    the readings, named as in a plan: kind.reading for every item, kind/item.reading,
           kind/item.* for every reading and for an item that comes or goes; assert is what
           the check asserts; required
  until    the last day, in UTC: the waiver holds until midnight; required
  reason   why nobody mends it now; required
  check    only of these checks: ids, or patterns with * and ?
  hosts    only on these hosts: names, patterns, tag:NAME
  ticket, owner

What is waived fails nothing: it is told in a group of its own, with the reason, and counted.
A waiver covers what it names, finding by finding; anything else of the same check fails as
before. It covers what regressed, failed, drifted or was wrong before, never what could not be
observed, and never what a plan wants. What only follows from something goes with it: of a
page that is refused, there is no status.

When its day is past, whatever it covers fails, also what failed before the patch or would
only warn. Mend it and take the waiver out, or give it another day. What counts is the day on
which the run started, also when the run is judged again; of several waivers, the one that
holds longest.
`
