package probetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
)

// recording is a file of what a host answered. Cells are as the collectors
// write them: a text, null or a list of texts.
type recording struct {
	Source  string `json:"source"` // which Windows, or of what documentation it was made
	Answers []struct {
		Question string           `json:"question"` // as Question.String writes it
		Rows     []map[string]any `json:"rows"`
		Error    string           `json:"error"`
	} `json:"answers"`
}

// Recorded reads the recorded answers to what a check of the kind asks. The
// check has to ask exactly what is recorded.
func Recorded(t *testing.T, file string, kind probes.Kind, args map[string]any) host.Answers {
	t.Helper()
	var answers host.Answers
	for _, a := range record(t, file, kind, args) {
		answers.Put(a.question, a.answer)
	}
	return answers
}

// exchange is one question with what the host answered.
type exchange struct {
	question host.Question
	answer   host.Answer
}

func record(t testing.TB, file string, kind probes.Kind, args map[string]any) []exchange {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(text, &r); err != nil || r.Source == "" {
		t.Fatalf("%s: source %q, %v", file, r.Source, err)
	}
	probe, err := kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	asker, asks := probe.(probes.Asker)
	if !asks {
		t.Fatalf("%s asks nothing of a host", kind.Name)
	}
	open := map[string]host.Question{}
	for _, q := range asker.Questions() {
		open[q.String()] = q
	}
	var all []exchange
	for _, a := range r.Answers {
		q, asked := open[a.Question]
		if !asked {
			t.Fatalf("%s: %q is not asked, or recorded twice", file, a.Question)
		}
		delete(open, a.Question)
		answer := host.Answer{Err: recordedError(a.Error)}
		for _, cells := range a.Rows {
			answer.Rows = append(answer.Rows, rowOf(t, file, cells))
		}
		all = append(all, exchange{q, answer})
	}
	for question := range open {
		t.Errorf("%s: no answer to %q is recorded", file, question)
	}
	return all
}

// recordedError is an error in the host's words; what begins with the words of
// host.ErrNoClass or host.ErrDenied is that one.
func recordedError(text string) error {
	for _, known := range []error{host.ErrNoClass, host.ErrDenied} {
		if rest, is := strings.CutPrefix(text, known.Error()); is {
			return fmt.Errorf("%w%s", known, rest)
		}
	}
	if text == "" {
		return nil
	}
	return errors.New(text)
}

func rowOf(t testing.TB, file string, cells map[string]any) host.Row {
	t.Helper()
	row := host.Row{}
	for name, cell := range cells {
		switch cell := cell.(type) {
		case nil:
			row[name] = host.Cell{Null: true}
		case string:
			row[name] = host.Cell{Text: cell}
		case []any:
			list := make([]string, len(cell))
			for i, element := range cell {
				list[i], _ = element.(string)
			}
			row[name] = host.Cell{List: list}
		default:
			t.Fatalf("%s: %s is %v: want a text, null or a list of texts", file, name, cell)
		}
	}
	return row
}
