package cim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/cim"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

// row makes a row of columns and their texts.
func row(columns ...string) host.Row {
	r := host.Row{}
	for i := 0; i+1 < len(columns); i += 2 {
		r[columns[i]] = host.Cell{Text: columns[i+1]}
	}
	return r
}

// shares are a Server 2022's, as it answers them.
func shares() []host.Row {
	return []host.Row{
		row("Name", "Scans", "Path", `D:\Scans`, "Type", "0", "Description", ""),
		row("Name", "ADMIN$", "Path", `C:\Windows`, "Type", "2147483648", "Description", "Remote Admin"),
		{"Name": {Text: "IPC$"}, "Path": {Null: true}, "Type": {Text: "2147483651"}, "Description": {Text: "Remote IPC"}},
	}
}

func build(t *testing.T, args map[string]any, answer host.Answer) (probes.Probe, probes.Target) {
	t.Helper()
	probe, err := cim.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	var answers host.Answers
	answers.Put(probe.(probes.Asker).Questions()[0], answer)
	return probe, probes.Target{Answers: answers}
}

// shareArgs ask for shares with more parameters, by name and value.
func shareArgs(more ...any) map[string]any {
	args := map[string]any{"class": "Win32_Share", "key": "Name"}
	for i := 0; i+1 < len(more); i += 2 {
		args[more[i].(string)] = more[i+1]
	}
	return args
}

func TestKind(t *testing.T) {
	args := shareArgs("columns", []string{"Path", "Type"}, "lists", []string{"Roles"})
	probetest.Run(t, probetest.Suite{Kind: cim.Kind, Args: args, Healthy: func(t *testing.T) probes.Target {
		_, target := build(t, args, host.Answer{Rows: shares()})
		return target
	}})
}

func TestObserve(t *testing.T) {
	for name, tt := range map[string]struct {
		args map[string]any
		rows []host.Row
		want []string
	}{
		"columns, in the order of the keys": {
			shareArgs("columns", []string{"path", "Type", "Description"}), shares(),
			[]string{
				" count=3",
				"ADMIN$ present=true", `ADMIN$/path value=C:\Windows`, "ADMIN$/Type value=2147483648",
				"ADMIN$/Type number=2147483648", "ADMIN$/Description value=Remote Admin",
				"IPC$ present=true", "IPC$/path value=null", "IPC$/Type value=2147483651", "IPC$/Type number=2147483651",
				"IPC$/Description value=Remote IPC",
				"Scans present=true", `Scans/path value=D:\Scans`, "Scans/Type value=0", "Scans/Type number=0",
				"Scans/Description value=",
			},
		},
		"instances alone": {
			shareArgs(), shares(), []string{" count=3", "ADMIN$ present=true", "IPC$ present=true", "Scans present=true"},
		},
		"none":                     {shareArgs("columns", []string{"Path"}), nil, []string{" count=0"}},
		"a column that is missing": {shareArgs("columns", []string{"New"}), shares()[:1], []string{" count=1", "Scans present=true", "Scans/New value=null"}},
		"lists": {
			shareArgs("lists", []string{"Many", "One", "None"}),
			[]host.Row{{
				"Name": {Text: "n"}, "Many": {List: []string{"b", "a", "b"}}, "One": {Text: "a"}, "None": {Null: true},
			}},
			[]string{" count=1", "n present=true", "n/Many elements=a, b", "n/One elements=a", "n/None elements="},
		},
		"odd keys are data": {
			shareArgs(),
			[]host.Row{row("Name", "a'b\"; $(calc)\nx"), row("Name", "A"), row("Name", "a")},
			[]string{" count=3", "A present=true", "a present=true", "a'b\"; $(calc)\nx present=true"},
		},
		"keys that are times": {
			shareArgs(),
			[]host.Row{row("Name", "2026-11-10T02:00:00.0000000Z")},
			[]string{" count=1", "2026-11-10T02:00:00Z present=true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			probe, target := build(t, tt.args, host.Answer{Rows: tt.rows})
			readings, err := probe.Observe(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// What cannot be compared, or was not answered, is no reading but a reason.
func TestNotObserved(t *testing.T) {
	many := make([]host.Row, 2001)
	for i := range many {
		many[i] = row("Name", fmt.Sprint(i))
	}
	for name, tt := range map[string]struct {
		answer host.Answer
		want   string
	}{
		"no such class":        {host.Answer{Err: errors.New("Invalid class")}, "Win32_Share: Invalid class"},
		"a denied namespace":   {host.Answer{Err: errors.New("Access denied")}, "Access denied"},
		"a key twice":          {host.Answer{Rows: []host.Row{row("Name", "a"), row("Name", "b"), row("Name", "a")}}, `two instances have the Name "a"`},
		"a newline in the key": {host.Answer{Rows: []host.Row{row("Name", "a\nb"), row("Name", "a\nb")}}, `the Name "a\nb"`},
		"a null key":           {host.Answer{Rows: []host.Row{{"Name": {Null: true}}}}, "has no Name"},
		"an empty key":         {host.Answer{Rows: []host.Row{row("Name", " ")}}, "has no Name"},
		"no key":               {host.Answer{Rows: []host.Row{row("Path", "x")}}, "has no Name"},
		"a list as key":        {host.Answer{Rows: []host.Row{{"Name": {List: []string{"a"}}}}}, "holds a list"},
		"a long key":           {host.Answer{Rows: []host.Row{row("Name", strings.Repeat("x", 2000))}}, "has 2000 bytes"},
		"too many":             {host.Answer{Rows: many}, "more than 2000 instances"},
		"rows beside an error": {host.Answer{Rows: shares(), Err: errors.New("more than 2000 instances")}, "more than 2000 instances"},
	} {
		t.Run(name, func(t *testing.T) {
			probe, target := build(t, shareArgs(), tt.answer)
			readings, err := probe.Observe(t.Context(), target)
			if err == nil || len(readings) > 0 || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v and error %v, want … %s", readings, err, tt.want)
			}
			if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 500 {
				t.Errorf("the error is no line: %q", err)
			}
		})
	}
}

// Many instances of many columns are more than a snapshot should keep.
func TestManyValues(t *testing.T) {
	rows := make([]host.Row, 1001)
	for i := range rows {
		rows[i] = row("Name", fmt.Sprint(i))
	}
	for n, want := range map[int]bool{20: false, 19: true} {
		probe, target := build(t, shareArgs("columns", columns(n)), host.Answer{Rows: rows})
		_, err := probe.Observe(t.Context(), target)
		if (err == nil) != want {
			t.Errorf("%d columns of %d instances: error %v", n, len(rows), err)
		}
	}
}

// A query goes to the host as it is written, by itself.
func TestQuestion(t *testing.T) {
	args := shareArgs("columns", []string{"Path"}, "lists", []string{"Roles"},
		"where", ` Name = 'a\'b; drop' OR (Type=1) `, "namespace", `root\Microsoft\x`)
	probe, _ := build(t, args, host.Answer{})
	q := probe.(probes.Asker).Questions()[0]
	want := `root/Microsoft/x: SELECT Name,Path,Roles FROM Win32_Share WHERE Name = 'a\'b; drop' OR (Type=1)`
	if q.String() != want {
		t.Errorf("got  %s\nwant %s", q, want)
	}
	other := host.WQL{Namespace: "root/microsoft/x", Class: "Win32_Share", Columns: []string{"Name"}}
	if merged := host.Merge([]host.Question{q, other}); len(merged) != 2 {
		t.Errorf("merged with another: %v", merged)
	}
}
