package ping_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/ping"
	"postpatch/probes/probetest"
)

func fromHost(t *testing.T, args map[string]any, rows ...host.Row) ([]string, error) {
	t.Helper()
	args["from"] = "host"
	probe, err := ping.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	var answers host.Answers
	answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: rows})
	readings, err := probetest.Observe(t, ping.Kind, probes.Target{Answers: answers}, args)
	return probetest.Texts(readings), err
}

func echo(to, address, sent, received, failed string) host.Row {
	row := host.Row{
		"to": {Text: to}, "address": {Text: address}, "sent": {Text: sent}, "received": {Text: received},
		"milliseconds": {Text: "7"}, "error": {Text: failed},
	}
	if failed == "" {
		row["error"] = host.Cell{Null: true}
	}
	return row
}

func TestTheHostPings(t *testing.T) {
	got, err := fromHost(t, map[string]any{"address": []string{"gateway", "db"}},
		echo("gateway", "10.0.0.1", "3", "3", ""), echo("gateway", "10.0.0.2", "3", "2", "TimedOut"),
		echo("db", "db", "3", "0", "HostNotFound"))
	want := []string{
		"gateway 10.0.0.1 loss=0", "gateway 10.0.0.1 received=3", "gateway 10.0.0.1 rtt=2.3333ms",
		"gateway 10.0.0.2 loss=34", "gateway 10.0.0.2 received=2", "gateway 10.0.0.2 rtt=3.5ms",
		"db loss=100", "db received=0", "db cause=the host finds no address for the name (HostNotFound)",
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
	got, err = fromHost(t, map[string]any{"address": []string{"gateway"}},
		host.Row{"to": {Text: "gateway"}, "address": {Null: true}})
	want = []string{"gateway loss=100", "gateway received=0", "gateway cause=the host knows none"}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("no gateway (-want +got), %v:\n%s", err, d)
	}
	got, err = fromHost(t, map[string]any{}, echo("loopback", "127.0.0.1", "3", "3", ""))
	if err != nil || len(got) != 3 {
		t.Errorf("the host itself: got %v, %v", got, err)
	}
}

func TestWhatTheHostCouldNotPing(t *testing.T) {
	for name, row := range map[string]host.Row{
		"it was not let":        echo("a", "a", "3", "0", "UnauthorizedAccessException"),
		"counts that cannot be": echo("a", "a", "3", "4", ""),
		"no counts":             {"to": {Text: "a"}, "address": {Text: "a"}},
		"hostile counts":        echo("a", "a", "9223372036854775807", "0", ""),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := fromHost(t, map[string]any{"address": []string{"a"}}, row); err == nil || len(got) > 0 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
