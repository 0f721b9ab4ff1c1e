package suites

const aboutOwners = `owners: whose checks they are, and what a run comes to for each

    suite: exchange-hq
    owner: messaging@example.org     # of all checks that say nothing else
    notify: messaging-team           # a channel of the operator's (postpatch explain notify)
    hosts: [ex01.corp.example.org, ex02.corp.example.org]
    checks:
      - ping: {}
      - services: {}
        owner: windows@example.org   # of this one

An owner is a text: an address, or a team's name. Case and spacing make no other owner of it.

  --owner PATTERN      capture, verify, judge, precheck, accept: only the checks of these owners;
                       a name, or a glob with * and ?, as often as one likes; - is for the checks
                       of nobody. One that chooses nothing is a mistake
  --by owner           the report has a section for each owner, and a table of them
  --junit-split owner  a JUnit file for each owner: --junit out/ writes out/NAME.xml, and
                       --junit 'out/team-{owner}.xml' such names. What cannot stand in a file's
                       name is replaced, and a part of its hash added; no-owner is nobody's file
  --json FILE          the last line has the verdict and the counts of each owner, the worst
                       first, of 1000 owners at most
  --notify             verify tells each suite's channel its part of the verdict

A run with --owner or --only is a part, and says so in its report, in the store and in baselines
show. The gate does not go by what a part has not asked; and a capture of a part is by itself
the baseline of that same part alone.

A check is in one owner's part. What holds of a host as a whole is in the part of everybody
who has a check there: that it did not answer, that another machine answers, that it was not
restarted as the plan wants, that the run's time was over. So the files of all owners have as
many failures as the whole, and more where a host is not well as a whole.
`

const aboutNotify = `notify: tells each suite's owner their part of the verdict; the operator's own file of channels

    channels:
      messaging-team:
        type: teams                       # a workflow that posts a card
        webhook: {env: TEAMS_MESSAGING}
      dba:
        type: slack                       # Slack, and what takes the same
        webhook: {file: secrets/dba-hook.txt}
        suites: ["sql-*"]                 # no other suite may name it
      tickets:
        type: json
        webhook: {command: [pass, show, hooks/tickets]}

A suite names its channel, and nothing else:  notify: messaging-team
Where that leads stands in this file alone. A suite may come from somebody else: it must neither
choose which of your secrets is read nor to whom something is sent.

  type      teams (a workflow's "post to a channel when a webhook request is received"), slack
            (incoming webhooks) or json (an object with version, verdict, counts and items)
  webhook   where its address is kept, as a password in postpatch explain credentials: env, file
            (that only its owner can read), keyring or command
  suites    globs of the suites that may name the channel; all unless given

postpatch verify … --notify --channels ops.channels.yaml   (or POSTPATCH_CHANNELS)

When the verdict is told, each channel gets one message, whether it is good or bad: what the
run came to for the checks of its suites, what is not well, the worst first, and what the whole
run came to. Of what is so on many hosts the hosts are counted. A run that comes to no verdict
(exit code 2, or interrupted) sends nothing.

The address is a secret, and no message shows it. It has to begin with https://, but for
http://127.0.0.1; the certificate is checked, with --ca beside the system's authorities; a proxy
is taken from the environment; nobody who leads elsewhere is followed. A try has 15 seconds.
Where the server is busy (429, 5xx), it is tried once more, after what Retry-After says and half
a minute at most. What cannot be told is a warning, and changes no exit code: let nothing that
matters depend on a message alone.
`
