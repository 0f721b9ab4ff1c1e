package suites_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"postpatch/probes/all"
	"postpatch/suites"
)

// writeFleet writes suites as a large site has them, about 10 kB each: fifty hosts, some
// with an address, tags and variables, and checks of several kinds with expectations,
// assertions and comparisons. Each host is in five suites.
func writeFleet(tb testing.TB, count int) (files []string, bytes int) {
	tb.Helper()
	dir := tb.TempDir()
	for i := range count {
		text := suiteOf(i, count)
		file := filepath.Join(dir, fmt.Sprintf("team%04d.suite.yaml", i))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		files, bytes = append(files, file), bytes+len(text)
	}
	return files, bytes
}

func suiteOf(i, count int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What team %d wants of its servers.\nsuite: team-%04d\nowner: team%d@example.org\n", i, i, i)
	b.WriteString("vars: {mail_domain: example.org, least_free: 10, site: hq}\nhosts:\n")
	for k := range 50 {
		host := (i*50 + k) % (count * 10)
		if k%5 < 3 {
			fmt.Fprintf(&b, "  - srv%05d.corp.example.org\n", host)
			continue
		}
		address := fmt.Sprintf("10.%d.%d.%d", host/62500, host/250%250, host%250+1)
		fmt.Fprintf(&b, "  - {name: srv%05d.corp.example.org, address: %s, tags: [tier%d, web], vars: {site: s%d}}\n",
			host, address, host%3, host%7)
	}
	b.WriteString("checks:\n  - os: {}\n  - services: {}\n    why: whatever ran by itself before has to run again\n")
	for k := range 8 {
		where := "{{ host.name }}"
		if k%2 == 1 {
			where = "intranet.{{ mail_domain }}"
		}
		fmt.Fprintf(&b, checksOf, k, i, where)
	}
	return b.String()
}

const checksOf = `  # --- part %[1]d ---
  - service: [W3SVC%[1]d, Shop%[2]d, MSSQL$INST%[1]d]
    expect: {state: running, start_mode: {not: {one of: [manual, disabled]}}}
    why: no shop without them
  - ping: {count: 4}
    id: ping %[1]d
    expect: {loss: 0%%, rtt: "< 20ms"}
    assert: after.rtt < before.rtt * 3 or after.rtt < duration("5ms")
  - http: ["https://%[3]s/health%[1]d", "https://www%[1]d.{{ mail_domain }}/"]
    id: web %[1]d
    expect:
      status: {any of: [200, between 301 and 308]}
      latency: "< 2s"
    timeout: 20s
  - dns: {name: "autodiscover%[1]d.{{ mail_domain }}", type: A}
    id: autodiscover %[1]d
    compare: {ttl: ignore}
  - disk: [C, D, E]
    id: disk %[1]d
    assert:
      - that: after.free_percent >= int(host.vars.least_free)
        why: users fill the rest within a day
  - registry: 'HKLM\SOFTWARE\Example\Shop%[1]d\Version'
  - tcp: [135, 445, 3389]
    id: ports %[1]d
    hosts: tag:web
    why: administration needs them
`

// BenchmarkLint lints a thousand suites, beside what yaml.v3 takes for their nodes
// alone, one file after the other, in the same run.
func BenchmarkLint(b *testing.B) {
	files, size := writeFleet(b, 1000)
	kinds := all.Kinds()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var nodes, ours time.Duration
	for b.Loop() {
		b.StopTimer()
		runtime.GC()
		begin := time.Now()
		for _, file := range files {
			data, err := os.ReadFile(file)
			var n yaml.Node
			if err != nil || yaml.Unmarshal(data, &n) != nil {
				b.Fatal(file)
			}
		}
		nodes += time.Since(begin)
		runtime.GC()
		b.StartTimer()
		begin = time.Now()
		counts, problems := suites.Library{Kinds: kinds}.Lint(files)
		ours += time.Since(begin)
		if len(problems) > 0 || counts.Suites != len(files) {
			b.Fatal(suites.Format(problems, nil))
		}
	}
	b.ReportMetric(float64(ours)/float64(nodes), "times-yaml-nodes")
	b.ReportMetric(float64(nodes.Milliseconds())/float64(b.N), "ms-yaml-nodes")
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms-lint")
}
