package main

const aboutLocal = `local: asking this machine from within

    postpatch init --local                                       # a first suite of it
    postpatch capture --local web.suite.yaml --name november     # before the patch
    postpatch verify --local web.suite.yaml --baseline november --wait

With --local the program asks the very machine that it runs on: no WinRM, no credentials
file, no account but the one that runs it. Of the suites' hosts those are looked at that
are this machine, by any of its names in any case: its computer name, its name in the DNS,
or localhost. When none is, nothing is asked, and the error says what the machine is
called (exit code 2). Checks that go out from here (ping, dns, http, sql ...) do as ever,
and have the accounts of --credentials where one is given.

Who answers what:

  Win32_Service      the service control manager, each part of a service by itself: what it
                     does not tell is unknown, and the service is there
  every other query  WMI, over COM
  registry keys, what the registry says of services, a pending reboot
                     the registry, the file system, WMI
  all other collectors, and the suites' own scripts (--allow-scripts)
                     one powershell.exe, with the user's own environment and none of this
                     program's variables; it ends with all that it has started

A query or collector has 45 s, and none that hangs keeps the others from their answers.
Where PowerShell is blocked, its checks are unknown, and the others are not. Exchange's
commands are asked by its snap-in, in the same PowerShell, those alone that read; commands
of other endpoints over the network alone.

The account should be an administrator's: what it may not read is unknown. A task of the
scheduler's with "run with highest privileges" is one, and so is SYSTEM. A suite cannot
choose this way, and neither can an entry of a credentials file.

It has been tried against Wine's service control manager, WMI and registry, and not on
Windows: examples/wine.md has what differs there. On other systems --local is an error.
`
