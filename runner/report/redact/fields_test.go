package redact_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/redact"
)

// tape records a stream.
type tape struct {
	Run     report.Run
	Hosts   []report.Host
	Summary report.Summary
}

func (t *tape) Start(r report.Run) error      { t.Run = r; return nil }
func (t *tape) Host(h report.Host) error      { t.Hosts = append(t.Hosts, h); return nil }
func (t *tape) Finish(s report.Summary) error { t.Summary = s; return nil }

func (t *tape) play(to report.Handler) error {
	if err := to.Start(t.Run); err != nil {
		return err
	}
	for _, h := range t.Hosts {
		if err := to.Host(h); err != nil {
			return err
		}
	}
	return to.Finish(t.Summary)
}

func redacted(t testing.TB, s *tape, key *redact.Key) *tape {
	t.Helper()
	var got tape
	if err := s.play(redact.New(&got, key)); err != nil {
		t.Fatal(err)
	}
	if len(got.Run.Notes) == 0 || got.Run.Notes[0] != redact.Note {
		t.Errorf("notes: got %q, want the first to say that names were replaced", got.Run.Notes)
	} else if got.Run.Notes = got.Run.Notes[1:]; len(got.Run.Notes) == 0 {
		got.Run.Notes = nil
	}
	return &got
}

// safe are the texts of the stream that stay as they are, each with the reason. Every
// other one is redacted. A new text has to be visited by walk, or to stand here.
func safe() map[string]string {
	outcome := "one of a closed set of words"
	return map[string]string{
		"Run.Command":                              "a subcommand of this program",
		"Run.Tool":                                 "this program and its version",
		"Hosts[].Outcome":                          outcome,
		"Hosts[].Counts{}":                         outcome,
		"Hosts[].Reboot.State":                     outcome,
		"Hosts[].Checks[].Kind":                    "a kind of this program",
		"Hosts[].Checks[].Outcome":                 outcome,
		"Hosts[].Checks[].Mark":                    "no baseline, or new",
		"Hosts[].Checks[].Findings[].Outcome":      outcome,
		"Hosts[].Checks[].Findings[].Severity":     "fail, warn or note",
		"Hosts[].Checks[].Findings[].Pass.Pass":    "early, settled or late",
		"Hosts[].Checks[].Findings[].Waiver.Was":   outcome,
		"Hosts[].Checks[].Findings[].Waiver.Until": "a date",
		"Hosts[].Checks[].Hidden[].By":             "kind, suite or check",
		"Summary.Counts{}":                         outcome,
		"Summary.Verdict":                          outcome,
		"Summary.Owners[].Counts{}":                outcome,
		"Summary.Owners[].Verdict":                 outcome,
	}
}

const secret = `web01.acme.test`

// fill writes the secret into every text, and numbers and times into all else.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(secret)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(*n), 0).UTC()))
			return
		}
		for _, field := range v.Fields() {
			fill(field, n)
		}
	default:
		panic(fmt.Sprintf("the stream has a %s: decide what becomes of it", v.Type()))
	}
}

// texts gathers all texts of a value by where they stand.
func texts(v reflect.Value, at string, tell func(at, text string)) {
	switch v.Kind() {
	case reflect.String:
		tell(at, v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			texts(v.Elem(), at, tell)
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), at+"[]", tell)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			texts(key, at+"{}", tell)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for field, value := range v.Fields() {
			texts(value, strings.TrimPrefix(at+"."+field.Name, "."), tell)
		}
	default:
	}
}

// numbers is a stream without its texts.
func numbers(t *tape) *tape {
	n := *t
	blank := reflect.New(reflect.TypeFor[tape]()).Elem()
	var copied func(from, to reflect.Value)
	copied = func(from, to reflect.Value) {
		switch from.Kind() {
		case reflect.String:
		case reflect.Pointer:
			if !from.IsNil() {
				to.Set(reflect.New(from.Type().Elem()))
				copied(from.Elem(), to.Elem())
			}
		case reflect.Slice:
			to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
			for i := range from.Len() {
				copied(from.Index(i), to.Index(i))
			}
		case reflect.Map:
			var values []int64
			for _, key := range from.MapKeys() {
				values = append(values, from.MapIndex(key).Int())
			}
			slices.Sort(values)
			to.Set(reflect.MakeMap(from.Type()))
			for i, value := range values {
				key := reflect.ValueOf(fmt.Sprint(i)).Convert(from.Type().Key())
				to.SetMapIndex(key, reflect.ValueOf(value).Convert(from.Type().Elem()))
			}
		case reflect.Struct:
			if from.Type() == reflect.TypeFor[time.Time]() {
				to.Set(from)
				return
			}
			for i := range from.NumField() {
				copied(from.Field(i), to.Field(i))
			}
		default:
			to.Set(from)
		}
	}
	copied(reflect.ValueOf(n), blank)
	result := blank.Interface().(tape)
	return &result
}

// Every text of the stream is redacted, or is listed as one that need not be; and what is
// no text stays as it is.
func TestEveryTextIsDecidedAbout(t *testing.T) {
	var full tape
	n := 0
	fill(reflect.ValueOf(&full).Elem(), &n)
	for _, h := range full.Hosts {
		for i := range h.Checks {
			h.Checks[i].Kind = "service" // which an id may begin with
		}
	}
	got := redacted(t, &full, redact.NewKey())
	stays := safe()
	var before []string
	texts(reflect.ValueOf(full), "", func(_, text string) { before = append(before, text) })
	seen, i := map[string]bool{}, -1
	texts(reflect.ValueOf(*got), "", func(at, text string) {
		i++
		seen[at] = true
		switch _, isSafe := stays[at]; {
		case isSafe && text != before[i]:
			t.Errorf("%s is listed as safe, and becomes %q", at, text)
		case !isSafe && (text == before[i] || strings.Contains(text, "web01")):
			t.Errorf("%s is told as %q: have walk visit it, or list it as safe", at, text)
		}
	})
	for at := range stays {
		if !seen[at] {
			t.Errorf("%s is listed as safe, and the stream has no such text", at)
		}
	}
	if d := cmp.Diff(numbers(&full), numbers(got)); d != "" {
		t.Errorf("what is no text (-want +got):\n%s", d)
	}
}
