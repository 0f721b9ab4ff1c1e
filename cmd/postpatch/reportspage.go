package main

const aboutReports = `reports: in which forms a run can be told, live or again

What a capture, verify or precheck came to stands in the store, beside what it saw. Every flag
below goes with the run itself, and with ` + "`postpatch report RUN`" + `, which makes the same reports
again, byte by byte, and asks no host. judge and diff store nothing: keep their --json FILE, and
` + "`postpatch report FILE`" + ` reads it. A report that cannot be written is named on standard error;
the others are whole, and the exit code is the verdict's.

  (none)               text: the worst nearest the end, the verdict in the last line but the
                       files'; -q the verdict alone, -v what passed, too, -vv whole values
  --html FILE          one file that works offline: a page to look at, search and print. Where a
                       server allows no script in it, as Jenkins does, it is a summary still
  --html-dir DIR       the same as several files, for servers that allow no script in a page
  --junit FILE         for pipelines, see below
  --json FILE          everything, as JSON lines
  --markdown FILE      a summary; of 900 kB at most, as GitHub takes 1 MiB
  --tap FILE           TAP 13; what failed before, too, or is waived, is TODO
  --prometheus F.prom  for a textfile collector: checks by host and outcome, verdict, times of the
                       run. The file's name must be another for precheck and verify
  --format FORM        standard output gets text, tap, markdown, teamcity or nagios. The last is
                       a plugin's line with a plugin's exit code: 0 OK, 2 CRITICAL for our 1,
                       3 UNKNOWN for our 2 and 3
  --ci SYSTEM          auto finds out by itself: annotations at the suite's line and a summary for
                       GitHub and Azure, folded sections for these and GitLab, messages for
                       TeamCity; an Azure step that does not pass is amber. report says nothing
                       to a pipeline unless it is asked to
  --by owner           a section an owner (postpatch explain owners)
  --redact             other names for hosts, domains, accounts and addresses, the same one each
                       time, in standard output and in files; see below
  --color, --progress  auto, and always/never, tty/plain/never; NO_COLOR, then FORCE_COLOR and
                       CLICOLOR_FORCE are listened to

JUnit
  A suite for each host; a failure is what makes the run fail, an error what could not be
  observed, skipped what failed before. Names hold no values, so a history can be kept of them.

  --junit-scope        all, changed or failed; what is left out is counted in one case
  --junit-granularity  check, category or host. auto is check, and above 20 000 checks those that
                       are unchanged are one case a category, as some consumers take 30 MB only
  --junit-split        owner, host, group (suite), or N cases a file; 2000 are safe for GitLab
  --junit-name         short, or qualified by the host, as it is in Azure by itself
  --junit-flavor       default is read by everybody; extended has owner, file and line, and for
                       Azure the reason of what is skipped; surefire has what came up late as
                       flaky, for Jenkins
  --preexisting        skipped, failure or pass

Redaction
  Hosts, domains, accounts, SIDs, addresses, GUIDs and what looks like one of them. What is in
  doubt is replaced; free text may tell things all the same, so look at it before you share it.
  Standard error, the store and the owners' channels keep the names. --redact-map FILE keeps
  which name stands for which, and uses it again, so that windows can be compared; words of your
  own are added there as {"kind": "word", "name": "falcon"}. Never share that file.

postpatch history tells windows side by side: what broke when, what is slow to settle.
`
