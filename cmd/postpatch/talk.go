package main

import (
	"slices"
	"strings"

	"postpatch/runner/report"
)

const (
	maxTalk = 500 // bytes of what a program says of why it has no secret
	// shortest is how long a line must be to be starred out: of a shorter one the
	// stars would tell every place, and so the line.
	shortest = 4
	// mostLines bounds the work; who prints more has printed no password.
	mostLines = 100
)

// talkOf is what a program said on stderr, in one line with a colon before it,
// without what it printed on stdout: it may tell what it has found. A text that
// is cut may end within that.
func talkOf(said, printed string, cut bool) string {
	const unsafe = " (what it said is not shown: it may hold the secret)"
	var secrets []string
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || slices.Contains(secrets, line):
		case len(secrets) == mostLines, len(line) < shortest && strings.Contains(said, line):
			return unsafe
		case len(line) >= shortest:
			secrets = append(secrets, line)
		}
	}
	said = strings.Join(strings.Fields(starred(said, secrets, cut)), " ")
	if len(said) > maxTalk {
		said = strings.ToValidUTF8(said[:maxTalk], "") + "…"
	}
	if said = report.CleanLine(said); said == "" {
		return ""
	}
	return ": " + said
}

// starred replaces every part of a text that belongs to a secret, also where
// secrets overlap, and, of a text that is cut, an end with which a secret begins.
func starred(text string, secrets []string, cut bool) string {
	hidden := make([]bool, len(text))
	hide := func(from, to int) {
		for i := from; i < to; i++ {
			hidden[i] = true
		}
	}
	for _, secret := range secrets {
		end := 0
		for from := 0; ; from++ { // they may overlap
			i := strings.Index(text[from:], secret)
			if i < 0 {
				break
			}
			from += i
			hide(max(from, end), from+len(secret))
			end = from + len(secret)
		}
		for n := min(len(secret), len(text)); cut && n > 0; n-- {
			if strings.HasSuffix(text, secret[:n]) {
				hide(len(text)-n, len(text))
				break
			}
		}
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString("***")
		}
	}
	return b.String()
}
