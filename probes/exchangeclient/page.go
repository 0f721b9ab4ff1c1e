package exchangeclient

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"postpatch/probes/internal/webtalk"
)

// near is how far into a page is looked for what it is.
const near = 16 << 10

// isPage says whether an answer is a page for people: HTML, or XHTML, whatever stands
// before its first element.
func isPage(answer *webtalk.Answer) bool {
	start := string(answer.Body[:min(len(answer.Body), near)])
	start = strings.ReplaceAll(start, "\x00", "")           // UTF-16 is every other byte that
	start = strings.ToLower(strings.ToValidUTF8(start, "")) // without UTF-16's mark
	for {
		start = strings.TrimLeft(start, "\ufeff \t\r\n\f")
		rest, skipped := after(start, "<!--", "-->")
		if !skipped {
			rest, skipped = after(start, "<?", "?>")
		}
		if !skipped {
			break
		}
		start = rest
	}
	return slices.ContainsFunc([]string{"<!doctype html", "<html", "<head", "<body", "<title", "<meta", "<script"},
		func(tag string) bool {
			rest, found := strings.CutPrefix(start, tag)
			return found && (rest == "" || strings.ContainsAny(rest[:1], " \t\r\n\f/>"))
		})
}

// after is what follows something that begins and ends so.
func after(text, begin, end string) (rest string, found bool) {
	if text, found = strings.CutPrefix(text, begin); !found {
		return "", false
	}
	_, rest, found = strings.Cut(text, end)
	return rest, found
}

// titleOf is a page's title, for people.
func titleOf(body []byte) string {
	page := string(body[:min(len(body), near)])
	_, after, found := strings.Cut(page, "<title>")
	title, _, ended := strings.Cut(after, "</title>")
	if !found || !ended {
		return "it has no title"
	}
	return fmt.Sprintf("%q", clean(html.UnescapeString(title)))
}
