package junit

import (
	"fmt"
	"slices"
	"strings"

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

// limited cuts text that is already clean.
func limited(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:max(limit-1, 0)]) + "…"
}

// headline is the point of a check in one line.
func headline(c report.Check) string {
	said := string(c.Outcome)
	if findings := worstFirst(c); len(findings) > 0 {
		said = changed(c, findings[0], messageLimit/4)
		if more := len(findings) - 1; more > 0 {
			said += fmt.Sprintf(", and %d more", more)
		}
	}
	if c.Error != "" {
		said = line(c.Error)
	}
	if c.Mark != "" {
		said += " [" + line(c.Mark) + "]"
	}
	return limited(said, messageLimit)
}

// changed is one finding in one line: "state: running -> stopped (expected running)".
func changed(c report.Check, f report.Finding, limit int) string {
	s := limited(before(f), limit) + " -> " + limited(now(f), limit)
	if !f.HasBefore {
		s = limited(now(f), limit)
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
		return "rule: " + line(f.Wanted)
	}
	return line(f.Wanted)
}

func label(c report.Check, f report.Finding) string {
	var words []string
	if f.Item != "" && c.Subject(f.Item) != c.ID {
		words = append(words, line(f.Item))
	}
	if f.Reading != "" {
		words = append(words, line(f.Reading))
	}
	return limited(strings.Join(words, " "), valueLimit)
}

func before(f report.Finding) string { return line(f.BeforeText()) }

func now(f report.Finding) string { return line(f.NowText()) }

// body tells all that a person needs to act, the point first and repeated: some
// consumers show only the message, some only the body.
func body(c report.Check) string {
	var tail strings.Builder
	for _, part := range []struct{ label, text string }{
		{"why", c.Why}, {"suite", c.Place()}, {"owner", c.Owner},
	} {
		if part.text != "" {
			fmt.Fprintf(&tail, "\n%-8s%s", part.label, limited(line(part.text), valueLimit))
		}
	}
	var b strings.Builder
	b.WriteString(headline(c) + "\n")
	room := bodyLimit - len([]rune(headline(c)+tail.String())) - len("\n\n… 1000000 more findings")
	explained := map[string]bool{}
	for i, f := range worstFirst(c) {
		part := evidence(c, f)
		if !explained[f.Item] {
			part += because(c, f.Item)
		}
		explained[f.Item] = true
		if room -= len([]rune(part)); room < 0 {
			fmt.Fprintf(&b, "\n… %d more findings", len(c.Findings)-i)
			break
		}
		b.WriteString(part)
	}
	return limited(b.String()+tail.String(), bodyLimit)
}

func evidence(c report.Check, f report.Finding) string {
	s := fmt.Sprintf("\n%s %s\n", strings.ToUpper(line(string(f.Outcome))), label(c, f))
	if f.HasBefore {
		s += "  before  " + limited(before(f), valueLimit) + "\n"
	}
	s += "  now     " + limited(now(f), valueLimit) + "\n"
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
	return limited(line(strings.Join(append(f.Waiver.Says(), f.Waiver.Without()), ", ")), valueLimit)
}

// waivedLine is a check of which nothing fails that no waiver covers: the reason
// comes first, since some consumers cut the rest.
func waivedLine(c report.Check) string {
	var said []string
	for _, f := range worstFirst(c) {
		if text := waiver(f); f.Outcome == report.Waived && !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	return strings.Join(said, "; ") + ": " + headline(c)
}

// because tells the evidence of an item.
func because(c report.Check, item string) string {
	var b strings.Builder
	for _, e := range c.Evidence {
		if e.Item == item {
			fmt.Fprintf(&b, "  %-7s %s\n", line(e.Reading), limited(line(e.Value), valueLimit))
		}
	}
	return b.String()
}

// noBaseline starts with the same words whatever the mark, so that one search
// finds them all.
func noBaseline(c report.Check) string {
	const words = "NO BASELINE"
	if strings.EqualFold(c.Mark, words) {
		return words
	}
	return words + " (" + line(c.Mark) + ")"
}

// remarks are what is worth a word of a check that passes.
func remarks(c report.Check) *text {
	var lines []string
	if c.Mark != "" {
		lines = append(lines, noBaseline(c)+": nothing to compare with, judged by its expectations alone")
	}
	for _, f := range worstFirst(c) {
		word := strings.ToUpper(line(string(f.Outcome)))
		if f.Outcome == report.Drifted && f.Severity != "" {
			word += " (" + line(f.Severity) + ")"
		}
		lines = append(lines, word+": "+changed(c, f, valueLimit))
	}
	if len(lines) == 0 {
		return nil
	}
	return &text{limited(strings.Join(lines, "\n"), passLimit)}
}
