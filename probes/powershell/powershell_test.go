package powershell_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/powershell"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func script() probes.File {
	return probes.File{Name: "queues.ps1", Text: "param($Server)\nGet-Queue -Server $Server"}
}

func keyed() map[string]any { return map[string]any{"script": script(), "key": "Name"} }

func TestKind(t *testing.T) { probetest.RunRecorded(t, powershell.Kind, "queues.json", keyed()) }

func TestObserve(t *testing.T) {
	all := []string{
		" count=2", `EX01\Submission present=true`, `EX01\Submission/Count value=4`, `EX01\Submission/Count number=4`,
		`EX01\Submission/Servers value=a, b`, `EX01\Submission/Status value=null`,
		`EX01\Überlauf' present=true`, `EX01\Überlauf'/Count value=0`, `EX01\Überlauf'/Count number=0`,
		`EX01\Überlauf'/Servers value=`, "EX01\\Überlauf'/Status value=Ready\n$(calc)",
	}
	some := []string{
		" count=2", `EX01\Submission present=true`, `EX01\Submission/Status value=null`, `EX01\Submission/Servers elements=a, b`,
		`EX01\Überlauf' present=true`, "EX01\\Überlauf'/Status value=Ready\n$(calc)", `EX01\Überlauf'/Servers elements=`,
	}
	chosen := keyed()
	chosen["columns"], chosen["lists"] = []string{"Status"}, []string{"Servers"}
	for name, tt := range map[string]struct {
		args map[string]any
		want []string
	}{
		"every property": {keyed(), all}, "some properties": {chosen, some},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Load(t, powershell.Kind, "queues.json", tt.args).Observe(tt.args)
			if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" || err != nil {
				t.Errorf("readings (-want +got), %v:\n%s", err, d)
			}
		})
	}
}

func answered(t *testing.T, args map[string]any, answer host.Answer) ([]string, error) {
	t.Helper()
	probe, err := powershell.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	var answers host.Answers
	answers.Put(probe.(probes.Asker).Questions()[0], answer)
	readings, err := probetest.Observe(t, powershell.Kind, probes.Target{Answers: answers}, args)
	return probetest.Texts(readings), err
}

func TestOneObjectNeedsNoKey(t *testing.T) {
	args := map[string]any{"script": script()}
	got, err := answered(t, args, host.Answer{Rows: []host.Row{{"Healthy": {Text: "true"}}}})
	if d := cmp.Diff([]string{" count=1", "Healthy value=true"}, got); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
	for name, rows := range map[string][]host.Row{"none": nil, "two": {{}, {}}} {
		if got, err := answered(t, args, host.Answer{Rows: rows}); err == nil || !strings.Contains(err.Error(), "key") {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	row := func(key host.Cell) host.Row { return host.Row{"Name": key} }
	for name, answer := range map[string]host.Answer{
		"an error of the script":  {Err: errors.New("not done within 30 s")},
		"two objects of one key":  {Rows: []host.Row{row(host.Cell{Text: "a"}), row(host.Cell{Text: "a"})}},
		"no key":                  {Rows: []host.Row{row(host.Cell{Null: true})}},
		"a list for a key":        {Rows: []host.Row{row(host.Cell{List: []string{"a"}})}},
		"a key that never ends":   {Rows: []host.Row{row(host.Cell{Text: strings.Repeat("a", 2000)})}},
		"a property and no value": {Rows: []host.Row{{"Other": {Text: "a"}}}},
	} {
		if got, err := answered(t, keyed(), answer); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if got, err := answered(t, keyed(), host.Answer{}); err != nil || len(got) != 1 || got[0] != " count=0" {
		t.Errorf("nothing was returned: got %v, %v", got, err)
	}
}

func TestWhatAnAuthorMayNotWrite(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"no script":         func(a map[string]any) { delete(a, "script") },
		"another language":  func(a map[string]any) { a["script"] = probes.File{Name: "a.sh", Text: "ls"} },
		"an empty script":   func(a map[string]any) { a["script"] = probes.File{Name: "a.ps1", Text: " \n"} },
		"a limit of days":   func(a map[string]any) { a["limit"] = 48 * time.Hour },
		"code for a name":   func(a map[string]any) { a["args"] = map[string]string{"a; calc": "1"} },
		"a column twice":    func(a map[string]any) { a["columns"], a["lists"] = []string{"A"}, []string{"a"} },
		"the key as column": func(a map[string]any) { a["columns"] = []string{"name"} },
	} {
		args := keyed()
		change(args)
		var field *probes.FieldError
		if _, err := powershell.Kind.Build(args); !errors.As(err, &field) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatAPatchChanges(t *testing.T) {
	seen := func(rows ...host.Row) runnertest.Seen {
		var answers host.Answers
		probe, err := powershell.Kind.Build(keyed())
		if err != nil {
			t.Fatal(err)
		}
		answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: rows})
		readings, err := probetest.Observe(t, powershell.Kind, probes.Target{Answers: answers}, keyed())
		return runnertest.Seen{Readings: readings, Err: err}
	}
	queue := func(name, status string) host.Row { return host.Row{"Name": {Text: name}, "Status": {Text: status}} }
	before := seen(queue("A", "Ready"), queue("B", "Ready"))
	t.Chdir("testdata") // where the script is, for the suite
	for name, tt := range map[string]struct {
		after runnertest.Seen
		want  []string
	}{
		"another order":     {seen(queue("B", "Ready"), queue("A", "Ready")), []string{"passed"}},
		"a value":           {seen(queue("A", "Retry"), queue("B", "Ready")), []string{"drifted", "A/Status value: drifted Ready -> Retry"}},
		"an object is gone": {seen(queue("A", "Ready")), []string{"drifted failing", "B: drifted there -> gone", "B/Status: drifted there -> gone"}},
		"an object is new": {
			seen(queue("A", "Ready"), queue("B", "Ready"), queue("C", "Ready")),
			[]string{"drifted", "C: drifted  -> new", "C/Status: drifted  -> new"},
		},
		"nothing is told":    {runnertest.Seen{Err: errors.New("not done")}, []string{"unknown"}},
		"it returns nothing": {seen(), []string{"drifted failing", "A: drifted there -> gone", "A/Status: drifted there -> gone", "B: drifted there -> gone", "B/Status: drifted there -> gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := runnertest.Told(t, powershell.Kind, "- powershell: {script: queues.ps1, key: Name}",
				[2]runnertest.Seen{before, tt.after})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// Of objects that come and go the owner says so.
func TestObjectsThatComeAndGo(t *testing.T) {
	seen := func(names ...string) runnertest.Seen {
		s := runnertest.Seen{Readings: []fact.Reading{probes.Read("", "count", fact.Int(len(names)))}}
		for _, name := range names {
			s.Readings = append(s.Readings, probes.Read(name, "present", fact.Bool(true)))
		}
		return s
	}
	t.Chdir("testdata")
	got := runnertest.Told(t, powershell.Kind,
		"- powershell: {script: queues.ps1, key: Name}\n  compare: {present: {rule: same, severity: warn}}",
		[2]runnertest.Seen{seen("A", "B"), seen("A")})
	if d := cmp.Diff([]string{"drifted", "B: drifted there -> gone"}, got); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, powershell.Kind, keyed(), "queues.json")
}
