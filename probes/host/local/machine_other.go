//go:build !windows

package local

import (
	"fmt"
	"runtime"

	"postpatch/probes/host"
)

func machine() (sources, error) { return sources{}, notWindows() }

// Names are what the machine is called.
func Names() ([]string, error) { return nil, notWindows() }

func notWindows() error {
	return fmt.Errorf("%w: a machine is asked from within by Windows' own API, and this is %s: leave --local out, "+
		"and the host is asked over the network", host.ErrNotTried, runtime.GOOS)
}
