package suites

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postpatch/probes"
)

// Whether a probe is built while the suites are read or when its host's turn comes, it is the
// same, and the rest of its check is, too.
func TestProbesBuiltLater(t *testing.T) {
	var hosts strings.Builder
	for i := range 3 * builtAtOnce {
		fmt.Fprintf(&hosts, "  - {name: h%d, vars: {path: p%d}}\n", i, i)
	}
	text := "suite: s\nhosts:\n" + hosts.String() + "checks:\n  - service: W3SVC\n" +
		"  - web: {url: \"http://{{ host.name }}/{{ path }}\"}\n    id: web\n    why: because\n"
	set, problems := LoadBytes("s", []byte(text), testKinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, nil))
	}
	laters := 0
	var all sync.WaitGroup
	for i, h := range set.Hosts {
		if _, is := h.Checks[1].Probe.(probes.Later); is {
			laters++
		}
		all.Go(func() {
			ready := h.Ready()
			web, is := ready.Checks[1].Probe.(probe)
			if !is {
				t.Errorf("%s: %T", h.Name, ready.Checks[1].Probe)
				return
			}
			if want := fmt.Sprintf("http://h%d/p%d", i, i); web.params.(webParams).URL != want {
				t.Errorf("%s: %q, want %q", h.Name, web.params.(webParams).URL, want)
			}
			was, is2 := *h.Checks[1], *ready.Checks[1]
			was.Probe, is2.Probe = nil, nil
			if d := cmp.Diff(was.Key()+was.Asked+was.Why, is2.Key()+is2.Asked+is2.Why, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("%s (-read +ready):\n%s", h.Name, d)
			}
			if ready.Checks[0] != h.Checks[0] {
				t.Errorf("%s: a check that was there was copied", h.Name)
			}
		})
	}
	all.Wait()
	if want := 2 * builtAtOnce; laters != want {
		t.Errorf("%d are built later, want %d", laters, want)
	}
}
