package jsonl_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
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

func (t *tape) play(h report.Handler) error {
	if err := h.Start(t.Run); err != nil {
		return err
	}
	for _, host := range t.Hosts {
		if err := h.Host(host); err != nil {
			return err
		}
	}
	return h.Finish(t.Summary)
}

func sample() *tape {
	at := time.Date(2026, 3, 15, 2, 52, 0, 0, time.UTC)
	return &tape{
		Run: report.Run{
			Command: "verify", Tool: "postpatch 0.1.0", Name: "v1", Started: at, Suites: []string{"sql"}, Hosts: 1,
			Checks: 1, Baseline: &report.Baseline{Name: "b1", Taken: at.Add(-time.Hour)}, Notes: []string{"<&> \u2028"},
		},
		Hosts: []report.Host{{
			Host: "a.example.org", Started: at, Took: time.Second, Rebooted: &at, Outcome: report.Regressed,
			Reboot: report.Reboot{State: report.Rebooted, Times: 1, Words: "rebooted: x", Boots: []string{"x"}},
			Counts: map[report.Outcome]int{report.Regressed: 1}, Ignored: map[string]int{"os.boot_time: ignore": 1},
			Checks: []report.Check{{
				ID: "service/W3SVC", Suite: "sql", Kind: "service", Outcome: report.Regressed, File: "s.yaml", Line: 3,
				Failing: true, Findings: []report.Finding{{
					Item: "W3SVC", Reading: "state", Outcome: report.Regressed, Before: "running", Now: "stopped",
					HasBefore: true, HasNow: true, Wanted: "expected running",
				}},
			}},
		}},
		Summary: report.Summary{
			Finished: at.Add(time.Minute), Took: time.Minute, Verdict: "FAIL", Reason: "1 regressed", ExitCode: 1,
			Counts: map[report.Outcome]int{report.Regressed: 1}, Next: []string{"postpatch explain"},
		},
	}
}

func written(t *testing.T, s *tape) string {
	t.Helper()
	var b strings.Builder
	if err := s.play(jsonl.New(&b)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReplayTellsWhatWasWritten(t *testing.T) {
	text := written(t, sample())
	for name, text := range map[string]string{
		"as written":                   text,
		"with a mark of UTF-8":         "\ufeff" + text,
		"with the line ends of others": strings.ReplaceAll(text, "\n", "\r\n"),
		"without its last line end":    strings.TrimSuffix(text, "\n"),
		"with empty lines":             strings.ReplaceAll(text, "\n", "\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			var got tape
			if err := jsonl.Replay(strings.NewReader(text), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample(), &got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryMessageIsOneLineWithItsType(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(written(t, sample())), "\n")
	for i, want := range []string{
		`{"type":"start","version":1,"run":{`, `{"type":"host","host":{`, `{"type":"finish","summary":{`,
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d: got %.60s, want %s", i+1, lines[i], want)
		}
	}
	if len(lines) != 3 {
		t.Errorf("got %d lines, want 3", len(lines))
	}
}

// What a host names so shows as it is in an editor, and reads back the same.
func TestNoTextTurnsTheLineRound(t *testing.T) {
	const hidden = "\u007f\u0085\u009b\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"
	sample := sample()
	sample.Hosts[0].Checks[0].Findings[0].Now = "a" + hidden + "ä\U0001F600\\u202e<&>"
	sample.Run.Notes = []string{hidden}
	text := written(t, sample)
	if at := strings.IndexAny(text, hidden); at >= 0 {
		t.Errorf("%q stands in the lines", text[at:at+10])
	}
	if !strings.Contains(text, `a\u007f\u0085`) || !strings.Contains(text, "ä\U0001F600\\\\u202e<&>") {
		t.Errorf("want hidden characters escaped and others as they are, got %s", text)
	}
	var got tape
	if err := jsonl.Replay(strings.NewReader(text), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample, &got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEveryCutIsNoticed(t *testing.T) {
	text := written(t, sample())
	for n := range len(text) - 1 { // without its last line end it is still whole
		if err := jsonl.Replay(strings.NewReader(text[:n]), &tape{}); !errors.Is(err, jsonl.ErrCutOff) {
			t.Fatalf("after %d of %d bytes: got error %v, want it cut off", n, len(text), err)
		}
	}
}

func TestReplayRefuses(t *testing.T) {
	lines := strings.SplitAfter(written(t, sample()), "\n")
	start, host, finish := lines[0], lines[1], lines[2]
	splendid := strings.ReplaceAll(host, `"regressed"`, `"splendid"`)
	deep := strings.Replace(host, `"reading":"state","outcome":"regressed"`, `"reading":"state","outcome":"fine"`, 1)
	silent := strings.ReplaceAll(host, `"outcome":"regressed"`, `"outcome":""`)
	passing := strings.Replace(finish, `"verdict":"FAIL"`, `"verdict":"PASS"`, 1)
	passing = strings.Replace(passing, `"exit_code":1`, `"exit_code":0`, 1)
	well := strings.ReplaceAll(strings.ReplaceAll(host, `"regressed"`, `"passed"`), `"failing":true`, `"failing":false`)
	dark := strings.ReplaceAll(well, `"outcome":"passed"`, `"outcome":"unknown"`)
	with := func(part string) string {
		return start + strings.Replace(well, `"host":{`, `"host":{`+part, 1) + passing
	}
	for name, c := range map[string]struct{ in, want string }{
		"no verdict":                      {start + `{"type":"finish","summary":{}}`, "line 2: the finish has no verdict"},
		"a pass of what fails":            {start + host + passing, `line 3: the finish says "PASS", and the stream has`},
		"a pass of who is away":           {with(`"unreachable":"x",`), `host "a.example.org" as unreachable`},
		"a pass of another machine":       {with(`"problem":"x",`), `no verdict for host "a.example.org"`},
		"a pass of what is unknown":       {start + dark + passing, `" as unknown`},
		"a host first":                    {host + start + finish, "line 1: \"host\" out of order"},
		"a second start":                  {start + host + start + finish, "line 3: \"start\" out of order"},
		"a host after the end":            {start + finish + host, "line 3: \"host\" after the finish"},
		"a second run":                    {start + finish + start + finish, "after the finish"},
		"a later version":                 {strings.Replace(start, `"version":1`, `"version":2`, 1) + finish, "version 2"},
		"no version":                      {strings.Replace(start, `"version":1,`, "", 1) + finish, "version 0"},
		"an unknown type":                 {start + `{"type":"poem"}` + "\n" + finish, `unknown type "poem"`},
		"a type with no content":          {start + `{"type":"host"}` + "\n" + finish, "nothing in it"},
		"an unknown outcome":              {start + splendid + finish, `unknown outcome "splendid"`},
		"an unknown outcome of a finding": {start + deep + finish, `unknown outcome "fine"`},
		"no outcome":                      {start + silent + finish, `unknown outcome ""`},
		"no JSON in the middle":           {start + "oops\n" + finish, "line 2: reading a line"},
		"two objects in a line":           {start + "{}{}\n" + finish, "line 2: reading a line"},
		"UTF-16 of PowerShell":            {"\xff\xfe{\x00", "UTF-16"},
	} {
		t.Run(name, func(t *testing.T) {
			err := jsonl.Replay(strings.NewReader(c.in), &tape{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestALineThatNeverEndsIsGivenUp(t *testing.T) {
	err := jsonl.Replay(strings.NewReader(strings.Repeat("[", 65<<20)), &tape{})
	if err == nil || !strings.Contains(err.Error(), "longer than 64 MiB") {
		t.Errorf("got error %v", err)
	}
}

type broken struct{ err error }

func (b broken) Start(report.Run) error      { return b.err }
func (b broken) Host(report.Host) error      { return b.err }
func (b broken) Finish(report.Summary) error { return b.err }

func TestAHandlersErrorEndsTheReplay(t *testing.T) {
	full := errors.New("disk full")
	if err := jsonl.Replay(strings.NewReader(written(t, sample())), broken{full}); !errors.Is(err, full) {
		t.Errorf("got error %v, want the handler's", err)
	}
}

func TestAWritersErrorIsReturned(t *testing.T) {
	r, w := io.Pipe()
	_ = r.Close()
	if err := jsonl.New(w).Start(report.Run{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got error %v, want the writer's", err)
	}
}

func FuzzReplay(f *testing.F) {
	var b bytes.Buffer
	if err := sample().play(jsonl.New(&b)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"type":"start","version":1,"run":{}}` + "\n" + `{"type":"finish","summary":{}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var got, again tape
		if jsonl.Replay(bytes.NewReader(in), &got) != nil {
			return
		}
		var out bytes.Buffer
		if err := got.play(jsonl.New(&out)); err != nil {
			t.Skip(err) // a time that has no place in RFC 3339
		}
		if err := jsonl.Replay(&out, &again); err != nil {
			t.Fatalf("what was read cannot be written and read again: %v", err)
		}
		if len(got.Hosts) != len(again.Hosts) || got.Summary.Verdict != again.Summary.Verdict {
			t.Fatalf("got %v, then %v", got, again)
		}
	})
}
