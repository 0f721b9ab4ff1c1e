package probetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// stored is a file of what a host answered. Cells are as the collectors write
// them: a text, null or a list of texts.
type stored struct {
	Source  string `json:"source"` // which Windows, or of what documentation it was made
	Answers []struct {
		Question string           `json:"question"` // as Question.String writes it
		Rows     []map[string]any `json:"rows"`
		Error    string           `json:"error"`
	} `json:"answers"`
}

// Recording is what a host answered to what a check of a kind asks. A test may
// change it.
type Recording struct {
	t    testing.TB
	kind probes.Kind
	all  []exchange
}

// exchange is one question with what the host answered.
type exchange struct {
	question host.Question
	answer   host.Answer
}

// Load reads a file of the kind's testdata. The check has to ask exactly what is recorded.
func Load(t testing.TB, kind probes.Kind, file string, args map[string]any) *Recording {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var s stored
	if err := json.Unmarshal(text, &s); err != nil || s.Source == "" {
		t.Fatalf("%s: source %q, %v", file, s.Source, err)
	}
	open := map[string]host.Question{}
	for _, q := range Questions(t, kind, args) {
		open[q.String()] = q
	}
	r := &Recording{t: t, kind: kind}
	for _, a := range s.Answers {
		q, asked := open[a.Question]
		if !asked {
			t.Fatalf("%s: %q is not asked, or recorded twice", file, a.Question)
		}
		delete(open, a.Question)
		answer := host.Answer{Err: recordedError(a.Error)}
		for _, cells := range a.Rows {
			answer.Rows = append(answer.Rows, rowOf(t, file, cells))
		}
		r.all = append(r.all, exchange{q, answer})
	}
	for question := range open {
		t.Errorf("%s: no answer to %q is recorded", file, question)
	}
	return r
}

// Questions are what a check of the kind asks.
func Questions(t testing.TB, kind probes.Kind, args map[string]any) []host.Question {
	t.Helper()
	probe, err := kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	asker, asks := probe.(probes.Asker)
	if !asks {
		t.Fatalf("%s asks nothing of a host", kind.Name)
	}
	return asker.Questions()
}

// Answer is the answer to one question, to be read or changed: that with the
// class, or the collector.
func (r *Recording) Answer(of string) *host.Answer {
	r.t.Helper()
	found := r.find(of)
	if len(found) != 1 {
		r.t.Fatalf("%d questions with %q", len(found), of)
	}
	return &found[0].answer
}

// find returns what was asked of a class or a collector or, where none is called
// so, by every question in which the text stands.
func (r *Recording) find(of string) []*exchange {
	r.t.Helper()
	var exact, with []*exchange
	for i := range r.all {
		e := &r.all[i]
		if wql, is := e.question.(host.WQL); is && wql.Class == of || e.question.String() == of {
			exact = append(exact, e)
		}
		if strings.Contains(e.question.String(), of) {
			with = append(with, e)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	if len(with) == 0 {
		r.t.Fatalf("no question with %q", of)
	}
	return with
}

// Target is the host that answers so.
func (r *Recording) Target() probes.Target {
	var target probes.Target
	for _, e := range r.all {
		target.Answers.Put(e.question, e.answer)
	}
	return target
}

// Observe observes the host by a check of these arguments: alone, and as hosts of a fleet do
// that have the same rows and hold in common what was made of them. That may change nothing.
func (r *Recording) Observe(args map[string]any) ([]fact.Reading, error) {
	r.t.Helper()
	alone, why := Observe(r.t, r.kind, r.Target(), args)
	shared := new(probes.Shared)
	for range 3 { // what comes once is not held
		target := r.Target()
		target.Shared = shared
		readings, err := Observe(r.t, r.kind, target, args)
		if d := cmp.Diff(sorted(alone), sorted(readings)); d != "" || Words(why) != Words(err) {
			r.t.Errorf("as one of a fleet: %q, want %q; readings (-alone +one of many):\n%s", Words(err), Words(why), d)
		}
	}
	return alone, why
}

func sorted(readings []fact.Reading) []string { return slices.Sorted(slices.Values(Texts(readings))) }

// Case is a recorded host, and what a check reads of it.
type Case struct {
	File    string
	Args    map[string]any
	Changes []Change
	Want    []string // as Texts writes them
	Without []string // readings of these names are not compared
	Err     string
}

// Reads holds that a check of the kind reads of each host what it should.
func Reads(t *testing.T, kind probes.Kind, cases map[string]Case) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			readings, err := Load(t, kind, c.File, nil).With(c.Changes...).Observe(c.Args)
			if d := cmp.Diff(c.Want, Texts(readings, c.Without...)); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.Err, Words(err)); d != "" {
				t.Errorf("error (-want +got):\n%s", d)
			}
		})
	}
}

// Words are an error's words, none of no error.
func Words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// RunRecorded is Run of a kind that asks a host, of which a file is recorded.
func RunRecorded(t *testing.T, kind probes.Kind, file string, args map[string]any) {
	t.Helper()
	Run(t, Suite{Kind: kind, Args: args, Healthy: func(t *testing.T) probes.Target {
		return Load(t, kind, file, args).Target()
	}})
}

// recordedError is an error in the host's words; what begins with the words of
// host.ErrNoClass, host.ErrDenied, host.ErrNoPowerShell or host.ErrNoCommand is that one.
func recordedError(text string) error {
	for _, known := range []error{host.ErrNoClass, host.ErrDenied, host.ErrNoPowerShell, host.ErrNoCommand} {
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
