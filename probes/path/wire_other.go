//go:build !linux

package path

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"

	"postpatch/probes"
)

func openWire(netip.Addr) (wire, error) { return nil, errSystem(runtime.GOOS) }

func segment(context.Context, probes.Target, string) (int, error) {
	return 0, fmt.Errorf("asking for the size of a segment: %w", errSystem(runtime.GOOS))
}
