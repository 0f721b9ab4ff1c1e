package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
	"postpatch/suites/draft"
)

// jobOf is a job without suites.
func (c *initJob) jobOf(ctx context.Context, a app) (job, error) {
	j := newJob(a)
	j.here = c.here
	if problems := c.enter(ctx, a, &j); len(problems) > 0 {
		return job{}, tellProblems(a, problems)
	}
	return j, c.reach(&j)
}

// look observes all checks of a suite's text, and tells each host as it ends.
func (c *initJob) look(ctx context.Context, j job, text string, tell func(runner.Visit) error) error {
	a := c.app
	set, problems := a.library().LoadBytes(c.out, []byte(text))
	if len(problems) > 0 {
		a.talk("%s", suites.Format(problems, func(string) ([]byte, error) { return []byte(text), nil }))
		return exitError(runner.ExitNoVerdict)
	}
	j.set = set
	j.logins.Expect(len(set.Hosts))
	o := options(j, c.atOnce)
	o.Began = time.Now()
	return runner.Observe(ctx, set.Hosts, o, tell)
}

// lookAt sees what the hosts are like.
func (c *initJob) lookAt(ctx context.Context, a app, j job, hosts []string) ([]draft.Seen, error) {
	text := "suite: init\nhosts: [" + quoted(hosts) + "]\nchecks:\n" + draft.Questions()
	byHost := map[string]draft.Seen{}
	a.talk("looking at %s …\n", count(len(hosts), "host"))
	err := c.look(ctx, j, text, func(v runner.Visit) error {
		s := draft.Seen{Host: v.Host.Name, Facts: draft.Facts(v.Seen)}
		s.Away = away(v)
		s.Mailbox, s.Public = mailboxOf(j, v.Host.Name)
		byHost[v.Host.Name] = s
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []draft.Seen
	for _, h := range hosts {
		s := byHost[h]
		if c.here && s.Away != "" && !s.IsElse() {
			return nil, fmt.Errorf("this machine could not be asked: %s\nNothing was written", s.Away)
		}
		if s.Away != "" && !s.IsElse() {
			return nil, fmt.Errorf("%s could not be asked: %s\nNothing was written. "+
				"`postpatch doctor %s --credentials FILE` goes the way step by step", h, s.Away, h)
		}
		all = append(all, s)
	}
	return all, nil
}

// mailboxOf is the test mailbox at a host that the operator has an account of, and the
// first name by which its server may show itself.
func mailboxOf(j job, name string) (address, public string) {
	if j.credentials == nil {
		return "", ""
	}
	c, err := j.credentials.For(name, "mail")
	if err != nil {
		return "", "" // there is none, or its checks will say what is wrong with it
	}
	if strings.Contains(c.User, "@") {
		address = c.User
	}
	if c.Mail != nil {
		address = cmp.Or(c.Mail.Address, address)
		if len(c.Mail.Names) > 0 {
			public = c.Mail.Names[0]
		}
	}
	return address, public
}

// away says why Windows could not be asked.
func away(v runner.Visit) string {
	for _, check := range v.Seen.Checks {
		if check.Kind == "os" {
			return check.Error
		}
	}
	return ""
}

// tried is the draft after its suite was tried: without what could not be looked at, and
// with waivers for what is broken, if that is accepted.
func (c *initJob) tried(ctx context.Context, a app, j job, d draft.Draft) (draft.Draft, []report.Host, error) {
	var judged []report.Host
	const rounds = 3 // what is left out may be seen by another check
	for range rounds {
		judged = nil
		planning := runner.NewPlanning(nil)
		err := c.look(ctx, j, d.Text(), func(v runner.Visit) error {
			judged = append(judged, runner.Judge(v, nil, planning))
			return nil
		})
		if err != nil {
			return d, nil, err
		}
		if !leave(&d, judged) {
			break
		}
	}
	broken := brokenNow(judged)
	if len(broken) > 0 && !c.acceptFailing {
		a.talk("broken today:\n")
		for _, b := range broken {
			a.talk("  %s\n", report.Clean(b.line()))
		}
		a.talk("Nothing was written. Mend it, or take it as it is with --accept-failing: the suite then has waivers\n" +
			"that are over in 30 days.\n")
		return d, nil, exitError(runner.ExitBroken)
	}
	kinds := all.Kinds()
	for _, b := range broken {
		i := slices.IndexFunc(kinds, func(k probes.Kind) bool { return k.Name == b.check.Kind })
		pattern, ok := suites.ItemPattern(kinds[i], b.finding.Item, b.finding.Reading)
		if !ok {
			return d, nil, fmt.Errorf("no waiver can name %s", b.line())
		}
		d.Waived = append(d.Waived, draft.Waiver{
			What: pattern, Check: b.check.ID, Host: b.host, Until: time.Now().UTC().AddDate(0, 0, 30).Format(time.DateOnly),
			Said: "it was so when the suite was written: " + b.said(),
		})
	}
	return d, judged, nil
}

// leave leaves out what hosts could not be asked, and guesses that did not hold; of the
// other hosts it stays.
func leave(d *draft.Draft, judged []report.Host) (changed bool) {
	guesses := d.Guesses()
	kept, why := map[string][]string{}, map[string]string{}
	for _, h := range judged {
		for _, c := range h.Checks {
			if said := notToKeep(c, guesses[c.ID]); said != "" {
				why[c.ID] = cmp.Or(why[c.ID], said)
			} else {
				kept[c.ID] = append(kept[c.ID], h.Host)
			}
		}
	}
	for id, said := range why {
		slices.Sort(kept[id])
		changed = d.Leave(id, said, kept[id]) || changed
	}
	return changed
}

// notToKeep says why a check is not for a host; "" when it is.
func notToKeep(c report.Check, guess bool) string {
	ours := func(f report.Finding) bool { return f.Reading == "login" && f.Now == "refused" }
	switch {
	case c.Outcome == report.Unknown && c.Error != "":
		return c.Error
	case slices.ContainsFunc(c.Findings, ours): // our own account is wrong there, and no server is broken
		return "the account was refused: give the credentials file one for it"
	case guess && c.Outcome != report.Passed && len(c.Findings) > 0:
		f := c.Findings[len(c.Findings)-1]
		return fmt.Sprintf("%s is %s", f.Reading, f.Now)
	case guess && c.Outcome != report.Passed:
		return string(c.Outcome)
	default:
		return ""
	}
}

// brokenToday is a finding that fails before any patch.
type brokenToday struct {
	host    string
	check   report.Check
	finding report.Finding
}

func brokenNow(hosts []report.Host) []brokenToday {
	var all []brokenToday
	for _, h := range hosts {
		for _, c := range h.Checks {
			if !c.Failing {
				continue
			}
			for _, f := range c.Findings {
				if f.Outcome == report.Failed {
					all = append(all, brokenToday{h.Host, c, f})
				}
			}
		}
	}
	return all
}

func (b brokenToday) said() string {
	said := fmt.Sprintf("%s was %s", b.finding.Reading, b.finding.Now)
	if b.finding.Wanted != "" {
		said += ", " + b.finding.Wanted
	}
	return said
}

func (b brokenToday) line() string {
	item := ""
	if b.finding.Item != "" {
		item = " " + b.finding.Item
	}
	f := b.finding
	return fmt.Sprintf("%s  %s%s  %s is %s, %s", b.host, b.check.ID, item, f.Reading, f.Now, f.Wanted)
}

// told says what was written, and what to do next.
func (c *initJob) told(a app, d draft.Draft, judged []report.Host) {
	checks := 0
	for _, h := range judged {
		checks += len(h.Checks)
	}
	a.tell("wrote %s: %s, %s that hold now", c.out, count(len(d.Seen), "host"), count(checks, "check"))
	if n := len(d.Waived); n > 0 {
		a.tell(" but for %s with a waiver", count(n, "finding"))
	}
	a.tell("\n")
	for _, id := range slices.Sorted(maps.Keys(d.Left)) {
		of := ""
		if n := len(d.Kept[id]); n > 0 {
			of = fmt.Sprintf(" (but for %s)", count(n, "host"))
		}
		a.tell("  left out  %s%s: %s\n", report.Clean(id), of, brief(report.Clean(d.Left[id]), 140))
	}
	credentials := " --credentials " + c.credentials
	a.tell("next      postpatch lint %s\n", c.out)
	a.tell("          postpatch capture %s%s     before the patch\n", c.out, credentials)
	a.tell("          postpatch verify %s%s      after it\n", c.out, credentials)
}
