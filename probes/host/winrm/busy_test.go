package winrm

import (
	"errors"
	"fmt"
	"testing"

	"postpatch/probes/host"
)

// A host that refuses more for now is busy; one that will refuse the same at any time, or
// says something else, is not.
func TestABusyHost(t *testing.T) {
	for name, tt := range map[string]struct {
		fault Fault
		want  bool
	}{
		"too many shells":     {Fault{Kind: Quota, Code: 2150859173, Status: 500}, true},
		"too many operations": {Fault{Kind: Quota, Code: 2150859174}, true},
		"HTTP 503":            {Fault{Kind: NotWSMan, Status: 503}, true},
		"a large message":     {Fault{Kind: Quota, Status: 413}, false},
		"a denied one":        {Fault{Kind: AccessDenied, Code: 5, Status: 500}, false},
	} {
		if got := errors.Is(fmt.Errorf("asking: %w", &tt.fault), host.ErrBusy); got != tt.want {
			t.Errorf("%s: busy %t, want %t", name, got, tt.want)
		}
	}
}
