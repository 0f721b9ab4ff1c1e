package packed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"postpatch/probes/host"
)

// ErrNoAnswers means that standard output has no marked line: the script did
// not run, or not to its end.
var ErrNoAnswers = errors.New("no answers in the output")

// Answer is what came of one question.
type Answer struct {
	ID    int
	Rows  []host.Row
	Error string // not empty: this question could not be answered
	Code  Code   // of the error, where the host knows it by more than its words
}

// Code tells errors apart whose words are in the host's language.
type Code string

// The codes.
const (
	NoClass Code = "class"  // no such class or namespace
	Denied  Code = "denied" // the account may not
)

// Err is the answer's error, with its text cleaned by clean, or nil.
func (a Answer) Err(clean func(string) string) error {
	text := clean(a.Error)
	switch {
	case a.Error == "":
		return nil
	case a.Code == NoClass:
		return fmt.Errorf("%w: %s", host.ErrNoClass, text)
	case a.Code == Denied:
		return fmt.Errorf("%w: %s", host.ErrDenied, text)
	default:
		return errors.New(text)
	}
}

type wireAnswers struct {
	Answers []wireAnswer `json:"answers"`
}

type wireAnswer struct {
	ID    int               `json:"id"`
	Rows  []map[string]cell `json:"rows"`
	Error string            `json:"error"`
	Code  Code              `json:"code,omitempty"`
}

// EncodeAnswers writes answers as the host's one line.
func EncodeAnswers(marks Marks, answers []Answer) (string, error) {
	text, err := compress(onWire(answers))
	if err != nil {
		return "", fmt.Errorf("packing answers: %w", err)
	}
	return marks.Begin + text + marks.End, nil
}

// MarshalAnswers writes answers as the JSON that EncodeAnswers packs.
func MarshalAnswers(answers []Answer) ([]byte, error) { return json.Marshal(onWire(answers)) }

func onWire(answers []Answer) wireAnswers {
	wire := wireAnswers{Answers: []wireAnswer{}}
	for _, a := range answers {
		rows := make([]map[string]cell, len(a.Rows))
		for i, row := range a.Rows {
			rows[i] = map[string]cell{}
			for name, c := range row {
				rows[i][name] = cell(c)
			}
		}
		wire.Answers = append(wire.Answers, wireAnswer{ID: a.ID, Rows: rows, Error: a.Error, Code: a.Code})
	}
	return wire
}

// DecodeAnswers finds and reads the host's line. Its error wraps ErrNoAnswers
// when there is none.
func DecodeAnswers(marks Marks, output []byte) ([]Answer, error) {
	_, rest, begun := bytes.Cut(output, []byte(marks.Begin))
	if !begun {
		return nil, ErrNoAnswers
	}
	line, _, ended := bytes.Cut(rest, []byte(marks.End))
	if !ended {
		return nil, fmt.Errorf("%w: cut off after %d bytes", ErrNoAnswers, len(rest))
	}
	// A console may have broken the line.
	text := strings.Join(strings.Fields(string(line)), "")
	var wire wireAnswers
	if err := decompress(text, maxAnswers, &wire); err != nil {
		return nil, fmt.Errorf("unpacking answers: %w", err)
	}
	answers := make([]Answer, 0, len(wire.Answers))
	for _, w := range wire.Answers {
		a := Answer{ID: w.ID, Error: w.Error, Code: w.Code}
		for _, cells := range w.Rows {
			row := host.Row{}
			for name, c := range cells {
				row[name] = host.Cell(c)
			}
			a.Rows = append(a.Rows, row)
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// cell is a host.Cell as JSON: a string, null or a list of strings.
type cell host.Cell

// MarshalJSON implements json.Marshaler.
func (c cell) MarshalJSON() ([]byte, error) {
	switch {
	case c.Null:
		return []byte("null"), nil
	case c.List != nil:
		return json.Marshal(c.List)
	default:
		return json.Marshal(c.Text)
	}
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *cell) UnmarshalJSON(data []byte) error {
	*c = cell{}
	switch {
	case string(data) == "null":
		c.Null = true
		return nil
	case len(data) > 0 && data[0] == '[':
		return json.Unmarshal(data, &c.List)
	default:
		return json.Unmarshal(data, &c.Text)
	}
}
