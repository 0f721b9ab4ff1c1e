//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const fleetSize = 100

// fleetEstate are hosts as one finds them: some eighty services, a web site, a
// mail server, a name server, a SQL Server each; every answer takes think.
func fleetEstate(think time.Duration) string {
	return fmt.Sprintf(`estate: fleet
realm: FLEET.TEST
hosts:
  srv[001-%03d]:
    profile: windows-server-2022
    think: %s
    winrm: {plain: true, http: true, tls: true, user: 'FLEET\probe', password: lab}
    os: {ubr: 4294, boot: 2026-10-14T02:31:00Z}
    services:
      W3SVC: {state: Running, mode: Auto, account: LocalSystem}
      MSSQLSERVER: {state: Running, mode: Auto, account: LocalSystem}
    http: [{port: 80, pages: {/health: {body: healthy}}}]
    smtp: {banner: mail ready, extensions: [SIZE 37748736, PIPELINING, 8BITMIME]}
    dns: {records: [fleet.test. 3600 IN SOA a. b. 1 2 3 4 5, www.fleet.test. 300 IN A 10.0.0.5]}
    sql:
      user: probe
      password: lab
      version: 16.0.4165.4
      edition: Standard
      started: 2026-10-14T02:35:00Z
      databases: {master: {state: ONLINE}, Orders: {state: ONLINE}}
states:
  before: {}
  after:
    srv[001-%03d]: {os: {ubr: 4405, boot: 2026-11-23T02:10:55Z}}
`, fleetSize, think, fleetSize)
}

// fleetSuite has ten checks for each host.
func fleetSuite() string {
	var b strings.Builder
	b.WriteString("suite: fleet\nhosts:\n")
	for i := range fleetSize {
		fmt.Fprintf(&b, "  - srv%03d\n", i+1)
	}
	b.WriteString(`checks:
  - os: {}
  - services: {}
  - service: W3SVC
  - service: MSSQLSERVER
  - tcp: [80, 1433]
  - http: "http://{{ host.name }}/health"
  - {http: "http://{{ host.name }}/none", expect: {status: 404}, id: nothing}
  - smtp: 25
  - dns: www.fleet.test
  - sql: Orders
`)
	return b.String()
}

// ways are how the fleet is entered: what the credentials file says of it.
func ways() []struct{ name, entry string } {
	return []struct{ name, entry string }{
		{"Basic-clear", `user: 'FLEET\probe', winrm: {allow_plain: true}`},
		{"NTLM-sealed", `user: 'FLEET\probe', winrm: {auth: ntlm}`},
		{"Kerberos-sealed", "user: probe@FLEET.TEST, winrm: {auth: kerberos, krb5_conf: lab.krb5.conf}"},
		{"NTLM-TLS", `user: 'FLEET\probe', winrm: {auth: ntlm, tls: true, ca_file: lab.ca.pem}`},
	}
}

// BenchmarkFleet runs capture and verify over a hundred lab hosts with ten
// checks each, by each way in, each program a process of its own. It reports
// seconds of wall time, milliseconds of CPU time per host, and the peak of
// memory, of which all ways share what the program itself and the other kinds of
// check take. The wall time has the lab's own work in it, which shares the
// machine with its client.
func BenchmarkFleet(b *testing.B) {
	const think = 20 * time.Millisecond
	dir := b.TempDir()
	binary := filepath.Join(dir, "postpatch")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, out)
	}
	b.Chdir(dir)
	write(b, "fleet.estate.yaml", fleetEstate(think))
	write(b, "fleet.suite.yaml", fleetSuite())
	b.Setenv("LAB_PASSWORD", "lab")
	control := startLabProcess(b, binary)
	for _, way := range ways() {
		b.Run(way.name, func(b *testing.B) {
			write(b, "credentials.yaml", "credentials:\n"+
				"  - {hosts: '*', for: [sql], user: probe, password: {env: LAB_PASSWORD}, sql: {insecure: true}}\n"+
				"  - {hosts: '*', for: [winrm], password: {env: LAB_PASSWORD}, "+way.entry+"}\n")
			common := []string{
				"fleet.suite.yaml", "--credentials", "credentials.yaml", "--connect-to", "lab.json", "-q",
				"--progress", "never",
			}
			var captured, verified spent
			for b.Loop() {
				post(b, control+"/state/before")
				name := fmt.Sprintf("run-%d", time.Now().UnixNano())
				captured.run(b, binary, append([]string{"capture", "--name", name}, common...)...)
				post(b, control+"/state/after")
				verified.run(b, binary, append([]string{"verify", "--baseline", name}, common...)...)
			}
			captured.report(b, "capture")
			verified.report(b, "verify")
		})
	}
}

// spent is what a program took, over all of its runs.
type spent struct {
	wall, cpu time.Duration
	peak      int64 // KiB
}

// run runs one process to its end.
func (s *spent) run(b *testing.B, binary string, args ...string) {
	b.Helper()
	command := exec.CommandContext(b.Context(), binary, args...)
	start := time.Now()
	out, err := command.CombinedOutput()
	s.wall += time.Since(start)
	if err != nil {
		b.Fatalf("%q: %v\n%s", args, err, out)
	}
	usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		b.Fatal("no resource usage on this system")
	}
	s.cpu += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	s.peak = max(s.peak, usage.Maxrss)
}

func (s *spent) report(b *testing.B, what string) {
	b.Helper()
	runs := float64(b.N)
	b.ReportMetric(s.wall.Seconds()/runs, what+"-s")
	b.ReportMetric(s.cpu.Seconds()*1000/runs/fleetSize, what+"-cpu-ms/host")
	b.ReportMetric(float64(s.peak)/1024, what+"-MB")
}

// startLabProcess runs the lab as a program of its own, so that its costs are
// not the client's, and returns its control URL.
func startLabProcess(b testing.TB, binary string) string {
	b.Helper()
	lab := exec.CommandContext(context.WithoutCancel(b.Context()), binary, "lab", "fleet.estate.yaml",
		"--addresses", "lab.json")
	stderr, err := lab.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := lab.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := lab.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = lab.Process.Signal(os.Interrupt)
		_ = lab.Wait()
	})
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	// The lab serves when it says so.
	if _, err := bufio.NewReader(stderr).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(first[strings.Index(first, "http"):])
}

func post(b testing.TB, url string) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	request.Close = true // leaves nothing open
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode/100 != 2 {
		b.Fatal(errors.New(response.Status))
	}
}
