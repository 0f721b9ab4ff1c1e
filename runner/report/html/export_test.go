package html

import (
	"io"

	"postpatch/runner/report"
)

// NewFolding is New with another limit of checks.
func NewFolding(w io.Writer, limit int) report.Handler {
	return &writer{limit: limit, write: func(r *whole) error { return r.file(w) }}
}
