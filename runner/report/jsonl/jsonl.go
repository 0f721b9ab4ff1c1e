// Package jsonl keeps the stream of a run as JSON lines, from which every other
// report can be made again.
package jsonl

import (
	"encoding/json"
	"fmt"
	"io"

	"postpatch/runner/report"
)

// Version is the version of the lines that New writes and Replay reads. Fields
// may be added within one version; one that changes its meaning needs another.
const Version = 1

// New returns a handler that writes every message as one JSON object a line, as
// soon as it comes.
func New(w io.Writer) report.Handler {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return writer{enc}
}

// The types of lines.
const (
	typeStart  = "start"
	typeHost   = "host"
	typeFinish = "finish"
)

// line is one line; only the field that its type names is there.
type line struct {
	Type    string          `json:"type"`
	Version int             `json:"version,omitempty"` // of the first line
	Run     *report.Run     `json:"run,omitempty"`
	Host    *report.Host    `json:"host,omitempty"`
	Summary *report.Summary `json:"summary,omitempty"`
}

type writer struct{ enc *json.Encoder }

func (w writer) Start(r report.Run) error {
	return w.write(line{Type: typeStart, Version: Version, Run: &r})
}

func (w writer) Host(h report.Host) error { return w.write(line{Type: typeHost, Host: &h}) }

func (w writer) Finish(s report.Summary) error {
	return w.write(line{Type: typeFinish, Summary: &s})
}

func (w writer) write(l line) error {
	if err := w.enc.Encode(l); err != nil {
		return fmt.Errorf("writing the %s line: %w", l.Type, err)
	}
	return nil
}
