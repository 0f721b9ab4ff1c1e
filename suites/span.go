package suites

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"postpatch/probes/fact"
	"postpatch/suites/expect"
)

const day = 24 * time.Hour

// Span writes a time as a plan does: "6m", "1h30m", "90d".
func Span(d time.Duration) string {
	switch {
	case d >= day && d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	case d >= time.Minute && d%time.Minute == 0:
		text := strings.TrimSuffix(d.String(), "0s")
		if d%time.Hour == 0 {
			text = strings.TrimSuffix(text, "0m")
		}
		return text
	default:
		return d.String()
	}
}

// parseSpan reads what Span writes, and days and weeks as people write them. No time
// is less than none.
func parseSpan(text string) (time.Duration, bool) { return expect.Span(text) }

// within are the times that make sense somewhere.
type within struct{ least, most time.Duration }

// span reads a time; 0 where it is none, or none that makes sense.
func (r reader) span(n *yaml.Node, what string, sane within) time.Duration {
	text, ok := r.text(n, what)
	if !ok {
		return 0
	}
	d, ok := parseSpan(text)
	switch {
	case !ok:
		hint := r.wayOut(text, fact.TypeDuration)
		if _, whole := fact.Whole(text); whole && sane.least >= time.Hour && !r.secret {
			hint = fmt.Sprintf("write %sh for hours, or %sd for days", text, text)
		}
		r.hintf(n, hint, "%s: want a time like %s, got %s", what, likely{sane}, r.describe(n))
	case d < sane.least || d > sane.most:
		r.errorf(n, "%s: want at least %s and at most %s, got %s", what, Span(sane.least), Span(sane.most), r.describe(n))
	default:
		return d
	}
	return 0
}

// likely is a time that somebody could mean.
type likely struct{ within }

func (e likely) String() string {
	switch {
	case e.least >= time.Hour:
		return "7d"
	case e.most >= day:
		return "30m"
	default:
		return "60s"
	}
}
