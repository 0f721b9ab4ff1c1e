package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestREADMEPrecheck runs the README's plan against a lab and holds the output that
// the README shows against what comes out.
func TestREADMEPrecheck(t *testing.T) {
	path, readme := readmeText(t)
	l := startTestLab(t, "testdata/readme/precheck.estate.yaml")
	t.Chdir(t.TempDir())
	start, end := block(t, readme, "precheckplan")
	write(t, "november.plan.yaml", readme[start:end])
	write(t, "shop.suite.yaml", "suite: shop\nhosts: [web01, sql01]\nchecks:\n- {services: {}}\n"+
		"- {sql: Orders, hosts: [sql01]}\n")
	write(t, "patch.credentials.yaml", "credentials:\n  - hosts: '*'\n    user: probe\n"+
		"    password: {env: PATCH_PASSWORD}\n    winrm: {allow_plain: true}\n    sql: {insecure: true}\n")
	addresses, err := json.Marshal(l.Addresses(""))
	if err != nil {
		t.Fatal(err)
	}
	write(t, "lab.json", string(addresses))
	var out, talk bytes.Buffer
	code := run(t.Context(), []string{
		"precheck", "--plan", "november.plan.yaml", "--credentials", "patch.credentials.yaml", "--connect-to", "lab.json",
		"--name", "november-precheck", "--concurrency", "1",
	}, app{stdout: &out, stderr: &talk, width: 100, getenv: func(name string) string {
		return map[string]string{"PATCH_PASSWORD": "open-sesame"}[name]
	}})
	if code != 1 {
		t.Fatalf("exit %d\n%s%s", code, &out, &talk)
	}
	got := strings.ReplaceAll(out.String(), " --connect-to lab.json", "")
	start, end = block(t, readme, "precheck")
	if *update {
		write(t, path, readme[:start]+strings.TrimRight(got, "\n")+"\n"+readme[end:])
		return
	}
	undated := func(text string) string {
		return steady(regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`).ReplaceAllString(text, "<time>"))
	}
	if d := cmp.Diff(undated(readme[start:end]), undated(got)); d != "" {
		t.Errorf("the README's output is not what comes out (-README +now); go test ./cmd/postpatch -update:\n%s", d)
	}
}
