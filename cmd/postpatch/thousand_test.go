//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"postpatch/probes/lab"
)

// thousandEstate are hosts with WinRM alone, and few services: what counts here
// is connections. In trouble, a twentieth of them says nothing, and the next
// twentieth drops the connection each time it is asked for the script's answers.
func thousandEstate() string {
	return fmt.Sprintf(`estate: fleet
realm: FLEET.TEST
hosts:
  srv[0001-%04d]:
    winrm: {http: true, user: 'FLEET\probe', password: lab}
    os: {boot: 2026-10-14T02:31:00Z}
    services:
      W3SVC: {state: Running, mode: Auto, account: LocalSystem}
      Spooler: {state: Running, mode: Auto, account: LocalSystem}
states:
  well: {}
  trouble:
    srv[0001-%04d]: {winrm: {fault: silent}}
    srv[%04d-%04d]: {winrm: {faults: {Receive: drop}}}
`, thousand, thousand/20, thousand/20+1, thousand/10)
}

// held is what a process has in use, beside its open files.
type held struct {
	goroutines int
	heap       uint64 // bytes of live objects
}

// holds measures this process, after what is unused is gone: what a sync.Pool
// keeps goes with the second collection.
func holds() held {
	runtime.GC()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return held{runtime.NumGoroutine(), memory.HeapAlloc}
}

// back waits until the process has no more in use than before.
func (h held) back(t *testing.T) held {
	t.Helper()
	// A thousand connections with their buffers and their sessions are several
	// times this.
	const slack = 2 << 20
	limit := time.Now().Add(20 * time.Second)
	for {
		now := holds()
		if now.goroutines <= h.goroutines && now.heap <= h.heap+slack {
			return now
		}
		if time.Now().After(limit) {
			var stacks bytes.Buffer
			_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
			t.Fatalf("%+v in use, before it were %+v; goroutines:\n%.4000s", now, h, stacks.String())
		}
		runtime.Gosched()
	}
}

// openFiles counts this process's files and sockets.
func openFiles(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

// TestThousandHosts lets this process capture a thousand hosts again and again:
// by NTLM with a shell on each, by Kerberos with queries alone, with some hosts
// in trouble, and interrupted. After each run its sockets, goroutines and memory
// are where they began, and nothing of it is left in the lab, which is a process
// of its own.
func TestThousandHosts(t *testing.T) {
	wideOpen(t)
	t.Chdir(t.TempDir())
	write(t, "fleet.estate.yaml", thousandEstate())
	write(t, "all.suite.yaml", thousandSuite("all", 1, thousand, "60s"))
	write(t, "well.suite.yaml", thousandSuite("well", thousand/20+1, thousand, "60s"))
	write(t, "silent.suite.yaml", thousandSuite("silent", 1, thousand/20, "1s"))
	write(t, "ntlm.yaml", thousandCredentials(`FLEET\probe`, "auth: ntlm"))
	write(t, "kerberos.yaml", thousandCredentials("probe@FLEET.TEST", "auth: kerberos, krb5_conf: lab.krb5.conf"))
	f := &fleet{control: startLabProcess(t, "postpatch")}
	// What the program keeps for its whole life is there after the first hosts.
	for _, way := range []string{"ntlm", "kerberos"} {
		f.capture(t.Context(), t, 0, way+".yaml", "all.suite.yaml", "--hosts", "srv0001")
	}
	before, asked := f.settled(t), f.asked(t)
	began := holds()

	f.capture(t.Context(), t, 0, "ntlm.yaml", "all.suite.yaml")
	first := began.back(t)
	before = f.wellBehaved(t, before)
	f.capture(t.Context(), t, 0, "ntlm.yaml", "all.suite.yaml")
	first.back(t)
	before = f.wellBehaved(t, before)

	f.capture(t.Context(), t, 0, "kerberos.yaml", "all.suite.yaml", "--only", "disk")
	first.back(t)
	f.wellBehaved(t, before)
	// One login is two questions: the KDC wants a proof that the client does not
	// know to bring along.
	if now := f.asked(t); now["AS"]-asked["AS"] != 2 || now["TGS"]-asked["TGS"] < thousand {
		t.Errorf("the KDC was asked %v, before it %v: want one login and a ticket for each host", now, asked)
	}

	post(t, f.control+"/state/trouble")
	f.capture(t.Context(), t, 3, "ntlm.yaml", "well.suite.yaml", "silent.suite.yaml")
	first.back(t)
	for name, s := range f.settled(t) {
		if s.WinRM.Shells > 0 {
			t.Errorf("in trouble: %s keeps %d shells", name, s.WinRM.Shells)
		}
	}

	post(t, f.control+"/state/well")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	f.writes, f.interrupt = 5, interrupt
	f.capture(ctx, t, 130, "ntlm.yaml", "all.suite.yaml", "--progress", "tty")
	first.back(t)
	f.settled(t)
}

// fleet is a lab, and this process as its client.
type fleet struct {
	control string
	runs    int

	mu        sync.Mutex
	said      bytes.Buffer
	writes    int // until interrupt is called
	interrupt func()
}

// Write takes what the program says.
func (f *fleet) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writes--; f.writes == 0 {
		f.interrupt()
	}
	return f.said.Write(p)
}

// capture captures suites within this process, and wants its exit code and all
// files and sockets closed. A collection of garbage closes sockets that were
// forgotten, so there are few of them meanwhile, and none at the end.
func (f *fleet) capture(ctx context.Context, t *testing.T, want int, args ...string) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(256 << 20))
	f.runs++
	f.said.Reset()
	before := openFiles(t)
	start := time.Now()
	code := run(ctx, append([]string{
		"capture", "--connect-to", "lab.json", "--concurrency", strconv.Itoa(atOnce),
		"--name", fmt.Sprintf("run-%d", f.runs), "--progress", "never", "--credentials",
	}, args...), app{stdout: f, stderr: f, getenv: func(name string) string {
		return map[string]string{"LAB_PASSWORD": "lab"}[name]
	}})
	if code != want {
		t.Fatalf("%q: exit %d, want %d: %.4000s", args, code, want, f.said.String())
	}
	t.Logf("%q took %s", args, time.Since(start).Round(time.Millisecond))
	f.said = bytes.Buffer{}
	debug.SetMemoryLimit(math.MaxInt64) // no collection from here on, however often it is looked
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	open := openFiles(t)
	// A busy machine may let who closes a socket wait: for 20 seconds, if need be.
	for tries := 0; open > before && tries < 400; tries++ {
		<-look.C
		open = openFiles(t)
	}
	if open > before {
		t.Fatalf("%q: %d files are open, before it %d", args, open, before)
	}
}

// asked is what the lab's KDC was asked.
func (f *fleet) asked(t *testing.T) map[string]int {
	t.Helper()
	asked := map[string]int{}
	f.ask(t, "/kdc", &asked)
	return asked
}

// settled waits until the lab has no connection left, and returns what it counted
// by host.
func (f *fleet) settled(t *testing.T) map[string]lab.Stats {
	t.Helper()
	limit := time.Now().Add(20 * time.Second)
	for {
		var all map[string]lab.Stats
		f.ask(t, "/stats", &all)
		open := 0
		for _, s := range all {
			open += s.WinRM.Open
		}
		if open == 0 && len(all) == thousand {
			return all
		}
		if time.Now().After(limit) {
			t.Fatalf("%d connections to %d hosts are left", open, len(all))
		}
	}
}

// wellBehaved looks at what a run has added to what was counted before it: on
// every host one connection, at most six messages, all sealed, and nothing that
// stays. A host that is too busy to take its shell's end within two seconds is
// told so once more over another connection; few may be.
func (f *fleet) wellBehaved(t *testing.T, before map[string]lab.Stats) map[string]lab.Stats {
	t.Helper()
	now := f.settled(t)
	late := 0
	for _, name := range slices.Sorted(maps.Keys(now)) {
		s, was := now[name].WinRM, before[name].WinRM
		messages := total(s.Messages) - total(was.Messages)
		again := s.Connections - was.Connections - 1
		late += again
		if again < 0 || again > 1 || messages < 1 || messages > 6+again || s.Sealed-was.Sealed != messages ||
			s.Shells+s.Pools > 0 {
			t.Fatalf("%s came to %+v, before it %+v", name, s, was)
		}
	}
	if late > thousand/20 {
		t.Errorf("%d hosts had a second connection", late)
	}
	return now
}

func total(counts map[string]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

// ask reads what the lab's control server says.
func (f *fleet) ask(t *testing.T, path string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.control+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true // or it would count among our own
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// wideOpen lets this process have as many files open as the system allows.
func wideOpen(t *testing.T) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
}

// thousandSuite has three checks for the hosts of a range.
func thousandSuite(name string, first, last int, timeout string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "suite: %s\ntimeout: %s\nhosts:\n", name, timeout)
	for i := first; i <= last; i++ {
		fmt.Fprintf(&b, "  - srv%04d\n", i)
	}
	b.WriteString("checks:\n  - os: {}\n  - services: {}\n  - service: W3SVC\n  - disk: {}\n")
	return b.String()
}

func thousandCredentials(user, settings string) string {
	return fmt.Sprintf("credentials:\n  - {hosts: '*', user: '%s', password: {env: LAB_PASSWORD}, winrm: {%s}}\n",
		user, settings)
}
