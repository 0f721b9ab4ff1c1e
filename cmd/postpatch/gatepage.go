package main

const aboutGate = `gate: whether the waves behind a wave may begin

    postpatch capture --plan november.plan.yaml
    postpatch verify  --plan november.plan.yaml --wave pilot
    postpatch gate    --plan november.plan.yaml --after pilot     # 0 go, 1 no-go, 3 undecided
    postpatch verify  --plan november.plan.yaml --wave rest
    postpatch gate    --plan november.plan.yaml --after rest --json=gate.json

What a wave's gate asks for stands in the plan (postpatch explain plan): quorum, how many
hosts at least have to be known; max_regressed, how many at most may be worse than before
the patch; max_unknown, how many at most may not be known. A percentage is rounded so that
it asks for more.

  no-go       more hosts are worse than max_regressed, in this wave or in one before it.
              What is missing could not mend that, so nothing is waited for
  go          of this wave and of all before it: quorum is known, no more than max_regressed
              are worse, and no more than max_unknown are unknown
  undecided   all else; the answer says what would decide it

A host is
  well        all its checks were observed, and none fails
  worse       something regressed, failed, is unmet or has drifted so that it fails
  unknown     it is unreachable, another machine answers, or a check could not be observed
  unseen      no run that counts has looked at it. That is unknown, too, unless a run which
              looks at all of the wave is going on, or can be taken up

Of each host the newest counts that any verify run of the plan (by its name) has seen of
it, judged by the plan and the suites as they are now, as postpatch judge does. So a mended
host is looked at alone: verify --wave rest --hosts web07. What was worse and then could not
be observed is worse still. A run with --only or --owner that finds nothing wrong changes
nothing, and a capture with one is no baseline here unless it is named. Of two runs that
overlapped in time, the worse is believed.

These are no evidence: runs of the early pass; runs without --plan; runs that were begun
before the newest baseline of the host, taken of all suites of the plan; with --trust, runs
that are not finished, which nobody has signed yet. A run that compared with another
baseline than the newest can make a host worse, and not well. --baseline names the ones that
count instead: where baselines of later waves hold the hosts of the first as well.

A run that is damaged, or with --trust not signed, and could be evidence leaves no answer:
exit code 2.
`
