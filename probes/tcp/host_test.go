package tcp_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/tcp"
)

func port(to, number, failed string) host.Row {
	row := host.Row{"to": {Text: to}, "address": {Text: to}, "port": {Text: number}, "error": {Text: failed}}
	if failed == "" {
		row["error"] = host.Cell{Null: true}
	}
	return row
}

func fromHost(t *testing.T, args map[string]any, rows ...host.Row) ([]string, error) {
	t.Helper()
	args["from"] = "host"
	probe, err := tcp.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	var answers host.Answers
	answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: rows})
	readings, err := probetest.Observe(t, tcp.Kind, probes.Target{Answers: answers}, args)
	return probetest.Texts(readings), err
}

func TestTheHostConnects(t *testing.T) {
	got, err := fromHost(t, map[string]any{"port": []int{80, 443, 1433}},
		port("loopback", "80", ""), port("loopback", "443", "ConnectionRefused"), port("loopback", "1433", "TimedOut"))
	want := []string{"80 state=open", "443 state=refused", "443 cause=", "1433 state=no answer", "1433 cause="}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("itself (-want +got), %v:\n%s", err, d)
	}
	got, err = fromHost(t, map[string]any{"port": []int{1433}, "address": "sql01"}, port("sql01", "1433", "HostNotFound"))
	want = []string{
		"sql01:1433 state=no address", "sql01:1433 cause=the host finds no address for the name (HostNotFound)",
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("another (-want +got), %v:\n%s", err, d)
	}
	if got, err := fromHost(t, map[string]any{"port": []int{80}}, port("loopback", "80", "AccessDenied")); err == nil {
		t.Errorf("what tells nothing of the port: got %v", got)
	}
}
