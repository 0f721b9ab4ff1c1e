package process_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/process"
	"postpatch/runner/runnertest"
)

func names() map[string]any { return map[string]any{"name": []string{"lsass", "w3wp.exe", "System"}} }

func TestKind(t *testing.T) { probetest.RunRecorded(t, process.Kind, "web.json", names()) }

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, process.Kind, "web.json", names()).Observe(names())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"lsass count=1", "lsass memory=181403648", "lsass largest=181403648", "lsass handles=1650",
		"lsass started=2026-11-11T02:00:21Z",
		"w3wp.exe count=2", "w3wp.exe memory=838860800", "w3wp.exe largest=734003200", "w3wp.exe handles=1700",
		"w3wp.exe started=2026-11-11T02:02:00Z",
		"System count=1", "System memory=45056", "System largest=45056", "System handles=5210",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, process.Kind, "odd.json", names()).Observe(names())
	const says = `reading memory of lsass: want a number, got "viel"; handles of w3wp.exe: want a number, got null`
	if err == nil || err.Error() != says {
		t.Errorf("error %v, want %s", err, says)
	}
	want := []string{
		"lsass count=1", "lsass handles=1650",
		"w3wp.exe count=2", "w3wp.exe memory=9223372036854775807", "w3wp.exe largest=9223372036854775807",
		"w3wp.exe started=2026-11-10T02:03:00Z", "System count=0",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// A host that does not tell of its processes runs none for all that is known.
func TestNoAnswer(t *testing.T) {
	for _, why := range []error{host.ErrNoClass, host.ErrDenied} {
		readings, err := probetest.Load(t, process.Kind, "web.json", names()).
			With(probetest.Refuse("Win32_Process", why)).Observe(names())
		if len(readings) > 0 || !errors.Is(err, why) {
			t.Errorf("%v: got %v and error %v", why, readings, err)
		}
	}
}

// one is a host on which each of these sizes is an lsass.
func one(t *testing.T, sizes ...string) runnertest.Seen {
	t.Helper()
	args := map[string]any{"name": []string{"lsass"}}
	probe, err := process.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	var rows []host.Row
	for _, size := range sizes {
		rows = append(rows, host.Row{
			"Name": {Text: "lsass.exe"}, "PrivatePageCount": {Text: size}, "HandleCount": {Text: size},
			"CreationDate": {Text: "2026-11-11T02:00:21Z"},
		})
	}
	var target probes.Target
	target.Answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: rows})
	readings, err := probetest.Observe(t, process.Kind, target, args)
	return runnertest.Seen{Readings: readings, Err: err}
}

func TestWhatAPatchBreaks(t *testing.T) {
	const plain = "- process: lsass"
	const idle = plain + "\n  expect: {count: \">= 0\"}"
	for name, tt := range map[string]struct {
		check         string
		before, after []string
		want          []string
	}{
		"a reboot takes memory back":    {plain, []string{"900"}, []string{"150"}, []string{"passed"}},
		"somewhat more":                 {plain, []string{"900"}, []string{"1800"}, []string{"passed"}},
		"S03 a leak":                    {plain, []string{"900"}, []string{"2801"}, []string{"drifted", "lsass memory: drifted 900 bytes -> 2801 bytes"}},
		"one process more":              {plain, []string{"900"}, []string{"500", "500"}, []string{"passed"}},
		"one process less":              {plain, []string{"9", "9"}, []string{"9"}, []string{"drifted", "lsass count: drifted 2 -> 1"}},
		"none any more":                 {plain, []string{"9"}, nil, []string{"regressed failing", "lsass count: regressed 1 -> 0"}},
		"none before either":            {plain, nil, nil, []string{"pre-existing", "lsass count: pre-existing 0 -> 0"}},
		"one that comes and goes, gone": {idle, []string{"9"}, nil, []string{"drifted", "lsass count: drifted 1 -> 0"}},
		"one that comes and goes, here": {idle, nil, []string{"9"}, []string{"drifted", "lsass memory: drifted  -> 9 bytes"}},
		"a suite's own measure": {
			plain + "\n  compare: {memory: {rule: at most +50%, severity: fail}}",
			[]string{"100"},
			[]string{"151"},
			[]string{"drifted failing", "lsass memory: drifted 100 bytes -> 151 bytes"},
		},
		"a suite's own bound": {
			plain + "\n  expect: {memory: \"< 2000 bytes\"}",
			[]string{"1500"},
			[]string{"2100"},
			[]string{"regressed failing", "lsass memory: regressed 1500 bytes -> 2100 bytes"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := runnertest.Told(t, process.Kind, tt.check, [2]runnertest.Seen{one(t, tt.before...), one(t, tt.after...)})
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParametersAreRefused(t *testing.T) {
	for name, list := range map[string][]string{
		"nothing": {}, "an empty name": {""}, "a path": {`C:\x.exe`}, "a condition": {"x' OR Name<>'"}, "a pattern": {"w3*"},
		"twice": {"lsass", "LSASS.EXE"}, "a name with space around it": {" lsass"}, "an apostrophe": {"it's"},
	} {
		var field *probes.FieldError
		if _, err := process.Kind.Build(map[string]any{"name": list}); !errors.As(err, &field) {
			t.Errorf("%s: got %v, want a FieldError", name, err)
		}
	}
	_, err := process.Kind.Build(map[string]any{"name": []string{"it's"}})
	if err == nil || !strings.Contains(err.Error(), "without quotes") {
		t.Errorf("what is wrong with an apostrophe is not said: %v", err)
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, process.Kind, names(), "web.json", "odd.json")
}
