//go:build !linux

package path

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"

	"postpatch/probes"
)

func openWire(netip.Addr) (wire, error) { return nil, errSystem() }

// errSystem is a system that has no such way to send echoes.
func errSystem() error {
	return fmt.Errorf("%w: the way is measured from Linux only, and the runner has %s", probes.ErrNotTried, runtime.GOOS)
}

func segment(context.Context, probes.Target, string) (int, error) {
	return 0, fmt.Errorf("asking for the size of a segment: %w", errSystem())
}
