package html

import (
	"io"

	"postpatch/runner/report"
)

// NewLimited is New with other limits, of checks and of bytes of details.
func NewLimited(w io.Writer, checks, details int) report.Handler {
	return &writer{limits: limits{checks, details}, write: func(r *whole) error { return r.file(w) }}
}
