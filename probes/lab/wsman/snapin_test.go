package wsman

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

func snapInOf(args map[string][]string) packed.Question {
	q := packed.Question{Collector: "snapin"}
	for name, values := range args {
		q.Args = append(q.Args, packed.Arg{Name: name, Values: values})
	}
	return q
}

func mailServer(cmdlets map[string]estate.Cmdlet) estate.Host {
	return estate.Host{Name: "ex01", PowerShell: map[string]estate.Endpoint{
		// That the endpoint is shut is nothing to the snap-in.
		"microsoft.exchange": {Path: "/PowerShell/", Denied: true, Broken: true, Cmdlets: cmdlets},
	}}
}

// What the collector snapin writes, and when; its rows are those of packed/collect/snapin.ps1.
func TestSnapIn(t *testing.T) {
	h := mailServer(map[string]estate.Cmdlet{
		"Get-One":   {Parameters: []string{"Server"}, Rows: []any{map[string]any{"Name": "a", "Note": "", "Other": 1}}},
		"Test-Slow": {Think: 290 * time.Second}, "Test-Slower": {Think: 20 * time.Second},
	})
	p := new(process)
	rows, err := p.answer(h, snapInOf(map[string][]string{
		"cmdlet":       {"Get-One", "Get-None", "Get-One", "Test-Slow", "Test-Slower", "Get-One"},
		"0 properties": {"Name", "note"}, "0 -Server": {"S ex01"}, "1 properties": {"Name"}, "2 properties": {"Name"},
		"2 -Wrong": {"B true"}, "3 properties": {"Name"}, "4 properties": {"Name"}, "5 properties": {"Name"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", r["Index"].Text, r["Stream"].Text, r["Text"].Text)))
	}
	const missing = "A parameter cannot be found that matches parameter name &#39;Wrong"
	if len(got) < 4 || !strings.HasPrefix(got[4], "2 failed <Objs ") || !strings.Contains(got[4], missing) {
		t.Fatalf("got %q", got)
	}
	want := []string{
		"loaded Microsoft.Exchange.Management.PowerShell.SnapIn",
		"0 output " + strings.Join([]string{
			`<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">`, `<Obj RefId="0">`,
			`<TN RefId="0">`, `<T>System.Management.Automation.PSCustomObject</T>`, `<T>System.Object</T>`, `</TN>`, `<MS>`,
			`<S N="Name">a</S>`, `<S N="Note"></S>`, `</MS>`, `</Obj>`, `</Objs>`,
		}, "\r\n  "),
		"0 done", "1 missing", "3 done", "4 late not done within 10 s",
		"5 late not begun: what came before it took all the time",
	}
	if d := cmp.Diff(want, slices.Delete(got, 4, 5)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if p.thought != usualEnd {
		t.Errorf("it took %s", p.thought)
	}
}

func TestSnapInRefuses(t *testing.T) {
	h := mailServer(map[string]estate.Cmdlet{"Get-One": {Parameters: []string{"Server"}}})
	for name, args := range map[string]map[string][]string{
		"an argument":          {"cmdlet": {"Get-One"}, "0 properties": {"A"}, "script": {"calc"}},
		"a number":             {"cmdlet": {"Get-One"}, "0 properties": {"A"}, "1 properties": {"A"}},
		"no properties":        {"cmdlet": {"Get-One"}},
		"a parameter's name":   {"cmdlet": {"Get-One"}, "0 properties": {"A"}, "0 -": {"S x"}},
		"a value without type": {"cmdlet": {"Get-One"}, "0 properties": {"A"}, "0 -Server": {"ex01"}},
		"an unknown type":      {"cmdlet": {"Get-One"}, "0 properties": {"A"}, "0 -Server": {"B maybe"}},
	} {
		if rows, err := new(process).answer(h, snapInOf(args)); err == nil {
			t.Errorf("%s: %v", name, rows)
		}
	}
}
