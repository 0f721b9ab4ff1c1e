package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/windows"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
)

// systemError is a failure of Windows' own, which wraps host.ErrDenied where the account
// may not.
func systemError(doing string, err error) error {
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return fmt.Errorf("%s: %w: %w", doing, host.ErrDenied, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// machine returns what this machine is asked by. WMI's thread begins with its first
// question.
func machine() (sources, error) {
	w := &waiting{}
	return sources{
		registry: windowsRegistry{},
		services: func(_ context.Context, want parts) ([]service, error) { return listServices(want) },
		query:    w.query, pending: w.pending, powerShell: runPowerShell, close: w.close,
	}, nil
}

// waiting asks WMI on its own thread, and waits no longer than it should.
type waiting struct {
	thread *thread
	wmi    *wmi // of the thread
	failed error
}

func (w *waiting) open() (*wmi, error) {
	if w.wmi == nil && w.failed == nil {
		w.wmi, w.failed = openWMI()
	}
	return w.wmi, w.failed
}

func (w *waiting) onThread() *thread {
	if w.thread == nil {
		w.thread = startThread()
	}
	return w.thread
}

func (w *waiting) query(ctx context.Context, q host.WQL) ([]host.Row, error) {
	return do(ctx, w.onThread(), packed.LongestQuestion, func(ctx context.Context) ([]host.Row, error) {
		wmi, err := w.open()
		if err != nil {
			return nil, err
		}
		return wmi.query(ctx, q)
	})
}

// pending answers the collector pendingreboot, whose script says at its head what is in
// its rows.
func (w *waiting) pending(ctx context.Context) ([]host.Row, error) {
	columns := []string{"ReturnValue", "RebootPending", "IsHardRebootPending"}
	told, err := do(ctx, w.onThread(), packed.LongestQuestion, func(context.Context) (host.Row, error) {
		wmi, err := w.open()
		if err != nil {
			return nil, err
		}
		return wmi.run("root/ccm/clientSDK", "CCM_ClientUtilities", "DetermineIfRebootPending", columns)
	})
	there, xmlErr := pendingXML()
	return pendingRows(told, err, there, xmlErr), nil
}

// close ends the thread, unless it hangs: then it ends when it comes back.
func (w *waiting) close() {
	if w.thread == nil {
		return
	}
	if !w.thread.hangs {
		w.thread.work <- func() {
			if w.wmi != nil {
				w.wmi.close()
			}
		}
	}
	w.thread.stop()
}

// Names are what the machine is called: localhost, its NetBIOS name and its names in the
// DNS, in lower case.
func Names() ([]string, error) {
	all := []string{"localhost"}
	for _, kind := range []uint32{
		windows.ComputerNameNetBIOS, windows.ComputerNameDnsHostname, windows.ComputerNameDnsFullyQualified,
	} {
		var buffer [512]uint16
		length := uint32(len(buffer))
		if err := windows.GetComputerNameEx(kind, &buffer[0], &length); err != nil {
			return nil, fmt.Errorf("reading the machine's name: %w", err)
		}
		name := strings.ToLower(windows.UTF16ToString(buffer[:]))
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all, nil
}
