package progress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// count is how often something has come up so far.
type count struct {
	text string
	tone fold.Tone
}

// counts are the outcomes so far, the worst first.
func (s *state) sofar() []count {
	var all []count
	put := func(n int, one, many string, tone fold.Tone) {
		if n == 1 {
			all = append(all, count{"1 " + one, tone})
		} else if n > 1 {
			all = append(all, count{report.Thousands(n) + " " + many, tone})
		}
	}
	check := func(o report.Outcome, tone fold.Tone) { put(s.counts[o], string(o), string(o), tone) }
	for _, o := range []report.Outcome{report.Regressed, report.Failed, report.Unmet} {
		check(o, fold.Bad)
	}
	put(s.unseen, "host unreachable", "hosts unreachable", fold.Warning)
	check(report.Unknown, fold.Warning)
	check(report.Drifted, fold.Warning)
	put(s.well, "host ok", "hosts ok", fold.Good)
	return all
}

func join(counts []count) string {
	texts := make([]string, len(counts))
	for i, c := range counts {
		texts[i] = c.text
	}
	return strings.Join(texts, ", ")
}

// comesTo is what a host came to, in a few words.
func comesTo(h report.Host) string {
	switch {
	case h.Unreachable != "":
		return fit(report.CleanLine(h.Unreachable), mostReason, "...")
	case h.Problem != "":
		return fit(report.CleanLine(h.Problem), mostReason, "...")
	}
	var parts []string
	for _, o := range slices.Backward(report.Outcomes()) {
		if n := h.Counts[o]; n > 0 {
			parts = append(parts, report.Thousands(n)+" "+string(o))
		}
	}
	return strings.Join(parts, ", ")
}

// doing says what is being done: how many are asked, waited for, and yet to come.
func (s *state) doing(f flight) []string {
	var parts []string
	for _, part := range []struct {
		n    int
		text string
	}{{f.asked, "asking %s"}, {f.waited, "waiting for %s"}, {s.toCome(), "%s to come"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf(part.text, report.Thousands(part.n)))
		}
	}
	if s.slowed != "" && s.done < s.run.Hosts {
		parts = append(parts, report.CleanLine(s.slowed))
	}
	if len(parts) == 0 && s.run.Hosts > 0 && s.done >= s.run.Hosts {
		parts = append(parts, "all hosts are done, what they come to is put together")
	}
	return parts
}

// How many columns of a text are told: of what a host is waited for, why it told nothing, and
// its name.
const (
	mostWords  = 60
	mostReason = 200
	mostName   = 48
)

func (v visit) text(now time.Time) string {
	s := fmt.Sprintf("%s (%s", name(v.host), short(now.Sub(v.since)))
	if v.what != "" {
		s += ": " + fit(report.CleanLine(v.what), mostWords, "...")
	}
	return s + ")"
}

func name(host string) string { return fit(report.CleanLine(host), mostName, "...") }

// short is a duration in as little room as it takes: 4m12s, 3h5m.
func short(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		return strings.TrimSuffix(text, "0s")
	}
	return text
}

// fit cuts a text that is clean to so many columns.
func fit(s string, columns int, ellipsis string) string {
	if report.Columns(s) <= columns {
		return s
	}
	used := report.Columns(ellipsis)
	if used > columns {
		return ""
	}
	for i, r := range s {
		if used += report.RuneColumns(r); used > columns {
			return s[:i] + ellipsis
		}
	}
	return s
}
