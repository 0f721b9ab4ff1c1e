package suites

const aboutPlan = `plan: what the operator says of the patch, in *.plan.yaml

    plan: 2026-11-patch-tuesday
    suites: [suites/*.suite.yaml]    # relative to the plan's folder
    hosts: ["tag:tier1", "app*"]     # only these hosts of the suites; all unless given
    reboot: required                 # or allowed (the default), or forbidden
    must_change:
      - change: os.build
        to: "20348.4405"             # as the reading has it: build and update
        where: "20348.*"             # only of what was so at the baseline
        update: {kb: KB5068787, severity: critical, released: 2026-11-10, within: 72h}
      - service/W3SVC.state: running
    may_change:
      - os.*
      - service.start_mode
      - {change: service/Spooler.path, to: 'C:\spool\new.exe', hosts: ["print*"]}
    drift: [warn, {change: services.*, severity: fail}]
    waves:
      - {name: pilot, hosts: "tag:pilot"}
      - {name: tier2, hosts: "app*", after: pilot, quorum: 90%, max_regressed: 1}
    gate: {quorum: 95%, max_unknown: 2%}
    settle: {default: 6m, sql: 40m, "tag:legacy": 20m}
    passes: {late: {reboot: required}}
    budget: {capture: 45m, verify: "04:30"}
    store: ./evidence
    precheck: {free: 10 GiB, backup: 7d, restore_test: 90d}

  plan          the plan's name; required
  suites        files or patterns
  hosts         which hosts of the suites the patch is for: names, patterns with * and ?,
                tag:NAME
  reboot        whether the hosts have to be, may be or may not be restarted
  must_change   readings and what they have to be after the patch (postpatch explain
                expect); what is not so is unmet, and the run fails. A mapping of them, or
                a list of such mappings and of {change, to, where, hosts, update, reason}
  may_change    readings whose change is expected and no drift, each by its name or as
                {change, to, hosts, reason}; postpatch accept writes them from what drifted
  drift         how bad other changes are: fail, warn or note, for all of them; or a list of
                words and of {change, severity}, of which the last that fits counts. A note
                stays one, unless its reading is named
  waivers       what may be wrong until a day, of all suites (postpatch explain waivers)
  waves         groups of hosts that are patched together: name, hosts, after (the waves
                that have to be well before), and its own quorum, max_regressed, max_unknown
  gate          what is asked of waves that say nothing else: how many hosts have to be known
                (100%), and how many may be worse (0) or unknown (0); each a number or a
                percentage
  settle        how long hosts are waited for, see below
  passes        whether hosts have to be restarted before the settled or the late pass
  budget        how long capture and verify may take, or the time of day by which they end
  store         what keeps the runs, unless --store says so; a folder is relative to the plan
  precheck      what has to be so before the patch: free bytes of every volume, and how old
                the last backup and the last restore of a database may be

A reading is named kind.reading, for every item, or kind/item.reading; * stands for any
text in an item and ? for one character, unless = stands before it, and kind.* for every
reading of a kind.

Of a change that may be
  to      what the reading may change to, and nothing else (postpatch explain expect); gone:
          it may go away, as all readings of an item that does; digest and 64 digits: the one
          value that has it, for what cannot be written here
  hosts   on which hosts
  reason  for who reads it

Of a change that must be
  to      what the reading has to be
  where   a pattern of a text: only of readings that were so at the baseline
  hosts   on which hosts
  update  what brings it: kb, severity (critical, important, moderate, low), released, and
          within what time after its release it has to be on
  reason  for who reads it

Of settle, with what holds unless given; times are like 90s, 6m, 1h30m or 2d
  default     6m: from its start, or from when it answers again, a host has so long until all
              its checks are well
  sql         30m: the same, where a check is of kind sql
  exchange    15m: of kind exchange
  dc          25m: of kind adds or dnsserver
  cluster     15m: of kind cluster or hyperv
  tag:NAME    of hosts with that tag; of several times the longest counts
  return      30m: until a host answers again
  stable      1m: so long a pass has to hold
  poll        5s: from one question to the next, at first
  slower      50%: a reading that takes so much longer than in the window before is told

postpatch lint holds a plan against its suites: hosts of two waves, selectors that choose
nobody, changes of kinds that no host has a check of. A host in no wave is a problem where
hosts: says whom the patch is for; otherwise postpatch plan tells of it, and of all that
would run.
`
