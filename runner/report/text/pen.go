package text

import (
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// The colours, as a terminal's escapes; they are joined by +.
const (
	bold    = "\x1b[1m"
	faint   = "\x1b[2m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	magenta = "\x1b[35m"
	cyan    = "\x1b[36m"
	reset   = "\x1b[0m"
)

// pen writes signs and colours as the options want them.
type pen struct{ Options }

func (p pen) paint(s, color string) string {
	if !p.Color || s == "" || color == "" {
		return s
	}
	return color + s + reset
}

func (p pen) bold(s string) string { return p.paint(s, bold) }

func (p pen) dim(s string) string { return p.paint(s, faint) }

func (p pen) arrow() string {
	if p.ASCII {
		return " -> "
	}
	return " → "
}

func (p pen) ellipsis() string {
	if p.ASCII {
		return "..."
	}
	return "…"
}

// toneColor is the colour for what is as grave as that.
func toneColor(t fold.Tone) string {
	return map[fold.Tone]string{
		fold.Change: cyan, fold.Good: green, fold.Quiet: magenta, fold.Warning: yellow, fold.Bad: red,
	}[t]
}

func (p pen) sign(l fold.Look) string {
	if p.ASCII {
		return l.Tag
	}
	return l.Sign
}

// columns is the room that text takes on a terminal.
func columns(s string) int { return report.Columns(s) }

func runeColumns(r rune) int { return report.RuneColumns(r) }

// padded fills up with spaces; what is painted must be padded first.
func padded(s string, to int) string {
	return s + strings.Repeat(" ", max(0, to-columns(s)))
}

// ColorFor decides about colours: the flag (always, never, auto), then NO_COLOR,
// then FORCE_COLOR and CLICOLOR_FORCE, then whether there is a terminal, which is no
// pipeline's.
func ColorFor(flag string, getenv func(string) string, isTerminal bool) bool {
	switch flag {
	case "always":
		return true
	case "never":
		return false
	}
	if getenv("NO_COLOR") != "" {
		return false
	}
	for _, name := range []string{"FORCE_COLOR", "CLICOLOR_FORCE"} {
		if v := getenv(name); v != "" && v != "0" {
			return true
		}
	}
	return isTerminal && getenv("TERM") != "dumb" && getenv("CI") == ""
}
