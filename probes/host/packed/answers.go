package packed

import (
	"encoding/json"
	"errors"
	"fmt"

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

// Give gives every question its answer, those found in their places; errors are cleaned by clean.
func Give(answers *host.Answers, questions []host.Question, found []Answer, clean func(string) string) {
	byID := map[int]Answer{}
	for _, a := range found {
		byID[a.ID] = a
	}
	for id, q := range questions {
		a, answered := byID[id]
		switch {
		case !answered:
			answers.Put(q, host.Answer{Err: errors.New("the script did not answer")})
		case a.Error != "":
			answers.Put(q, host.Answer{Err: a.Err(clean)})
		default:
			answers.Put(q, host.Answer{Rows: a.Rows})
		}
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
