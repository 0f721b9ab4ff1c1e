package main

const aboutSettle = `settle: waiting after a reboot, and the passes of a window

    postpatch verify --plan november.plan.yaml --pass early          # one look, as soon as they are back
    postpatch verify --plan november.plan.yaml --wait                # until they have settled
    postpatch verify --plan november.plan.yaml --pass late           # a day later

With --wait every host goes three ways, and takes no other host's place meanwhile:

  back        Identify, which needs no account, is asked until WinRM answers. Where the plan
              says reboot: required, the host is then asked for the proof of its restart
              (postpatch explain reboot): that it answers proves nothing. After settle.return
              (30m) it is looked at as it is, and not rebooted is unmet
  settled     it is looked at whole, and what is not well is asked again, with longer and
              longer pauses from settle.poll (5s) on, until its time is over
  stable      all is asked once more when what is well has been so for settle.stable (60s).
              What goes down meanwhile is waited for again, looked at more closely, and is told
              as flapping

How long something is waited for counts from when the host was seen to answer again, or
from its start where that is long over, by its uptime and not by its clock: settle.default
(6m), or the time of the role that its kind has (sql 30m, exchange 15m, dc 25m, cluster
15m; postpatch explain KIND tells the role), or of the host's tag. Where the host itself
says that it is on its way, it has the longest time of its roles: a service that is start
pending, a delayed start whose time has not come, SQL Server's error 18401, a database
that is recovering, a domain controller that has not synchronised, Windows that still
configures updates. Where it says that waiting is in vain, as SQL Server's event 912 does,
nobody waits.

What must_change wants of a host that has not been restarted is waited for as long as a
restart is: verify may have begun before the patch.

A restart in between begins all anew. A host that is gone again is waited for as at first.

What came up late is listed with its time after the start, and kept with the run; one that
takes more than settle.slower (50%) longer than in the settled pass of the window before is
worth a note. What became ill again and held in the end is a warning; what did so more than
three times fails, and so does what never held.

A verify of a pass is held against the baseline, and against the passes of the same
baseline before it: every finding says whether it is new since. Under passes: the plan can
want a restart since the pass before (S07: an update that broke the second boot). What
grows from pass to pass, and beyond what it was before the patch, is a warning: memory and
handles of a process.

--deadline 04:30, or the plan's budget, ends the run: hosts that are not done are unknown,
what was seen of them is shown, the exit code is 3 unless something regressed, and the same
command with --resume goes on.
`
