package suites

const aboutReboot = `reboot: whether a host has rebooted since the baseline, and what proves it

    suite: reboots
    hosts: [srv01]
    checks:
      - os: {}               # its boot time, its uptime, its clock and its log
      - pending_reboot: {}   # what waits for another one, and what is still at the last

A plan says reboot: required, allowed (the default) or forbidden. What it says is held
against a proof, and every report tells it of each host that is asked so:

  rebooted           with how often, and of each start the time and the reason that its
                     System log has: an update, a person, a crash
  configuring        it has rebooted, and Windows is still configuring updates
  not rebooted       it answers, and it has not
  unknown            cannot be told, and why
  another machine    answers by this name; the host has no verdict at all

A boot time alone proves nothing: Windows computes it from its clock, so that whoever sets
the clock moves it. The proof rests on what does not move:

  the System log     has a record of each start. Starts that it has now and had not at the
                     baseline are reboots; none is none, as long as it still has what it
                     had. Of a log that was cleared, or cannot be read, nothing follows.
  the uptime         only grows until the next start. Where it is longer than the time since
                     the baseline the host has not rebooted, where it is shorter it has. Two
                     minutes are left for clocks, and as much more as the host's clock was
                     off from this machine's, then or now.

Both have to agree where both are there. So a clock that is set forward is no reboot, and
one that is set back hides none; a second reboot within a minute is counted; and a machine
that runs on from a snapshot is told, and is neither.

  plan says      rebooted    configuring    not rebooted    unknown
  required       met         unknown        unmet           unknown
  forbidden      unmet       unmet          met             unknown
  allowed        -           -              -               -

More than one reboot is a warning of os.boots, unless the plan has it in may_change; a
crash, a power loss or a hang fails, whatever the plan says (postpatch explain os). A reboot
is counted from the baseline on, not from the window: take the baseline just before it, and
look at the times. That it waits for another one is told beside it and by pending_reboot,
which also sees the configuring.

Without PowerShell on the host, or without the group Event Log Readers, the uptime has to do.
It cannot tell what happened within two minutes of the baseline, nor a reboot from a machine
that was paused for longer than it had been running.
`
