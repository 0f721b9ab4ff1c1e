package exchangestate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/exchangestate"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func healthy() runnertest.Check {
	return runnertest.Check{Kind: exchangestate.Kind, File: "dag-member.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, exchangestate.Kind, healthy().File, nil) }

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, exchangestate.Kind, nil, healthy().File, "odd.json")
}

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, exchangestate.Kind, healthy().File, nil).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		" installed=true", " build=15.2.1544.11", " known_bad=no", " engine=2112330010", " engine_fits=true",
		" automatic=IISADMIN, MSExchangeADTopology, MSExchangeIS, MSExchangeTransport, W3SVC",
		" manual=MSExchangeIMAP4, pla", " disabled=",
		"component/ForwardSyncDaemon optional_component=inactive", "component/HubTransport component=active",
		"component/OwaProxy component=active", "component/ProvisioningRps optional_component=inactive",
		"component/ServerWideOffline component=active",
		"health/FIPS alert=healthy", "health/OWA.Protocol alert=healthy", "health/UM.CallRouter alert=disabled",
		"health/UM.CallRouter alert_since=2026-10-14T02:10:00Z",
		"copy/DB01/EX01 copy=mounted", "copy/DB01/EX01 active_on=EX01", "copy/DB01/EX01 copy_queue=0",
		"copy/DB01/EX01 replay_queue=2", "copy/DB01/EX01 activation_suspended=false",
		"copy/DB02/EX01 copy=healthy", "copy/DB02/EX01 active_on=EX02", "copy/DB02/EX01 copy_queue=0",
		"copy/DB02/EX01 replay_queue=2", "copy/DB02/EX01 activation_suspended=false",
		"copy/LAG/EX01 copy=healthy", "copy/LAG/EX01 active_on=EX02", "copy/LAG/EX01 copy_queue=0",
		"copy/LAG/EX01 replay_queue=8000", "copy/LAG/EX01 activation_suspended=true",
		"queue/Submission queue=ready", "queue/Submission messages=3",
		" waiting=7", " retrying=", " suspended=",
		" dag=DAG1", " activation_policy=unrestricted", " moved_away=false", " cluster_node=up",
		"certificate/IIS/EX01 days_left=731", "certificate/IIS/mail.example.org days_left=98",
		"certificate/IIS bound=BB22, DD44",
		"certificate/SMTP/EX01 days_left=731", "certificate/SMTP/mail.example.org days_left=98",
		"certificate/SMTP bound=BB22, DD44",
		"certificate/IMAP/mail.example.org days_left=98", "certificate/IMAP bound=BB22",
		"certificate/POP/mail.example.org days_left=98", "certificate/POP bound=BB22",
		"certificate/Auth thumbprint=AA11", "certificate/Auth held=true", "certificate/Auth auth_days_left=1096",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "content_index")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// What cannot be read is named, and nothing is made up in its place: a set of which one
// part is not known is no set.
func TestOddAnswers(t *testing.T) {
	all := map[string]string{ // what is not told, by the part
		"build":        "setup: Zugriff verweigert",
		"engine":       "engine: E/A-Fehler",
		"components":   `no State of "component/RpsProxy", got ""`,
		"services":     `the start mode of MSExchangeIS: want Auto, Manual or Disabled, got "unknown"`,
		"health":       `health sets: no such command: Die Benennung "Get-HealthReport" wurde nicht erkannt`,
		"copies":       `no Status of "copy/DB01/EX01", got ""`,
		"queues":       `no MessageCount of "queue/20", got "einige"`,
		"maintenance":  `the cluster's nodes: none of them is called "EX01"`,
		"certificates": "certificates: access denied: Zugriff verweigert",
	}
	recorded := probetest.Load(t, exchangestate.Kind, "odd.json", nil)
	for part, want := range all {
		_, err := recorded.Observe(map[string]any{"part": []string{part}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", part, err, want)
		}
	}
	readings, err := recorded.Observe(nil)
	if !errors.Is(err, host.ErrNoCommand) || !errors.Is(err, host.ErrDenied) {
		t.Errorf("error %v does not wrap what it is", err)
	}
	want := []string{
		" installed=true",
		"component/EwsProxy component=draining",
		"component/OwaProxy component=inactive", "component/OwaProxy held_by=ServerWideOffline",
		"component/ServerWideOffline component=inactive",
		"component/ServerWideOffline held_by=Functional (in the directory), Functional (on the server)",
		"copy/db01/EX01 (2) copy=healthy",
		"queue/Submission queue=suspended", "queue/Submission messages=700", " waiting=14", " retrying=db01",
		" suspended=18", " queue_error=db01: 451 4.3.0 Der Speicher a\x1b[31m '; $(calc)",
		" dag=DAG1", " activation_policy=blocked",
	}
	var got []string
	for _, text := range probetest.Texts(readings) {
		if !strings.Contains(text, "/a\x1b") { // those of a name that is none
			got = append(got, text)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// A host without Exchange says so, and nothing of what cannot be asked there then.
func TestNoExchange(t *testing.T) {
	gone := probetest.Drop("exchange", "")
	unreachable := probetest.Refuse("Microsoft.Exchange", errors.New("connection refused"))
	readings, err := probetest.Load(t, exchangestate.Kind, healthy().File, nil).With(gone, unreachable).Observe(nil)
	if d := cmp.Diff([]string{" installed=false"}, probetest.Texts(readings)); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
	refused := probetest.Refuse("exchange", host.ErrNoPowerShell)
	readings, err = probetest.Load(t, exchangestate.Kind, healthy().File, nil).With(refused).Observe(nil)
	if !errors.Is(err, host.ErrNoPowerShell) || len(readings) < 40 || readings[0].Key.Name == "installed" {
		t.Errorf("what its own endpoint tells is not there, or it is said to be gone: %d readings, %v", len(readings), err)
	}
}

func TestParameters(t *testing.T) {
	args := map[string]any{"part": []string{"health", "copies"}, "except": []string{"UM.*", "LAG*", "FIPS"}}
	readings, err := probetest.Load(t, exchangestate.Kind, healthy().File, nil).Observe(args)
	want := []string{
		" installed=true", "health/OWA.Protocol alert=healthy", "copy/DB01/EX01 copy=mounted",
		"copy/DB02/EX01 copy=healthy",
	}
	got := probetest.Texts(readings, "copy_queue", "replay_queue", "content_index", "active_on", "activation_suspended")
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
	probetest.Refuses(t, exchangestate.Kind, map[string]map[string]any{
		"no such part": {"part": []string{"queue"}}, "no part": {"part": []string{}},
		"no name": {"server": "$host; calc"},
	})
}

// The host is asked by its own name, since a session may end up on another server.
func TestQuestionsNameTheServer(t *testing.T) {
	for _, server := range []string{"", "EX07"} {
		for _, q := range probetest.Questions(t, exchangestate.Kind, map[string]any{"server": server}) {
			c, is := q.(host.Cmdlet)
			want := map[bool]string{true: host.Self, false: server}[server == ""]
			if is && c.Name != "Get-AuthConfig" && !strings.Contains(c.String(), `["`+want+`"]`) {
				t.Errorf("server %q: %s", server, c)
			}
		}
	}
}
