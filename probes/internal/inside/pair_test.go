package inside_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/reach"
	"postpatch/probes/probetest"
)

// mute is a probe of either side; the tests give what it sees.
type mute struct{}

func (mute) Questions() []host.Question { return nil }

func (mute) Observe(context.Context, probes.Target) ([]fact.Reading, error) { return nil, nil }

func joined(by inside.Compare, outside, inner []fact.Reading) []string {
	return probetest.Texts(inside.Pair(mute{}, mute{}, by).(probes.Pair).Join(outside, inner))
}

func state(item, word string) fact.Reading { return probes.Read(item, "state", fact.Text(word)) }

func TestWhatTwoViewsMean(t *testing.T) {
	for views, want := range map[string]string{
		"open/open":                 "",
		"refused/refused":           "service dead: nothing listens",
		"no answer/refused":         "service dead: nothing listens",
		"no answer/no answer":       "service dead or stuck",
		"no answer/open":            "firewall closed: ",
		"unreachable/open":          "firewall closed: ",
		"refused/open":              "firewall closed, or only from inside",
		"reset/open":                "cut off on the way",
		"open/refused":              "only from outside: the runner is answered, and the host itself is not (refused)",
		"no address/open":           "name resolution differs: the host finds",
		"open/no address":           "name resolution differs: the runner finds",
		"no address/no address":     "no address: neither",
		"no answer/unreachable":     "nobody is answered: no answer for the runner, unreachable for the host itself",
		"reset/refused":             "nobody is answered: reset for the runner, refused for the host itself",
		"tls failed/refused":        "nobody is answered",
		"reset/no answer":           "nobody is answered",
		"unreachable/refused":       "service dead: nothing listens",
		"unreachable/tls failed":    "nobody is answered",
		"no answer/no address":      "name resolution differs",
		"no address/refused":        "name resolution differs",
		"tls failed/open":           "cut off on the way",
		"open/something unheard of": "only from outside",
	} {
		out, in, _ := strings.Cut(views, "/")
		got := joined(inside.ByState("open"), []fact.Reading{state("443", out)}, []fact.Reading{state("443", in)})
		both := []string{"443 state=" + out, "443 from host state=" + in}
		if want == "" {
			if d := cmp.Diff(both, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", views, d)
			}
			continue
		}
		if len(got) != 4 || !strings.HasPrefix(got[2], "443 views="+want) ||
			!strings.HasPrefix(got[3], "443 from host views="+want) {
			t.Errorf("%s: got %q, want %q", views, got, want)
		}
	}
}

// What one view does not tell is no answer.
func TestAnItemWithoutAState(t *testing.T) {
	open, other := state("443", "open"), probes.Read("443", "count", fact.Int(1))
	for _, views := range [][2]fact.Reading{{open, other}, {other, open}, {other, state("443", "refused")}} {
		if got := joined(inside.ByState("open"), views[:1], views[1:]); len(got) != 2 {
			t.Errorf("got %q", got)
		}
	}
	lone := probes.Read("443", "cause", fact.Text("who knows"))
	got := joined(inside.ByEchoes(), []fact.Reading{lone}, []fact.Reading{probes.Read("443", "received", fact.Int(3))})
	if len(got) != 2 {
		t.Errorf("echoes: got %q", got)
	}
}

func TestTwoAnswersThatDiffer(t *testing.T) {
	view := func(answers ...string) []fact.Reading {
		return []fact.Reading{state("www A", "answered"), probes.Read("www A", "answers", fact.SetOf(answers...))}
	}
	by := inside.ByState("answered", "rcode", "answers")
	got := joined(by, view("10.0.0.1"), view("10.0.0.2\x1b"))
	want := "name resolution differs: answers 10.0.0.1 for the runner, 10.0.0.2\ufffd for the host"
	if len(got) != 6 || got[4] != "www A views="+want {
		t.Errorf("got %q", got)
	}
	if got := joined(by, view("10.0.0.1"), view("10.0.0.1")); len(got) != 4 {
		t.Errorf("the same: got %q", got)
	}
}

func TestEchoesOfTwoViews(t *testing.T) {
	echoes := func(item string, received int, cause string) []fact.Reading {
		readings := []fact.Reading{probes.Read(item, "received", fact.Int(received))}
		if cause != "" {
			readings = append(readings, probes.Read(item, "cause", fact.Text(cause)))
		}
		return readings
	}
	got := joined(inside.ByEchoes(), echoes("srv01", 0, ""), echoes("loopback", 3, ""))
	if len(got) != 4 || !strings.HasPrefix(got[3], "loopback from host views=firewall closed") {
		t.Errorf("itself by another name: got %q", got)
	}
	const unnamed = "the host finds no address for the name (HostNotFound)"
	got = joined(inside.ByEchoes(), echoes("a", 3, ""), echoes("a", 0, unnamed))
	if len(got) != 5 || !strings.HasPrefix(got[3], "a views=name resolution differs") {
		t.Errorf("got %q", got)
	}
	both := append(echoes("a", 0, ""), echoes("b", 1, "")...)
	if got := joined(inside.ByEchoes(), both, echoes("b", 1, "")); len(got) != 3 {
		t.Errorf("what the host does not tell of: got %q", got)
	}
}

func TestStatesOfErrors(t *testing.T) {
	for want, err := range map[string]error{
		"no address": fmt.Errorf("connecting: %w", &net.DNSError{Err: "no such host", IsNotFound: true}),
		"no answer":  reach.Silent(errors.New("nothing came")),
		"refused":    reach.ErrRefused,
		"":           errors.New("of our own"),
	} {
		if got := inside.StateOf(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
	if got := inside.StateOf(errors.Join(context.Canceled, probes.ErrNoAnswer)); got != "" {
		t.Errorf("whoever stops it: got %q", got)
	}
}
