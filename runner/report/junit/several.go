package junit

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"postpatch/runner/report"
)

// several is the point of a case that tells of many checks.
func several(e entry) string {
	if len(e.all) == 1 {
		return limited(brief(e.check.ID, messageLimit/2)+": "+headline(e.check), messageLimit)
	}
	told := 0
	for _, c := range e.all {
		if c.Outcome == e.check.Outcome && c.Failing == e.check.Failing {
			told++
		}
	}
	if told == 0 {
		return counted(0)
	}
	word := string(e.check.Outcome)
	if e.check.Failing && failureType(e.check) == typeDrift {
		word = "changed as it may not"
	}
	return limited(fmt.Sprintf("%d of %s %s: %s: %s", told, counted(len(e.all)), line(word),
		brief(e.check.ID, messageLimit/2), headline(e.check)), messageLimit)
}

// bodies tell of every check of a case that is not as it should be, the worst first: all
// of it while there is room, and then its headline.
func bodies(say string, e entry) string {
	var b strings.Builder
	b.WriteString(say + "\n")
	room := bodyLimit - utf8.RuneCountInString(say) - len("\n\n… 1000000 more checks")
	var telling []*report.Check
	for _, c := range gravest(e.all) {
		if !unchanged(c) && c.Outcome != report.Skipped {
			telling = append(telling, c)
		}
	}
	for i, c := range telling {
		head := ""
		if len(e.all) > 1 {
			head = "\n" + brief(c.ID, valueLimit) + ": " + headline(c) + "\n"
		}
		part := head + findings(c, bodyLimit/4) + background(c) + "\n"
		if utf8.RuneCountInString(part) > room {
			part = head
		}
		if room -= utf8.RuneCountInString(part); room < 0 {
			fmt.Fprintf(&b, "\n… %d more checks", len(telling)-i)
			break
		}
		b.WriteString(part)
	}
	return limited(strings.TrimRight(b.String(), "\n"), bodyLimit)
}

// summary counts the checks of a case by outcome, and lists what is worth a word.
func summary(e entry) string {
	counts := map[report.Outcome]int{}
	same := 0
	for _, c := range e.all {
		if unchanged(c) {
			same++
		} else {
			counts[c.Outcome]++
		}
	}
	var words []string
	if same > 0 {
		words = append(words, strconv.Itoa(same)+" unchanged")
	}
	for _, o := range report.Outcomes() {
		if counts[o] > 0 {
			words = append(words, strconv.Itoa(counts[o])+" "+string(o))
		}
	}
	var b strings.Builder
	if len(e.all) != 1 || same == 1 {
		b.WriteString(counted(len(e.all)) + ": " + strings.Join(words, ", "))
	}
	length := b.Len()
	for _, c := range gravest(e.all) {
		if unchanged(c) || length > passLimit {
			continue
		}
		said := remarks(c)
		if said == "" || c.Outcome == report.PreExisting || c.Outcome == report.Waived {
			said = skipWords(c)
		}
		said = "\n" + brief(c.ID, valueLimit) + ": " + said
		length += utf8.RuneCountInString(said)
		b.WriteString(said)
	}
	return strings.TrimSpace(b.String())
}
