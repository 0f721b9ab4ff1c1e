package html

import (
	"fmt"
	"strings"

	"postpatch/runner/report"
)

// Limits of a row's words, in characters.
const (
	saidLimit   = 240
	glanceLimit = 80
)

// said is what a row tells of a check in one line: its worst finding, or why it could
// not be observed. It is "" where the check simply passed.
func said(c report.Check) string {
	worst := -1
	for i, f := range c.Findings { // the worst is last, unless somebody has sorted otherwise
		if worst < 0 || !report.Worse(c.Findings[worst].Outcome, f.Outcome) {
			worst = i
		}
	}
	switch {
	case worst < 0 || c.Error != "" && c.Outcome != c.Findings[worst].Outcome:
		return short(line(c.Error), saidLimit)
	case len(c.Findings) == 1:
		return short(brief(c, c.Findings[worst]), saidLimit)
	default:
		more := fmt.Sprintf(", and %d more", len(c.Findings)-1)
		return short(brief(c, c.Findings[worst]), saidLimit-len(more)) + more
	}
}

// brief is a finding in a few words: "W3SVC state running -> stopped".
func brief(c report.Check, f report.Finding) string {
	var words []string
	if f.Item != "" && c.Subject(f.Item) != c.ID {
		words = append(words, short(line(f.Item), glanceLimit))
	}
	if f.Reading != "" {
		words = append(words, short(line(f.Reading), glanceLimit))
	}
	before, now := short(line(f.BeforeText()), glanceLimit), short(line(f.NowText()), glanceLimit)
	if f.HasBefore && (f.Before != f.Now || f.HasBefore != f.HasNow) {
		words = append(words, before, "->")
	}
	return strings.Join(append(words, now), " ")
}
