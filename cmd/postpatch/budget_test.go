package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestMessageBudget counts what the kinds themselves cost a host, all through the
// program: at most six SOAP messages on one connection for everything together.
func TestMessageBudget(t *testing.T) {
	l := startTestLab(t, "testdata/readme/shop.estate.yaml")
	t.Chdir(t.TempDir())
	write(t, "shop.suite.yaml", "suite: shop\nhosts: [web01]\nchecks:\n"+
		"  - service: [W3SVC, Spooler]\n  - services: {}\n  - os: {}\n")
	write(t, "credentials.yaml", "credentials:\n  - hosts: '*'\n    user: SHOP\\probe\n"+
		"    password: {env: PATCH_PASSWORD}\n    winrm: {allow_plain: true}\n")
	addresses, err := json.Marshal(l.Addresses(""))
	if err != nil {
		t.Fatal(err)
	}
	write(t, "lab.json", string(addresses))
	var out, talk bytes.Buffer
	code := run(t.Context(), []string{
		"capture", "shop.suite.yaml", "--credentials", "credentials.yaml", "--connect-to", "lab.json",
	}, app{stdout: &out, stderr: &talk, getenv: func(name string) string {
		return map[string]string{"PATCH_PASSWORD": "open-sesame"}[name]
	}})
	if code != 0 && code != 1 { // what fails on this host is not asked here
		t.Fatalf("exit %d\n%s%s", code, out.String(), talk.String())
	}
	stats := l.Stats("web01").WinRM
	messages := 0
	for _, n := range stats.Messages {
		messages += n
	}
	if messages == 0 || messages > 6 || stats.Connections != 1 {
		t.Errorf("%d messages %v on %d connections, want at most 6 on 1", messages, stats.Messages, stats.Connections)
	}
	t.Logf("%d messages: %v", messages, stats.Messages)
}
