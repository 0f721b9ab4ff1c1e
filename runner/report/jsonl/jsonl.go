// Package jsonl keeps the stream of a run as JSON lines, from which every other
// report can be made again.
package jsonl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"postpatch/runner/report"
)

// Version is the version of the lines that New writes and Replay reads. Fields
// may be added within one version; one that changes its meaning needs another.
const Version = 1

// New returns a handler that writes every message as one JSON object a line, as
// soon as it comes.
func New(w io.Writer) report.Handler {
	return writer{w}
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

type writer struct{ to io.Writer }

func (w writer) Start(r report.Run) error {
	return w.write(line{Type: typeStart, Version: Version, Run: &r})
}

func (w writer) Host(h report.Host) error { return w.write(line{Type: typeHost, Host: &h}) }

func (w writer) Finish(s report.Summary) error {
	return w.write(line{Type: typeFinish, Summary: &s})
}

func (w writer) write(l line) error {
	var encoded bytes.Buffer
	enc := json.NewEncoder(&encoded)
	enc.SetEscapeHTML(false)
	err := enc.Encode(l)
	if err == nil {
		_, err = w.to.Write(visible(encoded.Bytes()))
	}
	if err != nil {
		return fmt.Errorf("writing the %s line: %w", l.Type, err)
	}
	return nil
}

// visible escapes what turns the direction of writing, ends a line for some
// programs or is no character: hosts choose the texts, and people look at the
// lines. In JSON such characters stand in strings alone, and mean the same.
func visible(encoded []byte) []byte {
	if !bytes.ContainsFunc(encoded, isHidden) {
		return encoded
	}
	var out []byte
	for _, r := range string(encoded) {
		if isHidden(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

func isHidden(r rune) bool {
	return r >= 0x7F && r <= 0x9F || r >= 0x2028 && r <= 0x202E || r >= 0x2066 && r <= 0x2069 ||
		r == 0xFFFE || r == 0xFFFF
}
