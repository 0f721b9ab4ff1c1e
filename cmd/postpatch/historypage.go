package main

const aboutHistory = `history: maintenance windows side by side, out of the store

    postpatch history
    postpatch history --since 2026-01-01 --suite exchange --host 'ex*' -v
    postpatch history --json=year.json

No host is asked and nothing is judged again: what each run came to is as it was kept.

Windows
  The runs of one plan, or of none, begun within 25 days of the first, are one window: its waves
  and its passes. Where a host and suite are compared with another baseline, a new one begins.
  Of several looks at a check the last one counts; the early pass counts only where there was no
  other, and what was broken and then could not be observed stays broken. What a run says of a part
  (--owner, --only) says nothing of the rest. Captures appear as baselines alone.

What broke
  A line a check, most often broken first, and a column a window:
    ●  X  broke              ◐  x  broke, and was well at a later look
    ○  o  failed before the window too, or was waived
    ?  ?  could not be observed
    ·  .  well
  The second sign is the one of consoles without the first. A change that fails nothing is not told
  here.

Slow to settle
  Hosts that were waited for (verify --wait), half as slow again as the fleet in the same windows
  and by 30 seconds more, or slower by 30 seconds from window to window.

Back and forth
  A score: 10 for each time that a check was broken, well and broken again over the windows, 3 for
  each window in which it became ill again while it was waited for, 1 for each in which it came up
  late where it does not always. The words say of what it is made.

What windows cannot tell is said at the end: runs that kept no results, damaged ones, parts. The
exit code is 0 when there was something to tell, and 2 when there was not. The output has the names
of hosts: there is no --redact.
`
