package history

import (
	"strings"

	"postpatch/runner/report"
)

// Look says how the text looks.
type Look struct {
	Color   bool
	ASCII   bool // for consoles and files that lose other characters
	Width   int  // of a line in characters; 100 when 0
	Verbose bool // lists all that is known, and names hosts and owners
}

// The colours, as a terminal's escapes.
const (
	bold    = "\x1b[1m"
	faint   = "\x1b[2m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	magenta = "\x1b[35m"
	reset   = "\x1b[0m"
)

// pen writes signs and colours as the look wants them.
type pen struct{ Look }

func (p pen) paint(s, color string) string {
	if !p.Color || s == "" || color == "" {
		return s
	}
	return color + s + reset
}

// pick is the first where everything can be shown, and otherwise the second.
func (p pen) pick(all, ascii string) string {
	if p.ASCII {
		return ascii
	}
	return all
}

// mark is a sign of the grid.
func (p pen) mark(s Sign) string {
	switch s {
	case SignBroke:
		return p.pick("●", "X")
	case SignMended:
		return p.pick("◐", "x")
	case SignUnknown:
		return "?"
	case SignBefore:
		return p.pick("○", "o")
	case SignWell:
		return p.pick("·", ".")
	default:
		return " "
	}
}

func signColor(s Sign) string {
	switch s {
	case SignBroke:
		return red
	case SignMended, SignUnknown:
		return yellow
	case SignBefore:
		return magenta
	default:
		return faint
	}
}

func verdictColor(verdict string) string {
	switch verdict {
	case "PASS":
		return green
	case "INCOMPLETE":
		return yellow
	default:
		return red
	}
}

// trend is an arrow and its word: no arrow alone says whether more is worse.
func (p pen) trend(t Trend) string {
	switch t {
	case Slower:
		return p.pick("↑ slower", "slower")
	case Quicker:
		return p.pick("↓ quicker", "quicker")
	case Steady:
		return p.pick("→ steady", "steady")
	default:
		return "-"
	}
}

// cut shortens a text to so many columns.
func (p pen) cut(s string, room int) string {
	if report.Columns(s) <= room {
		return s
	}
	end := p.pick("…", "...")
	room -= report.Columns(end)
	used := 0
	for i, r := range s {
		if used += report.RuneColumns(r); used > room {
			return s[:i] + end
		}
	}
	return s
}

func padded(s string, to int) string {
	return s + strings.Repeat(" ", max(0, to-report.Columns(s)))
}

func aligned(s string, to int) string {
	return strings.Repeat(" ", max(0, to-report.Columns(s))) + s
}

// rows breaks a sentence at its spaces; what has none is broken where it must.
func (p pen) rows(text string, room int) []string {
	room = max(room, 20)
	var all []string
	row := ""
	for word := range strings.FieldsSeq(text) {
		for report.Columns(word) > room {
			head := p.head(word, room)
			if row != "" {
				all, row = append(all, row), ""
			}
			all, word = append(all, head), word[len(head):]
		}
		if row != "" && report.Columns(row)+1+report.Columns(word) > room {
			all, row = append(all, row), ""
		}
		row = strings.TrimLeft(row+" "+word, " ")
	}
	return append(all, row)
}

// head is the start of a word that takes no more than the room.
func (p pen) head(word string, room int) string {
	used := 0
	for i, r := range word {
		if used += report.RuneColumns(r); used > room && i > 0 {
			return word[:i]
		}
	}
	return word
}

// hanging writes a sentence under a lead, its other rows as far in.
func (p pen) hanging(b *strings.Builder, lead, text string) {
	rows := p.rows(text, p.Width-report.Columns(lead))
	b.WriteString(lead + strings.Join(rows, "\n"+strings.Repeat(" ", report.Columns(lead))) + "\n")
}
