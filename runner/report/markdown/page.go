package markdown

import "strings"

// reserve is room for the ends of what was begun, and for the last lines.
const reserve = 12_000

// page is a text of limited length: what does not fit is left out whole.
type page struct {
	strings.Builder
	room int
	more string // where there is more
}

// fits says whether a text has room, and room is left behind it.
func (p *page) fits(s string) bool { return p.Len()+len(s)+reserve <= p.room }

// write writes what belongs to the frame, for which room is kept.
func (p *page) write(s string) {
	if p.Len()+len(s) <= p.room {
		p.WriteString(s)
	}
}

// where names the report that has what is left out.
func (p *page) where() string {
	if p.more == "" {
		return "the report"
	}
	return "the HTML report"
}
