package junit

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"postpatch/runner/report"
)

// Limits in characters. Azure cuts a message at 4000, Jenkins the output of what
// passes at 1000.
const (
	bodyLimit    = 4000
	passLimit    = 1000
	messageLimit = 300
	valueLimit   = 400
)

// line cleans text to one line of characters that XML knows.
func line(s string) string { return report.CleanLine(s) }

// brief is line of the begin of a text, which may be a megabyte long.
func brief(s string, limit int) string {
	end := 0
	for i := 0; i <= limit && end < len(s); i++ { // one more than are kept, so that the cut is seen
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return limited(line(s[:end]), limit)
}

// limited cuts text that is put together of clean ones: programs print it to their logs,
// line by line.
func limited(s string, limit int) string {
	s = report.Tame(s)
	if len(s) <= limit {
		return s
	}
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:max(limit-1, 0)]) + "…"
}

// headline is the point of a check in one line.
func headline(c *report.Check) string {
	said := line(string(c.Outcome))
	if findings := worstFindings(c); len(findings) > 0 {
		said = changed(c, findings[0], messageLimit/4)
		if more := len(findings) - 1; more > 0 {
			said += fmt.Sprintf(", and %d more", more)
		}
	}
	if c.Error != "" {
		said = brief(c.Error, messageLimit)
	}
	if c.Mark != "" {
		said += " [" + brief(c.Mark, messageLimit) + "]"
	}
	return limited(said, messageLimit)
}

// changed is one finding in one line: "state: running -> stopped (expected running)".
func changed(c *report.Check, f report.Finding, limit int) string {
	s := brief(f.NowText(), limit)
	if f.HasBefore {
		s = brief(f.BeforeText(), limit) + " -> " + s
	}
	if label := label(c, f); label != "" {
		s = label + ": " + s
	}
	if f.Wanted != "" {
		s += " (" + limited(wanted(f), limit) + ")"
	}
	return s
}

// wanted is a phrase, or for a drift the rule that was broken.
func wanted(f report.Finding) string {
	if f.Outcome == report.Drifted {
		return "rule: " + brief(f.Wanted, valueLimit)
	}
	return brief(f.Wanted, valueLimit)
}

func label(c *report.Check, f report.Finding) string {
	var words []string
	if f.Item != "" && c.Subject(f.Item) != c.ID {
		words = append(words, brief(f.Item, valueLimit))
	}
	if f.Reading != "" {
		words = append(words, brief(f.Reading, valueLimit))
	}
	return limited(strings.Join(words, " "), valueLimit)
}

// body tells all that a person needs to act, the point first and repeated: some
// consumers show only the message, some only the body.
func body(c *report.Check) string {
	head, tail := headline(c)+"\n", background(c)
	room := bodyLimit - utf8.RuneCountInString(head+tail)
	return limited(head+findings(c, room)+tail, bodyLimit)
}

// background says of a check why it is asked, where it stands and whose it is.
func background(c *report.Check) string {
	var b strings.Builder
	for _, part := range []struct{ label, text string }{
		{"why", c.Why}, {"suite", c.Place()}, {"owner", c.Owner},
	} {
		if part.text != "" {
			fmt.Fprintf(&b, "\n%-8s%s", part.label, brief(part.text, valueLimit))
		}
	}
	return b.String()
}

// findings are as many of a check's, the worst first and each with what explains it, as
// there is room for.
func findings(c *report.Check, room int) string {
	var b strings.Builder
	room -= len("\n… 1000000 more findings")
	explained := map[string]bool{}
	for i, f := range worstFindings(c) {
		part := evidence(c, f)
		if !explained[f.Item] {
			part += because(c, f.Item)
		}
		explained[f.Item] = true
		if room -= utf8.RuneCountInString(part); room < 0 {
			fmt.Fprintf(&b, "\n… %d more findings", len(c.Findings)-i)
			break
		}
		b.WriteString(part)
	}
	return b.String()
}

func evidence(c *report.Check, f report.Finding) string {
	s := fmt.Sprintf("\n%s %s\n", strings.ToUpper(line(string(f.Outcome))), label(c, f))
	if f.HasBefore {
		s += "  before  " + brief(f.BeforeText(), valueLimit) + "\n"
	}
	s += "  now     " + brief(f.NowText(), valueLimit) + "\n"
	if f.Wanted != "" {
		s += "  wanted  " + limited(wanted(f), valueLimit) + "\n"
	}
	if f.Waiver != (report.Waiver{}) {
		s += "  waiver  " + waiver(f) + "\n"
	}
	return s
}

// waiver says whose word it is that a finding may be.
func waiver(f report.Finding) string {
	return brief(strings.Join(append(f.Waiver.Says(), f.Waiver.Without()), ", "), valueLimit)
}

// skipWords say why a check that was observed is skipped.
func skipWords(c *report.Check) string {
	switch c.Outcome {
	case report.Waived:
		return "WAIVED: " + waivedLine(c)
	case report.PreExisting:
		return "PRE-EXISTING: " + headline(c) + "; it failed at the baseline too"
	default:
		return headline(c)
	}
}

// waivedLine is a check of which nothing fails that no waiver covers: the reason
// comes first, since some consumers cut the rest.
func waivedLine(c *report.Check) string {
	var said []string
	for _, f := range worstFindings(c) {
		if text := waiver(f); f.Outcome == report.Waived && !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	return strings.Join(said, "; ") + ": " + headline(c)
}

// because tells the evidence of an item.
func because(c *report.Check, item string) string {
	var b strings.Builder
	for _, e := range c.Evidence {
		if e.Item == item {
			fmt.Fprintf(&b, "  %-7s %s\n", brief(e.Reading, valueLimit), brief(e.Value, valueLimit))
		}
	}
	return b.String()
}

// noBaseline starts with the same words whatever the mark, so that one search
// finds them all.
func noBaseline(c *report.Check) string {
	const words = "NO BASELINE"
	if strings.EqualFold(c.Mark, words) {
		return words
	}
	return words + " (" + brief(c.Mark, valueLimit) + ")"
}

// remarks are what is worth a word of a check that passes.
func remarks(c *report.Check) string {
	var lines []string
	if c.Mark != "" {
		lines = append(lines, noBaseline(c)+": nothing to compare with, judged by its expectations alone")
	}
	for _, f := range worstFindings(c) {
		word := strings.ToUpper(line(string(f.Outcome)))
		if f.Outcome == report.Drifted && f.Severity != "" {
			word += " (" + brief(f.Severity, valueLimit) + ")"
		}
		lines = append(lines, word+": "+changed(c, f, valueLimit))
	}
	for _, s := range c.Settled {
		lines = append(lines, "CAME UP LATE: "+came(s))
	}
	return strings.Join(lines, "\n")
}

// came says when a reading became well.
func came(s report.Settled) string {
	what := strings.TrimSpace(s.Item + " " + s.Reading)
	if what != "" {
		what += " "
	}
	return brief(what, valueLimit) + s.After.String() + " after the host's start: was " + brief(s.Was, valueLimit)
}
