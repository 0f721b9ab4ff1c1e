//go:build unix

package main

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/probes/fact"
	"postpatch/suites"
)

// nights is a store with two runs of a fleet, before and after a patch, and the
// suite that they were made with.
type nights struct {
	store, suite string
	readings     int // of one run
}

// twoNights makes them in the working folder: hosts of about a thousand readings, of
// which the patch changed one in a hundred.
func twoNights(t testing.TB, hosts int) nights {
	t.Helper()
	n := nights{store: "evidence", suite: "fleet.suite.yaml"}
	var text strings.Builder
	text.WriteString("suite: fleet\nhosts:\n")
	for i := range hosts {
		fmt.Fprintf(&text, "  - srv%05d.corp.example.org\n", i)
	}
	text.WriteString("checks:\n")
	for _, part := range million() {
		fmt.Fprintf(&text, "  - %s: {}\n", part.kind)
	}
	write(t, n.suite, text.String())
	set, problems := suites.Load([]string{n.suite}, all.Kinds())
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	store, err := openStore(n.store, "")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 11, 10, 20, 0, 0, 0, time.UTC)
	for night, name := range []string{"before", "after"} {
		w, err := store.Create(t.Context(), baseline.Head{
			Run: name, Command: []string{"capture", "verify"}[night], Started: begin.AddDate(0, 0, night),
			Baseline: []string{"", "before"}[night],
			Suites:   []baseline.SuiteInfo{{Name: set.Suites[0].Name, Digest: set.Suites[0].Digest}},
		})
		if err != nil {
			t.Fatal(err)
		}
		n.readings = 0
		for i, h := range set.Hosts {
			seen := millionth(h, i, night)
			n.readings += len(seen.Readings)
			if err := w.Put(t.Context(), seen); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Finish(t.Context(), begin.AddDate(0, 0, night), nil); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// piece is what a host has of one kind: items, of which each has the same readings.
type piece struct {
	kind     string
	items    int
	readings string
}

func million() []piece {
	return []piece{
		{"os", 1, "product edition build install_type boot_time uptime clock_skew name machine model secure_boot"},
		{"services", 64, "state start_mode delayed trigger depends_on account path exit_code"},
		{"updates", 1, "hotfixes failed succeeded uninstalled history_entries history_whole result tried last_search configmgr"},
		{"network", 70, "port owner bound"},
		{"disk", 4, "present file_system volume label size free free_percent dirty"},
		{"share", 12, "present type path access"},
		{"task", 20, "present enabled broken health exit_code state result last_run next_run"},
		{"printer", 8, "driver port shared paused"},
		{"pending_reboot", 1, "servicing_pending windows_update file_renames"},
	}
}

// millionth is one host as it is seen on one of the nights.
func millionth(h suites.Host, number, night int) baseline.Host {
	seen := baseline.Host{Host: h.Name, Identity: fmt.Sprintf("4c4c4544-0042-3510-8056-%012d", number)}
	for i, part := range million() {
		c := h.Checks[i]
		took := time.Duration(1000+37*number%500+night) * time.Millisecond
		seen.Checks = append(seen.Checks, baseline.Check{Check: c.Key(), Kind: c.Kind.Name, Asked: c.Asked, Took: took})
		for item := range part.items {
			name := ""
			if part.items > 1 {
				name = fmt.Sprintf("%s item %02d", part.kind, item)
			}
			for reading := range strings.FieldsSeq(part.readings) {
				spec, found := c.Kind.Reading(reading)
				if !found {
					panic(part.kind + " has no reading " + reading)
				}
				key := fact.Key{Host: h.Name, Check: c.Key(), Item: name, Name: reading}
				changed := night == 1 && (len(seen.Readings)+31*number)%100 == 0
				seen.Readings = append(seen.Readings, fact.Reading{Key: key, Value: millionValue(spec, name, changed)})
			}
		}
	}
	seen.Sort()
	return seen
}

func millionValue(spec probes.ReadingSpec, item string, changed bool) fact.Value {
	n := map[bool]int{false: 4405, true: 4529}[changed]
	switch spec.Type {
	case fact.TypeBool:
		return fact.Bool(spec.Name == "present" || changed)
	case fact.TypeInt:
		return fact.Int(n)
	case fact.TypeDuration:
		return fact.Duration(time.Duration(n) * time.Microsecond)
	case fact.TypeTime:
		return fact.Time(time.Date(2026, 11, 10, 3, 4, n%60, 0, time.UTC))
	case fact.TypeSet:
		return fact.SetOf("RpcSs", "DcomLaunch", fmt.Sprintf("KB50%d", n))
	default:
		words := map[string]string{
			"state": "running", "health": "well", "start_mode": "auto", "account": "LocalSystem", "exit_code": "0",
			"port": "open", "owner": "svchost.exe", "file_system": "NTFS", "type": "disk", "result": "ok",
		}[spec.Name]
		switch {
		case changed:
			return fact.Text(words + "changed")
		case words != "":
			return fact.Text(words)
		default:
			return fact.Text(fmt.Sprintf(`C:\Windows\System32\svchost.exe -k netsvcs -p -s %s`, item))
		}
	}
}

// BenchmarkNights runs the program over two nights of a fleet, a million readings each
// and ten million: what it takes for each reading of one night, and its memory at the
// most. The latter are a while in the making, and left out with -short.
func BenchmarkNights(b *testing.B) {
	binary := buildOnce(b)
	sizes := []int{1000, 10_000}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, hosts := range sizes {
		folder := b.TempDir()
		b.Chdir(folder)
		n := twoNights(b, hosts)
		for _, args := range [][]string{
			{"diff", "before", "after", "-q"},
			{"judge", "after", n.suite, "-q"},
		} {
			b.Run(fmt.Sprintf("%s/%d", args[0], n.readings), func(b *testing.B) {
				var took time.Duration
				var cpu time.Duration
				var most int64
				for b.Loop() {
					cmd := exec.CommandContext(b.Context(), binary, args...)
					cmd.Dir = folder
					start := time.Now()
					out, err := cmd.CombinedOutput()
					took += time.Since(start)
					if code := cmd.ProcessState.ExitCode(); code > 1 || code < 0 {
						b.Fatalf("%v: %s", err, out)
					}
					usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
					most = max(most, usage.Maxrss)
					cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
				}
				each := float64(b.N) * float64(n.readings)
				b.ReportMetric(float64(took)/each, "ns/reading")
				b.ReportMetric(float64(cpu)/each, "cpu-ns/reading")
				b.ReportMetric(float64(most*maxrssUnit())/(1<<20), "MB-at-most")
			})
		}
	}
}

// maxrssUnit is in what the system tells a process's memory.
func maxrssUnit() int64 {
	if runtime.GOOS == "darwin" {
		return 1
	}
	return 1 << 10
}

// buildOnce builds the program.
func buildOnce(b testing.TB) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "postpatch")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// The memory that comparing two nights takes does not grow with the fleet: hosts are
// read and judged a few at a time, and of each no more is kept than what is told of it.
// What it allocates grows as the readings do.
func TestNightsStayFlat(t *testing.T) {
	const few, many = 15, 150
	type cost struct{ rss, allocated, allocations float64 } // the latter by reading
	// The program is this test's own here, and has the tests in it.
	none := exec.CommandContext(t.Context(), "postpatch", "version")
	if out, err := none.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	usage, _ := none.ProcessState.SysUsage().(*syscall.Rusage)
	idle := float64(usage.Maxrss*maxrssUnit()) / (1 << 20)
	costs := map[string]map[int]cost{"diff": {}, "judge": {}}
	for _, hosts := range []int{few, many} {
		t.Chdir(t.TempDir())
		n := twoNights(t, hosts)
		for _, args := range [][]string{{"diff", "before", "after", "-q"}, {"judge", "after", n.suite, "-q"}} {
			cmd := exec.CommandContext(t.Context(), "postpatch", args...)
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 { // what changed in the night fails
				t.Fatalf("%v: %s", err, out)
			}
			usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			c := cost{rss: float64(usage.Maxrss*maxrssUnit()) / (1 << 20)}
			var start, end runtime.MemStats
			runtime.ReadMemStats(&start)
			run(t.Context(), args, app{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }})
			runtime.ReadMemStats(&end)
			c.allocated = float64(end.TotalAlloc-start.TotalAlloc) / float64(n.readings)
			c.allocations = float64(end.Mallocs-start.Mallocs) / float64(n.readings)
			costs[args[0]][hosts] = c
			t.Logf("%s of %d readings: %.1f MB at most, %.0f bytes and %.2f allocations a reading",
				args[0], n.readings, c.rss, c.allocated, c.allocations)
		}
	}
	for command, c := range costs {
		a, b := c[few], c[many]
		watched := thousand < 1000 // for races, which takes memory of its own
		if !watched && (b.rss > 40+idle || b.rss > a.rss+16) {
			t.Errorf("%s takes %.1f MB of %d hosts, %.1f MB of %d, and %.1f MB of none", command, a.rss, few, b.rss, many, idle)
		}
		if b.allocated > 1.1*a.allocated || b.allocations > 1.1*a.allocations || b.allocated > 1200 || b.allocations > 3 {
			t.Errorf("%s allocates %.0f bytes and %.2f times a reading of %d hosts, %.0f and %.2f of %d", command,
				a.allocated, a.allocations, few, b.allocated, b.allocations, many)
		}
	}
}
