//go:build unix

package sql

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
)

const (
	fleet     = 100 // instances
	databases = 200 // of each
	// labVariable makes a program of its own of the tests: the instances, so that what they
	// cost is not counted as the client's. Its value is their time to think.
	labVariable = "POSTPATCH_SQL_INSTANCES"
)

// instance is one of the fleet.
func instance(think time.Duration) estate.Host {
	h := changed(func(s *estate.SQL) {
		s.Databases = map[string]estate.Database{}
		for i := range databases {
			s.Databases[fmt.Sprintf("Customer%03d", i)] = estate.Database{
				Backups: []estate.Backup{{Age: time.Hour}, {Type: "L", Age: time.Minute}},
			}
		}
	})
	h.Think = think
	return h
}

// TestBudget holds an instance, of which everything is asked that is by default, to one
// connection, one login and eight batches.
func TestBudget(t *testing.T) {
	h := instance(0)
	h.SQL.Server.HADR = true // or one part would not be asked
	h.SQL.Groups = map[string]estate.Group{"AG1": {Databases: map[string]estate.Copy{"Customer007": {}}}}
	s := serve(t, h, selfSigned(t, 7))
	p := build(t, map[string]any{"database": []string{"Customer007"}})
	if _, err := p.Observe(t.Context(), s.target()); err != nil {
		t.Fatal(err)
	}
	n := s.simulator.Counts()
	if n.Connections != 1 || n.Logins != 1 || n.Batches != 8 {
		t.Errorf("%d connections, %d logins, %d batches; want 1, 1 and 8", n.Connections, n.Logins, n.Batches)
	}
}

// TestInstances is no test, but the program that a benchmark starts: it writes the
// addresses of the instances, and for every line that it reads what they have had to do.
func TestInstances(t *testing.T) {
	think, err := time.ParseDuration(os.Getenv(labVariable))
	if err != nil {
		return // not started by a benchmark
	}
	h, cert := instance(think), selfSigned(t, 7)
	var simulators []*tds.Server
	for range fleet {
		s := serve(t, h, cert)
		simulators = append(simulators, s.simulator)
		_, _ = fmt.Println("at", s.address)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var all tds.Counts
		for _, s := range simulators {
			n := s.Counts()
			all.Connections += n.Connections
			all.Batches += n.Batches
			all.Received += n.Received
			all.Sent += n.Sent
		}
		text, _ := json.Marshal(all)
		_, _ = fmt.Printf("did %s\n", text)
	}
}

// program is the running program of the instances.
type program struct {
	addresses []string
	stdin     io.Writer
	stdout    *bufio.Scanner
}

func startInstances(b *testing.B, think time.Duration) *program {
	b.Helper()
	command := exec.CommandContext(b.Context(), os.Args[0], "-test.run", "^TestInstances$")
	command.Env = append(os.Environ(), labVariable+"="+think.String())
	stdin, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_, _ = io.Copy(io.Discard, stdout)
		_ = command.Wait()
	})
	p := &program{stdin: stdin, stdout: bufio.NewScanner(stdout)}
	for len(p.addresses) < fleet {
		p.addresses = append(p.addresses, p.read(b, "at "))
	}
	return p
}

// read returns the next line that begins so.
func (p *program) read(b *testing.B, prefix string) string {
	b.Helper()
	for p.stdout.Scan() {
		if text, found := strings.CutPrefix(p.stdout.Text(), prefix); found {
			return text
		}
	}
	b.Fatal("the instances have ended")
	return ""
}

func (p *program) counts(b *testing.B) (n tds.Counts) {
	b.Helper()
	_, err := io.WriteString(p.stdin, "\n")
	if err == nil {
		err = json.Unmarshal([]byte(p.read(b, "did ")), &n)
	}
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkInstances looks at a hundred instances of two hundred databases each, all at
// the same time.
func BenchmarkInstances(b *testing.B) {
	for _, think := range []time.Duration{0, 50 * time.Millisecond} {
		b.Run("think="+think.String(), func(b *testing.B) { lookAtFleet(b, think) })
	}
}

func lookAtFleet(b *testing.B, think time.Duration) {
	instances := startInstances(b, think)
	p, err := Kind.Build(map[string]any{"database": []string{"Customer007"}})
	if err != nil {
		b.Fatal(err)
	}
	before, cpu := instances.counts(b), processorTime(b)
	b.ResetTimer()
	for b.Loop() {
		var all sync.WaitGroup
		for _, address := range instances.addresses {
			all.Go(func() {
				if _, err := p.Observe(b.Context(), (&server{address: address}).target()); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	}
	spent := processorTime(b) - cpu
	after := instances.counts(b)
	each := float64(b.N * fleet)
	batches := float64(after.Batches-before.Batches) / each
	own := (2 + batches) * think.Seconds() // PRELOGIN and the login, too
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)-own, "beyond-think-s")
	b.ReportMetric(float64(after.Connections-before.Connections)/each, "connections/instance")
	b.ReportMetric(batches, "batches/instance")
	b.ReportMetric(float64(after.Sent-before.Sent)/each, "B-received/instance")
	b.ReportMetric(float64(after.Received-before.Received)/each, "B-sent/instance")
	b.ReportMetric(spent.Seconds()*1000/each, "cpu-ms/instance")
	b.ReportMetric(float64(peak(b))/1024, "peak-MB")
	b.ReportMetric(0, "ns/op")
}

func usage(b *testing.B) syscall.Rusage {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u
}

func processorTime(b *testing.B) time.Duration {
	u := usage(b)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that the process has had, in KiB.
func peak(b *testing.B) int64 { return int64(usage(b).Maxrss) }
