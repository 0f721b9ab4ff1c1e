package host_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

// A command goes out with the name of its host, and the question stays as it was: its
// answer is found by it.
func TestSelfIsTheHostsName(t *testing.T) {
	q := host.Cmdlet{Name: "Get-Queue", Params: map[string][]string{
		"Server": {host.Self}, "Servers": {"ex02", host.Self}, "Filter": {"$hosts"},
	}}
	want := map[string][]string{"Server": {"ex01"}, "Servers": {"ex02", "ex01"}, "Filter": {"$hosts"}}
	if d := cmp.Diff(want, q.On("ex01").Params); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if q.Params["Server"][0] != host.Self || q.Params["Servers"][1] != host.Self {
		t.Errorf("the question itself was changed: %v", q.Params)
	}
	if got := (host.Cmdlet{Name: "Get-X"}).On("ex01").Params; got != nil {
		t.Errorf("got %v of no parameters", got)
	}
}
