package baseline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"postpatch/probes/fact"
)

// jdVersion is built for the benchmark alone; nothing of ours needs it.
const jdVersion = "github.com/josephburnett/jd/v2/jd@v2.5.0"

// fleet are hosts of a thousand readings on two nights, one reading in a hundred
// changed.
func fleet(hosts int) (before, now []Host) {
	for i := range hosts {
		was := large(1000)
		was.Rename(fmt.Sprintf("srv%05d.corp.test", i))
		is := was
		is.Readings = append([]fact.Reading{}, was.Readings...)
		for k := i % 100; k < len(is.Readings); k += 100 {
			is.Readings[k].Value = otherwise(is.Readings[k].Value)
		}
		before, now = append(before, was), append(now, is)
	}
	return before, now
}

// otherwise is another value of the same type.
func otherwise(v fact.Value) fact.Value {
	switch v := v.(type) {
	case fact.Int:
		return v + 1
	case fact.Duration:
		return v + 1
	case fact.Set: // one element, at its place
		elems := v.Elems()
		elems[1] += "2"
		return fact.SetOf(elems...)
	default:
		return fact.Text("changed")
	}
}

// BenchmarkNights compares two nights of a hundred hosts: by the lines, by what they
// say, out of a store, and by the programs that people would take for it. Comm is as
// fast as lines can be compared at all; jd compares the same readings as JSON.
func BenchmarkNights(b *testing.B) {
	const hosts, changes = 100, 1000
	before, now := fleet(hosts)
	readings := float64(1000 * hosts)
	texts := func(side []Host) (all []string) {
		for _, h := range side {
			all = append(all, encode(b, h))
		}
		return all
	}
	was, is := texts(before), texts(now)
	ours := 0.0 // by lines, in the same run
	run := func(name string, compare func(b *testing.B) (changes int)) {
		b.Run(name, func(b *testing.B) {
			var start, end runtime.MemStats
			runtime.ReadMemStats(&start)
			begin := time.Now()
			for b.Loop() {
				if got := compare(b); got != changes {
					b.Fatalf("%d changes, want %d", got, changes)
				}
			}
			each := float64(time.Since(begin)) / float64(b.N) / readings
			runtime.ReadMemStats(&end)
			b.ReportMetric(each, "ns/reading")
			b.ReportMetric(float64(end.TotalAlloc-start.TotalAlloc)/float64(b.N)/readings, "B/reading")
			if ours == 0 {
				ours = each
			}
			b.ReportMetric(each/ours, "times-lines")
		})
	}
	run("lines", func(b *testing.B) (changes int) {
		for i := range was {
			got, err := DiffText(was[i], is[i], same0)
			if err != nil {
				b.Fatal(err)
			}
			changes += len(got.Changes)
		}
		return changes
	})
	run("decoded", func(b *testing.B) (changes int) {
		for i := range was {
			x, y, ok := parseBoth(was[i], is[i])
			if !ok {
				b.Fatal("not read")
			}
			changes += len(Diff(x, y, same0).Changes)
		}
		return changes
	})
	run("decoded alone", func(b *testing.B) (changes int) {
		for i := range was {
			x, err := parseHost(was[i])
			y, wrong := parseHost(is[i])
			if err != nil || wrong != nil {
				b.Fatal(err, wrong)
			}
			changes += len(Diff(x, y, same0).Changes)
		}
		return changes
	})
	out, in := snapshots(b, before, now)
	run("stored", func(b *testing.B) (changes int) {
		for _, h := range before {
			x, y, err := Both(b.Context(), Of{out, h.Host}, Of{in, h.Host})
			if err != nil {
				b.Fatal(err)
			}
			changes += len(Diff(x, y, same0).Changes)
		}
		return changes
	})
	peers(b, before, now, run)
}

func snapshots(b *testing.B, before, now []Host) (was, is *Snapshot) {
	b.Helper()
	s := open(b, filepath.Join(b.TempDir(), "evidence"))
	finish(b, s, "before", before...)
	finish(b, s, "now", now...)
	was, err := s.Read(b.Context(), "before")
	if err != nil {
		b.Fatal(err)
	}
	if is, err = s.Read(b.Context(), "now"); err != nil {
		b.Fatal(err)
	}
	return was, is
}

// peers runs what compares the same files, each as a program of its own.
func peers(b *testing.B, before, now []Host, run func(string, func(*testing.B) int)) {
	folder := b.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			b.Fatal(err)
		}
		return path
	}
	output := func(b *testing.B, program string, args ...string) []byte {
		cmd := exec.CommandContext(b.Context(), program, args...)
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		out, err := cmd.Output()
		if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1: they differ
			b.Fatalf("%v: %s", err, out)
		}
		return out
	}
	if comm := tool(b, "comm"); comm != "" {
		a, z := file("before.jsonl", lined(b, before)), file("now.jsonl", lined(b, now))
		run("comm -3", func(b *testing.B) int {
			return bytes.Count(output(b, comm, "-3", "--nocheck-order", a, z), []byte("\n")) / 2
		})
	}
	if jd := builtJD(b); jd != "" {
		a, z := file("before.json", asJSON(b, before)), file("now.json", asJSON(b, now))
		run("jd", func(b *testing.B) int {
			return bytes.Count(append([]byte("\n"), output(b, jd, a, z)...), []byte("\n@ "))
		})
	}
}

// tool finds a program, or says what goes without it. Nothing goes without it in CI.
func tool(b *testing.B, name string) string {
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") != "":
		b.Fatal(err)
	}
	b.Logf("not compared with %s: %v", name, err)
	return ""
}

// builtJD builds jd, as no module of ours has it.
func builtJD(b *testing.B) string {
	folder := b.TempDir()
	install := exec.CommandContext(b.Context(), "go", "install", jdVersion)
	install.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=")
	out, err := install.CombinedOutput()
	switch {
	case err == nil:
		return filepath.Join(folder, "jd"+map[bool]string{true: ".exe"}[runtime.GOOS == "windows"])
	case os.Getenv("CI") != "":
		b.Fatalf("building jd: %v\n%s", err, out)
	}
	b.Logf("not compared with jd: %v\n%s", err, out)
	return ""
}

// lined are the lines of all hosts.
func lined(b *testing.B, hosts []Host) []byte {
	var all bytes.Buffer
	for _, h := range hosts {
		all.WriteString(encode(b, h))
	}
	return all.Bytes()
}

// asJSON is one document of all readings, by host, check, item and name.
func asJSON(b *testing.B, hosts []Host) []byte {
	all := map[string]map[string]map[string]map[string]json.RawMessage{}
	for _, h := range hosts {
		checks := map[string]map[string]map[string]json.RawMessage{}
		for _, r := range h.Readings {
			if checks[r.Key.Check] == nil {
				checks[r.Key.Check] = map[string]map[string]json.RawMessage{}
			}
			if checks[r.Key.Check][r.Key.Item] == nil {
				checks[r.Key.Check][r.Key.Item] = map[string]json.RawMessage{}
			}
			checks[r.Key.Check][r.Key.Item][r.Key.Name] = fact.Encode(r.Value)
		}
		all[h.Host] = checks
	}
	data, err := json.Marshal(all)
	if err != nil {
		b.Fatal(err)
	}
	return data
}
