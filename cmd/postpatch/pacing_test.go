package main

import (
	"errors"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/suites"
)

// oneKey enters every host by one account.
type oneKey struct {
	user string
	err  error
}

func (k oneKey) For(string, string) (host.Credential, error) {
	return host.Credential{User: k.user}, k.err
}
func (oneKey) WinRM(string) suites.WinRMSettings { return suites.WinRMSettings{} }
func (oneKey) SQL(string) suites.SQLSettings     { return suites.SQLSettings{} }

// A domain's controllers pay for the logons of its accounts, however their names are
// written, and for nobody else's.
func TestWhoseLogonsAreCounted(t *testing.T) {
	for user, want := range map[string]string{
		`CORP\Probe`: `corp\probe`, "Probe@corp.example.org": "probe@corp.example.org", `.\admin`: "", "admin": "", "": "",
	} {
		if got := domainAccount(oneKey{user: user}, "web01"); got != want {
			t.Errorf("%q: got %q, want %q", user, got, want)
		}
	}
	if got := domainAccount(oneKey{`CORP\probe`, errors.New("no entry")}, "web01"); got != "" {
		t.Errorf("without an entry: %q", got)
	}
}

// Logons that have to wait are part of what a look takes.
func TestLogonsCountInTheEstimate(t *testing.T) {
	set, problems := (app{getenv: func(string) string { return "" }}).library().LoadBytes("a.suite.yaml", []byte(
		"suite: a\nhosts: [a, b, c, d, e, f]\ntimeout: 5s\nchecks:\n  - os: {}\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for logons, want := range map[int]time.Duration{0: 5 * time.Second, 500: 5 * time.Second, 2: 8 * time.Second} {
		if got := (estimate{atOnce: 10, logons: logons}).cost(set.Hosts).Longest.of(); got != want {
			t.Errorf("%d a second: %s, want %s", logons, got, want)
		}
	}
}
