package runner_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/runner"
	"postpatch/suites"
)

// telling is a session that can say how it reached its host.
type telling struct{ session }

func (telling) How() string { return "by word of mouth" }

// A visit says how the host was asked and how long it took, and whoever wants to know
// is told that it begins.
func TestWhatAVisitTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := asking{func(context.Context, probes.Target) ([]fact.Reading, error) {
			time.Sleep(2 * time.Second) // of this test's own clock
			return []fact.Reading{probes.Read("443", "state", fact.Text("open"))}, nil
		}}
		var begun []string
		s := telling{session{new(atomic.Int32), new(atomic.Int32)}}
		v, _ := observe(t, runner.Options{
			Open:  func(context.Context, suites.Host) (host.Session, error) { return s, nil },
			Begin: func(name string) { begun = append(begun, name) },
		}, portCheck("a", slow))
		if v.Session != "by word of mouth" || v.Took != 2*time.Second || fmt.Sprint(begun) != "[h]" {
			t.Errorf("session %q, took %s, begun %v", v.Session, v.Took, begun)
		}
	})
}

// A check that saw something of a host which does not answer says that it did not.
func TestWhatAnUnreachableHostSays(t *testing.T) {
	_, got := observe(t, runner.Options{}, portCheck("a", fails(probes.ErrNoAnswer)), portCheck("b", reports("refused")))
	if want := "b: the host is unreachable: " + probes.ErrNoAnswer.Error() + "[refused]"; got[1] != want {
		t.Errorf("want %q, got %q", want, got[1])
	}
}

// What an error quotes of a host is cut short, and that can be seen.
func TestALongError(t *testing.T) {
	for length, want := range map[int]string{
		2000: strings.Repeat("a", 2000), 2001: strings.Repeat("a", 2000) + "…",
	} {
		v, _ := observe(t, runner.Options{}, portCheck("a", fails(errors.New(strings.Repeat("a", length)))))
		if got := v.Seen.Checks[0].Error; got != want {
			t.Errorf("of %d bytes: %d bytes, ending in %q", length, len(got), got[len(got)-5:])
		}
	}
}
