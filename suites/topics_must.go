package suites

// aboutMustChange is the part of the page on plans that is about what the patch has to
// bring.
const aboutMustChange = `
What must change is a mapping, or a list of such mappings and of changes that say more:

    must_change:
      - change: os.build
        to: {any of: [">= 20348.4405", "20348.4346"]}   # the second is the hotpatch
        where: "20348.*"
        hosts: ["tag:web"]
        update: {kb: KB5068787, severity: critical, released: 2026-11-10, within: 72h}
        reason: the November cumulative update
      - service/W3SVC.state: running

  change  the reading, as above
  to      what it has to be (postpatch explain expect)
  where   how the reading was at the baseline, with * and ?: of no other it is wanted
  hosts   on which hosts: names, patterns with * and ?, tag:NAME
  update  which update brings it, for who reads it: kb; severity, Microsoft's critical,
          important, moderate or low; released, the day in UTC; within, how long after
          that it may take to be on (72h, 14d). Past that the report says since when
  reason  for who reads it

A build is held within its family. Where such a version as 20348.999 would be well, one
that has left the 20348.* of its where is not, however high: 26100.1 has not what was
wanted of 20348. Where the baseline does not tell what a reading was, what it is now says
which change is for it; where that is none of the plan's, the check is unknown. A change
that is for no host of the run is no fault, and named in the report's notes.
postpatch plan import-msrc writes such changes from a document of Microsoft's Security
Update Guide.
`
