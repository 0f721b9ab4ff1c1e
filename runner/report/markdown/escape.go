package markdown

import (
	"fmt"
	"strings"
)

// code is text of a host as code, in which nothing of it is mark-up: no table ends, no
// link, picture, mention or number of an issue begins. What a renderer could take for
// mark-up is spelled as its number, which is none to any of them, and where mentions are
// looked for afterwards, code is left out.
func code(s string) string { return "<code>" + spelled(s) + "</code>" }

func spelled(s string) string {
	const harmless = " -,./()=+%?"
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= 0x80, r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
			b.WriteRune(r)
		case r == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"): // where a link would begin
			b.WriteString("&#46;")
		case r == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' '): // which would be dropped
			b.WriteString("&#32;")
		case strings.ContainsRune(harmless, r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}
