//go:build real && linux

package ping_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/ping"
	"postpatch/probes/probetest"
)

// spent is wall time and processor time.
type spent struct{ wall, cpu time.Duration }

func (s spent) least(other spent) spent { return spent{min(s.wall, other.wall), min(s.cpu, other.cpu)} }

// BenchmarkSweep pings addresses of the loopback interface once each, in turns with fping
// (Debian), five times each: flat out, which we are not, and at our own pace. It reports
// the least wall and processor time of a sweep, what part of fping's these are, and the
// last sweep's part of the first. Every address has to be up.
func BenchmarkSweep(b *testing.B) {
	for _, many := range []int{1000, 10_000, 65_000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			all, list := addressList(b, many)
			for b.Loop() {
				const endless = time.Hour
				ours, flat, paced := spent{endless, endless}, spent{endless, endless}, spent{endless, endless}
				var rounds []spent
				for range 5 {
					flat = flat.least(fping(b, list, "0"))
					paced = paced.least(fping(b, list, "0.02"))
					rounds = append(rounds, sweepOnce(b, all))
					ours = ours.least(rounds[len(rounds)-1])
				}
				last := rounds[len(rounds)-1]
				b.ReportMetric(ours.wall.Seconds(), "wall-s")
				b.ReportMetric(ours.cpu.Seconds(), "cpu-s")
				b.ReportMetric(float64(ours.wall)/float64(flat.wall), "wall/flat-out")
				b.ReportMetric(float64(ours.cpu)/float64(flat.cpu), "cpu/flat-out")
				b.ReportMetric(float64(ours.wall)/float64(paced.wall), "wall/paced")
				b.ReportMetric(float64(ours.cpu)/float64(paced.cpu), "cpu/paced")
				b.ReportMetric(float64(last.cpu)/float64(rounds[0].cpu), "fifth/first")
			}
		})
	}
}

// addressList is what is pinged, for us and in a file for fping.
func addressList(b *testing.B, many int) ([]netip.Addr, string) {
	b.Helper()
	var all []netip.Addr
	var text bytes.Buffer
	for n := range many {
		a := netip.AddrFrom4([4]byte{127, 1, byte(n >> 8), byte(n)})
		all = append(all, a)
		fmt.Fprintln(&text, a)
	}
	list := filepath.Join(b.TempDir(), "addresses")
	if err := os.WriteFile(list, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return all, list
}

// fping pings with so many milliseconds between two packets, and as often as we do.
func fping(b *testing.B, list, interval string) spent {
	b.Helper()
	command := exec.CommandContext(b.Context(), "fping", "-q", "-s", "-i", interval, "-r", "2", "-t", "1000", "-f", list)
	began := time.Now()
	out, err := command.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		b.Fatalf("fping: %v\n%s", err, out)
	}
	return spent{took, command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
}

// sweepOnce asks the kind for every address, as so many hosts that are visited at once.
func sweepOnce(b *testing.B, all []netip.Addr) spent {
	b.Helper()
	const atOnce = 500
	shared := &probes.Shared{}
	probe, err := ping.Kind.Build(map[string]any{"count": 1})
	if err != nil {
		b.Fatal(err)
	}
	hosts := make(chan netip.Addr)
	var up atomic.Int64
	var workers sync.WaitGroup
	began, used := time.Now(), processorTime(b)
	for range min(atOnce, len(all)) {
		workers.Go(func() {
			target := probetest.Target("")
			target.Shared = shared
			for a := range hosts {
				target.Resolve = func(context.Context, string) (netip.Addr, error) { return a, nil }
				readings, err := probe.Observe(b.Context(), target)
				if err == nil && len(readings) == 3 && readings[0].Value == fact.Value(fact.Int(0)) {
					up.Add(1)
				} else {
					b.Errorf("%s: %v, %v", a, readings, err)
				}
			}
		})
	}
	for _, a := range all {
		hosts <- a
	}
	close(hosts)
	workers.Wait()
	took := spent{time.Since(began), processorTime(b) - used}
	if up.Load() != int64(len(all)) {
		b.Errorf("%d of %d are up", up.Load(), len(all))
	}
	return took
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
