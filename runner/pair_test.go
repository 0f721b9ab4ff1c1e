package runner_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/runner"
	"postpatch/suites"
)

// twice is a probe with two views.
type twice struct {
	asking

	outside probeFunc
}

func (p twice) Outside() probes.Probe { return p.outside }

func (twice) Join(outside, inside []fact.Reading) []fact.Reading {
	for _, r := range inside {
		r.Key.Item += " from host"
		outside = append(outside, r)
	}
	return outside
}

// Both views of a check stand side by side, whichever of them could be seen; and what one
// of them has found is alive.
func TestTwoViews(t *testing.T) {
	open, silent := reports("open"), fails(probes.ErrNoAnswer)
	none := probes.ErrNoAnswer.Error()
	for name, tt := range map[string]struct {
		outside, inside probeFunc
		session         error
		want            string
		unreachable     bool
	}{
		"both":                 {open, reports("refused"), nil, "[open][refused]", false},
		"the runner sees none": {silent, open, nil, none + "[open]", false},
		"the host is not asked": {
			open, open, probes.ErrNoAnswer, none + "[open]", false,
		},
		"nobody is there":       {silent, open, probes.ErrNoAnswer, none, true},
		"nor is anybody let in": {silent, open, probes.ErrNotTried, probes.ErrNotTried.Error() + "; " + none, true},
		"who is there lets nobody in": {
			silent, open, errors.New("access is denied"), "access is denied; " + none, false,
		},
		"who is there makes no sense": {fails(errors.New("garbage")), open, probes.ErrNoAnswer, none + "; garbage", false},
		"nor may anybody in": {
			reports("no answer"), open, errors.New("access is denied"), "access is denied[no answer]", false,
		},
	} {
		asked := session{new(atomic.Int32), new(atomic.Int32)}
		o := runner.Options{Open: func(context.Context, suites.Host) (host.Session, error) { return asked, tt.session }}
		v, got := observe(t, o, portCheck("a", twice{asking{tt.inside}, tt.outside}), portCheck("b", away{open}))
		elsewhere := "b: [open]"
		if tt.unreachable {
			elsewhere = "b: the host is unreachable: " + tt.want + "[open]"
		}
		if d := cmp.Diff([]string{"a: " + tt.want, elsewhere}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if (v.Seen.Unreachable != "") != tt.unreachable {
			t.Errorf("%s: unreachable is %q", name, v.Seen.Unreachable)
		}
	}
}

// What a suite expects of a reading that one view alone can have binds the items of that
// view; what both have binds those of both.
func TestWhatIsExpectedOfOneView(t *testing.T) {
	for name, tt := range map[string]struct {
		outside, inside baseline.Host
		want            string
	}{
		"the runner's alone": {doors("a bell=rings", "a colour=red"), doors("a bell=rings"), "passed no baseline"},
		"of another item, too": {
			doors("a bell=rings", "a colour=red", "b bell=rings"), doors("a bell=rings"), "failed no baseline failing",
		},
		"of both": {
			doors("a bell=rings", "a colour=red"), doors("a bell=rings", "a colour=red", "b bell=rings"),
			"failed no baseline failing",
		},
	} {
		c, before, now := check(t, "colour=red"), doors(), tt.outside
		c.Probe = twice{}
		for _, r := range tt.inside.Readings {
			r.Key.Item += probes.FromHost
			now.Readings = append(now.Readings, r)
		}
		now.Sort()
		if got := told(judge(c, &before, now, nil).Checks[0]); got[0] != tt.want {
			t.Errorf("%s: got %q, want %s", name, got, tt.want)
		}
	}
}
