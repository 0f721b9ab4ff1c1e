package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// TestKDCDeadline says of a KDC that is mute until the caller's time is over who
// was waited for: it was not the host.
func TestKDCDeadline(t *testing.T) {
	k := startRaw(t, nil)
	for _, method := range []string{"kerberos", "negotiate"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		o := kerberosOptions(nil, k.address)
		o.Method = method
		used, err := ask(ctx, t, o)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, auth.ErrNoKDC) || used.Mechanism != "" ||
			errors.Is(err, host.ErrNoAnswer) || errors.Is(err, auth.ErrAccount) {
			t.Errorf("%s: %v, %v", method, used, err)
		}
		what, way, found := auth.Refusal(err)
		if what != "asking the KDC of CORP.TEST: context deadline exceeded" || !found ||
			!strings.HasPrefix(way, "check the network") {
			t.Errorf("%s: %q, %q", method, what, way)
		}
	}
}
