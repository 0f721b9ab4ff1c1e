package suites

const aboutPrecheck = `precheck: what has to be so before the patch; in a plan

    plan: november
    suites: [suites/*.suite.yaml]
    precheck: {free: 10 GiB, backup: 36h, restore_test: 90d}
    waivers:
      - waive: sql/Scratch.last_backup
        until: 2026-12-31
        reason: what is in it can be computed again

  free          how much every volume at least has to have free; where the plan says nothing,
                10 GiB on C: alone
  backup        how old the last full or differential backup of a SQL database at most may be;
                7 days where the plan says nothing
  restore_test  how old the last restore of one of its full backups on the same instance, under
                any name, at most may be; not asked where the plan says nothing

postpatch precheck observes all checks of the suites and stores the run, as capture does, but
as no baseline. To every Windows host, one of which a check asks the host itself, it adds what
the host has no check of, as a suite called precheck:
  os              its name has to be the one by which the suite calls it, and its clock right
  pending_reboot  no reboot may be pending
  disk            the system's volume, or all of them, has to have room
What the host has a check of gets one more expectation, and each sql check those of backups.
An owner's expect: {free: any}, {name: any} or {last_backup: any} stays as it is.

READY, exit code 0: nothing fails but what a waiver covers; the patch may begin.
NOT READY, 1: something fails. INCOMPLETE, 3: nothing fails, and something could not be
observed: a host that does not answer, a history of backups that the login may not read.
A plan's waivers cover what precheck adds as well; of a suite, only its own checks.
`
