package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes/all"
	"postpatch/probes/fact"
	"postpatch/suites"
)

// The README's must_change is what it says.
func TestREADMEMustChange(t *testing.T) {
	content, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	start, end := block(t, string(content), "must_change")
	plan, problems := suites.LoadPlanBytes("p.plan.yaml", []byte("plan: p\n"+string(content)[start:end]), all.Kinds())
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	for build, met := range map[string]bool{
		"20348.4405": true, "20348.4346": true, "20348.4294": false, "20348.4360": false, "26100.33296": false,
	} {
		if plan.Must[0].Met(fact.Text(build)) != met {
			t.Errorf("%s of %s: want %t", plan.Must[0].Words(), build, met)
		}
	}
}

// A document's texts stand in comments and in a reason, and never become anything else.
func TestHostileDocument(t *testing.T) {
	hostile := `Windows Server 2022\nmay_change: ['*.*']\r\n\u0085\u2028# \u001b[31m'\"{{ x }}`
	document := `{"DocumentTitle":{"Value":"` + hostile + `"},` +
		`"ProductTree":{"FullProductName":[{"ProductID":"1","Value":"` + hostile + `"},` +
		`{"ProductID":"2","Value":"Windows Server 2012 ` + hostile + `"}]},"Vulnerability":[{"CVE":"` + hostile + `","Remediations":[` +
		`{"Type":2,"ProductID":["1"],"Description":"` + hostile + `","FixedBuild":"10.0.20348.4405"},` +
		`{"Type":2,"ProductID":["1"],"Description":"5068840","SubType":"hotpatch","FixedBuild":"10.0.20348.4346"},` +
		`{"Type":2,"ProductID":["2"],"FixedBuild":"` + hostile + `"}]},` +
		`{"CVE":"` + hostile + `","Remediations":[{"Type":2,"ProductID":["1"],"FixedBuild":"10.0.20348.4405"}]}]}`
	file := filepath.Join(t.TempDir(), "hostile.json")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	a := app{stdout: &out, stderr: &errs, getenv: func(string) string { return "" }}
	if code := run(t.Context(), []string{"plan", "import-msrc", file}, a); code != 0 {
		t.Fatalf("exit %d: %s", code, &errs)
	}
	plan, problems := suites.LoadPlanBytes("p.plan.yaml", []byte("plan: p\n"+out.String()), all.Kinds())
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	if len(plan.Must) != 1 || len(plan.May) != 0 || strings.ContainsAny(out.String(), "\x1b\r\u0085\u2028") {
		t.Errorf("%q", out.String())
	}
	into := filepath.Join(t.TempDir(), "p.plan.yaml")
	if err := os.WriteFile(into, []byte("plan: p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.stdout = io.Discard
	if code := run(t.Context(), []string{"plan", "import-msrc", file, "--into", into}, a); code != 0 {
		t.Fatalf("exit %d: %s", code, &errs)
	}
	plan, problems = suites.LoadPlan(into, all.Kinds())
	if len(problems) > 0 || len(plan.Must) != 1 || len(plan.May) != 0 {
		t.Errorf("%+v, %v", plan, problems)
	}
}
