//go:build real

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
)

// outcomes collects what a stored run came to.
type outcomes struct {
	checks  map[string]report.Check
	summary report.Summary
}

func (*outcomes) Start(report.Run) error { return nil }

func (o *outcomes) Host(h report.Host) error {
	for _, c := range h.Checks {
		o.checks[c.ID] = c
	}
	return nil
}

func (o *outcomes) Finish(s report.Summary) error {
	o.summary = s
	return nil
}

// TestLinuxServices takes the example suite to real servers: BIND, nginx with
// TLS, Postfix, and the kernel's own ICMP.
func TestLinuxServices(t *testing.T) {
	suite, err := filepath.Abs("../../examples/linux-services.suite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const name = "lnx01.example.test"
	records := []string{"www A 192.0.2.10", `www TXT "shop"`, "_ldap._tcp SRV 0 100 389 dc01"}
	named := realtest.StartNamed(t, "example.test", records...)
	nginx := realtest.StartNginx(t, name)
	postfix := realtest.StartPostfix(t, name, name+" ESMTP")
	t.Chdir(t.TempDir())
	ca := ""
	for _, file := range []string{nginx.CA, postfix.CA} {
		pem, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ca += string(pem)
	}
	write(t, "ca.pem", ca)
	routes := map[string]probes.Routes{"routes": {name: {Address: "127.0.0.1", Ports: map[string]string{
		"udp/53": named.Addr, "tcp/53": named.Addr, "tcp/443": nginx.Addr, "tcp/25": postfix.Addr,
	}}}}
	document, err := json.Marshal(routes)
	if err != nil {
		t.Fatal(err)
	}
	write(t, "routes.json", string(document))

	postpatch := func(wantExit int, args ...string) *outcomes {
		t.Helper()
		var out, talk bytes.Buffer
		code := run(t.Context(), append(args, suite, "--connect-to", "routes.json", "--ca", "ca.pem", "--json", "run.jsonl"),
			app{stdout: &out, stderr: &talk, width: 100, getenv: func(string) string { return "" }})
		if code != wantExit {
			t.Fatalf("%s: exit %d, want %d\n%s%s", args[0], code, wantExit, out.String(), talk.String())
		}
		t.Logf("%s\n%s", strings.Join(args, " "), out.String())
		stored, err := os.Open("run.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stored.Close() }()
		o := &outcomes{checks: map[string]report.Check{}}
		if err := jsonl.Replay(stored, o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	expect := func(o *outcomes, want map[string]report.Outcome) {
		t.Helper()
		if len(o.checks) != 6 {
			t.Errorf("%d checks, want 6", len(o.checks))
		}
		for id, c := range o.checks {
			outcome := report.Passed
			if other, named := want[id]; named {
				outcome = other
			}
			if c.Outcome != outcome {
				t.Errorf("%s: %s, want %s (%s %+v)", id, c.Outcome, outcome, c.Error, c.Findings)
			}
			delete(want, id)
		}
		if len(want) > 0 {
			t.Errorf("never checked: %v", want)
		}
	}

	expect(postpatch(0, "capture", "--name", "before"), nil)
	expect(postpatch(0, "verify", "--baseline", "before"), nil)

	// The maintenance window: the web server does not come back, and a record is
	// another one.
	nginx.Stop(t)
	records[0] = "www A 192.0.2.99"
	named.SetRecords(t, records...)
	broken := map[string]report.Outcome{
		"dns/www": report.Drifted, "http": report.Regressed, "tcp/53": report.Regressed,
	}
	o := postpatch(1, "verify", "--baseline", "before")
	expect(o, broken)
	changed := o.checks["dns/www"].Findings
	if len(changed) != 1 || changed[0].Before != "192.0.2.10" || changed[0].Now != "192.0.2.99" ||
		!o.checks["dns/www"].Failing {
		t.Errorf("the changed record: %+v", changed)
	}

	// Mended again: nothing is left of it.
	nginx.Start(t)
	records[0] = "www A 192.0.2.10"
	named.SetRecords(t, records...)
	expect(postpatch(0, "verify", "--baseline", "before"), nil)

	// All of them down: silence is not a pass. The kernel still answers the echo.
	nginx.Stop(t)
	named.Stop(t)
	postfix.Stop(t)
	o = postpatch(1, "verify", "--baseline", "before")
	for id, c := range o.checks {
		if (c.Outcome == report.Passed) != strings.HasPrefix(id, "ping") {
			t.Errorf("with all servers down %s is %s", id, c.Outcome)
		}
	}
}
