package inside_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/inside"
)

func text(s string) host.Cell { return host.Cell{Text: s} }

func TestItemsStatesAndCauses(t *testing.T) {
	for name, tt := range map[string]struct {
		reply inside.Reply
		want  [3]string // item, state, cause
	}{
		"an answer":             {inside.Reply{To: "sql01", Address: "sql01"}, [3]string{"sql01", "", ""}},
		"one of several":        {inside.Reply{To: "gateway", Address: "fe80::1%12"}, [3]string{"gateway fe80::1", "", ""}},
		"none is known":         {inside.Reply{To: "gateway"}, [3]string{"gateway", "no address", "the host knows none"}},
		"nothing listens":       {inside.Reply{To: "a", Address: "a", Err: "ConnectionRefused"}, [3]string{"a", "refused", ""}},
		"silence":               {inside.Reply{To: "a", Address: "a", Err: "TimedOut"}, [3]string{"a", "no answer", ""}},
		"no way":                {inside.Reply{To: "a", Address: "a", Err: "NetworkUnreachable"}, [3]string{"a", "unreachable", ""}},
		"a status of an echo":   {inside.Reply{To: "a", Address: "a", Err: "TtlExpired"}, [3]string{"a", "", "TtlExpired"}},
		"the name has no place": {inside.Reply{To: "a", Address: "a", Err: "HostNotFound"}, [3]string{"a", "no address", "the host finds no address for the name (HostNotFound)"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := [3]string{tt.reply.Item(), tt.reply.State(), tt.reply.Cause()}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestRepliesAreWhole(t *testing.T) {
	call := inside.Call{How: "tcp", To: []string{"a", "gateway"}, Ports: []int{443}, Wait: time.Second}
	for name, tt := range map[string]struct {
		rows []host.Row
		want int // replies; -1 for an error
	}{
		"all":               {[]host.Row{{"to": text("a"), "address": text("a")}, {"to": text("gateway"), "address": {Null: true}}}, 2},
		"one is missing":    {[]host.Row{{"to": text("a"), "address": text("a")}}, -1},
		"a row about none":  {[]host.Row{{"address": text("a")}}, -1},
		"nothing came back": {nil, -1},
	} {
		t.Run(name, func(t *testing.T) {
			var answers host.Answers
			answers.Put(call.Question(), host.Answer{Rows: tt.rows})
			got, err := call.Replies(answers)
			if tt.want < 0 && err == nil || tt.want >= 0 && (err != nil || len(got) != tt.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestWhatAnAuthorMayWrite(t *testing.T) {
	var field *probes.FieldError
	if _, err := inside.View("elsewhere"); !errors.As(err, &field) {
		t.Errorf("got %v", err)
	}
	for _, from := range []string{"runner", "host", "both"} {
		if got, err := inside.View(from); err != nil || got != from {
			t.Errorf("%s: got %v, %v", from, got, err)
		}
	}
	if err := inside.CheckNames("address", "sql01", "dns_servers"); !errors.As(err, &field) {
		t.Errorf("a name that the runner does not know: got %v", err)
	}
	for how, wait := range map[string]time.Duration{"tcp": 6 * time.Second, "dns": 3 * time.Second} {
		long := inside.Call{How: how, To: []string{"a"}, Ports: make([]int, 8), Wait: wait}
		if err := long.Check("port"); !errors.As(err, &field) || !strings.Contains(err.Error(), "busy for 48s") {
			t.Errorf("%s: 48 seconds of silence: got %v", how, err)
		}
		long.Ports = make([]int, 7)
		if err := long.Check("port"); err != nil {
			t.Errorf("%s: 42 seconds of silence: got %v", how, err)
		}
	}
	if err := (inside.Reply{To: "a", Err: "NotReached"}).NotObserved(); !strings.Contains(err.Error(), "no time left") {
		t.Errorf("what was not reached: got %v", err)
	}
	many := inside.Call{To: make([]string, 9), Ports: make([]int, 8)}
	if err := many.Check("port"); !errors.As(err, &field) {
		t.Errorf("72 connections one after the other: got %v", err)
	}
}
