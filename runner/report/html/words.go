package html

import (
	"time"
)

// stamp tells a time to the second, for whoever reads the page in another year.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
