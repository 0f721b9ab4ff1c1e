package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/baseline/bucket"
	"postpatch/runner"
)

// shelved is a store with runs of a plan, and what gate says of them.
type shelved struct {
	*testing.T
	store *baseline.Store
	job   job
	began time.Time
	out   bytes.Buffer
	app   app
	at    gateJob
}

// shelve begins a store in this folder with the baseline of a plan of so many hosts:
// pilot1…, then rest1….
func shelve(t *testing.T, plan string, pilots, rest int) *shelved {
	t.Chdir(t.TempDir())
	var suite strings.Builder
	suite.WriteString("suite: shop\nhosts:\n")
	for i := range pilots {
		fmt.Fprintf(&suite, "  - {name: pilot%02d, tags: [pilot]}\n", i+1)
	}
	for i := range rest {
		fmt.Fprintf(&suite, "  - {name: rest%02d, tags: [rest]}\n", i+1)
	}
	suite.WriteString("checks:\n  - service: W3SVC\n  - service: Spooler\n")
	write(t, "shop.suite.yaml", suite.String())
	write(t, "november.plan.yaml", "plan: november\nsuites: [shop.suite.yaml]\n"+plan)
	s := &shelved{T: t, began: time.Date(2026, 11, 10, 20, 0, 0, 0, time.UTC)}
	s.app = app{stdout: &s.out, stderr: t.Output(), getenv: func(string) string { return "" }}
	s.at = gateJob{inputs: inputs{plan: "november.plan.yaml", store: "evidence", scripts: true, atOnce: 1}}
	s.at.now = func() time.Time { return s.began }
	var err error
	if s.job, err = s.at.load(t.Context(), s.app, nil); err != nil {
		t.Fatal(err)
	}
	place, err := bucket.At("evidence")
	if err != nil {
		t.Fatal(err)
	}
	s.store = baseline.Open(place)
	s.run(baseline.Head{Run: "before", Command: "capture"}, s.names(""), nil)
	return s
}

// names are those of the hosts that begin so.
func (s *shelved) names(prefix string) []string {
	var names []string
	for _, h := range s.job.set.Hosts {
		if strings.HasPrefix(h.Name, prefix) {
			names = append(names, h.Name)
		}
	}
	return names
}

// run stores a run of some hosts; those that states does not name are well. It takes ten
// minutes, and half an hour later there can be another. Of a cut one there is no manifest.
func (s *shelved) run(h baseline.Head, hosts []string, states map[string]runner.Standing) {
	s.Helper()
	cut := h.Pass == "cut"
	if cut {
		h.Pass = ""
	}
	h.Started, h.Suites = s.began, suiteInfos(s.job)
	if h.Command == "" {
		h.Command, h.Baseline, h.Plan = "verify", "before", s.job.plan.Digest
		h.PlanName = s.job.plan.Name
	}
	if waves, err := s.job.plan.FindWaves(strings.Fields(h.Wave)); h.Wave != "" && h.Asked == "" {
		if err != nil {
			s.Fatal(err)
		}
		h.Asked = askedOf(s.job.of(waves...))
	}
	w, err := s.store.Create(s.Context(), h)
	if err != nil {
		s.Fatal(err)
	}
	for _, host := range hosts {
		is := states[host]
		if err := w.Put(s.Context(), observedHost(s.job, host, is, 0)); err != nil {
			s.Fatal(err)
		}
	}
	if !cut {
		if err := w.Finish(s.Context(), s.began.Add(10*time.Minute), nil); err != nil {
			s.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join("evidence", h.Run, "hosts", "*"))
	if err != nil {
		s.Fatal(err)
	}
	for _, file := range files {
		if err := os.Chtimes(file, time.Time{}, s.began.Add(5*time.Minute)); err != nil {
			s.Fatal(err)
		}
	}
	s.began = s.began.Add(40 * time.Minute)
}

// resume takes up a run that was cut off.
func (s *shelved) resume(run string, hosts []string) {
	s.Helper()
	g, err := s.store.Peek(s.Context(), run)
	if err != nil {
		s.Fatal(err)
	}
	h := g.Head()
	h.Started = s.began
	w, err := s.store.Resume(s.Context(), h)
	if err != nil {
		s.Fatal(err)
	}
	for _, host := range hosts {
		if err := w.Put(s.Context(), observedHost(s.job, host, runner.HostWell, 0)); err != nil {
			s.Fatal(err)
		}
	}
	if err := w.Finish(s.Context(), s.began.Add(10*time.Minute), nil); err != nil {
		s.Fatal(err)
	}
	s.began = s.began.Add(40 * time.Minute)
}

func (s *shelved) after(wave string) gateAnswer {
	s.Helper()
	c := s.at
	c.after = []string{wave}
	answer, err := gate(s.Context(), s.app, c)
	if err != nil {
		s.Fatal(err)
	}
	if err := c.show(s.app, answer); err != nil {
		s.Fatal(err)
	}
	return answer
}

func (s *shelved) want(wave string, want runner.Answer, words string) {
	s.Helper()
	if got := s.after(wave); got.Answer != want || !strings.Contains(got.text(), words) {
		s.Errorf("want %s, and %q; got\n%s", want, words, got.text())
	}
}

// TestREADMEGate holds the README's gate against what really comes out.
func TestREADMEGate(t *testing.T) {
	const path = "../../README.md"
	where, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(where)
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
	start, end := block(t, readme, "waves")
	s := shelve(t, readme[start:end], 3, 40)
	s.run(baseline.Head{Run: "pilot-verify", Wave: "pilot"}, s.names("pilot"), nil)
	s.want("pilot", runner.Go, "GO")
	s.run(baseline.Head{Run: "rest-verify", Wave: "rest"}, s.names("rest"), map[string]runner.Standing{
		"rest07": runner.HostWorse, "rest11": runner.HostUnknown, "rest12": runner.HostUnknown, "rest30": runner.HostUnknown,
	})
	s.out.Reset()
	s.want("rest", runner.Undecided, "rest")
	start, end = block(t, readme, "gated")
	got := "$ postpatch gate --plan november.plan.yaml --after rest\n" + s.out.String()
	if *update {
		write(t, where, readme[:start]+got+readme[end:])
		return
	}
	if d := cmp.Diff(readme[start:end], got); d != "" {
		t.Errorf("the README's gate is not what comes out (-README +now); go test ./cmd/postpatch -update:\n%s", d)
	}
}

const twoWaves = `waves:
  - {name: pilot, hosts: "tag:pilot"}
  - {name: rest, hosts: "tag:rest", after: pilot, quorum: 50%, max_unknown: 1}
`

// Last month's runs under the same plan's name are no evidence for this month's patch.
func TestRunsFromBeforeTheBaselineAreNoEvidence(t *testing.T) {
	s := shelve(t, twoWaves, 2, 2)
	s.run(baseline.Head{Run: "october", Wave: "pilot"}, s.names("pilot"), nil)
	s.want("pilot", runner.Go, "From     october")
	s.run(baseline.Head{Run: "capture-2", Command: "capture"}, s.names(""), nil)
	s.want("pilot", runner.Undecided, "run october is older than the baseline capture-2 of 2 hosts")
	// What was compared with the old baseline is not well, but can be worse.
	s.run(baseline.Head{Run: "old-basis", Wave: "pilot"}, s.names("pilot"), nil)
	s.want("pilot", runner.Undecided, "the run compared with before, and what counts is capture-2")
	s.run(baseline.Head{Run: "old-worse", Wave: "pilot"}, s.names("pilot"),
		map[string]runner.Standing{"pilot02": runner.HostWorse})
	s.want("pilot", runner.NoGo, "pilot02")
	s.at.baselines = []string{"before", "capture-2"}
	s.want("pilot", runner.NoGo, "pilot02")
}

func TestRunsThatAreNoEvidence(t *testing.T) {
	for _, h := range []baseline.Head{
		{Run: "x", Wave: "pilot", Pass: "early"},
		{Run: "x", Wave: "pilot", Command: "verify", Baseline: "before", Plan: "other", PlanName: "december"},
		{Run: "x", Command: "verify", Baseline: "before"},
		{Run: "x", Command: "capture"},
	} {
		t.Run(h.Command+h.Pass+h.PlanName, func(t *testing.T) {
			s := shelve(t, twoWaves, 2, 2)
			s.run(h, s.names("pilot"), nil)
			s.want("pilot", runner.Undecided, "no run that counts has seen 2")
		})
	}
	s := shelve(t, twoWaves, 2, 2) // of a version that wrote no name
	s.run(baseline.Head{Run: "x", Command: "verify", Baseline: "before", Plan: s.job.plan.Digest}, s.names("pilot"), nil)
	s.want("pilot", runner.Go, "From     x")
}

// An unfinished run lets hosts be missing only where it will bring them.
func TestWhatIsStillToCome(t *testing.T) {
	for _, c := range []struct {
		name string
		wave string
		edit func(s *shelved)
		want runner.Answer
	}{
		{"the wave's own run", "rest", nil, runner.Go},
		{"one of another wave", "pilot", nil, runner.Undecided},
		{"one that asks something else than now", "rest", func(s *shelved) {
			write(s, "shop.suite.yaml", strings.Replace(string(readAll(s, "shop.suite.yaml")), "  - service: Spooler\n", "", 1))
		}, runner.Undecided},
		{"one whose plan has changed", "rest", func(s *shelved) {
			write(s, "november.plan.yaml", string(readAll(s, "november.plan.yaml"))+"reboot: allowed\n")
		}, runner.Undecided},
		{"one whose suite has changed, though it asks the same", "rest", func(s *shelved) {
			write(s, "shop.suite.yaml", string(readAll(s, "shop.suite.yaml"))+"    why: it prints\n")
		}, runner.Undecided},
		{"one whose baseline is no more the newest", "rest", func(s *shelved) {
			s.run(baseline.Head{Run: "capture-2", Command: "capture"}, s.names("rest"), nil)
			s.run(baseline.Head{
				Run: "part", Command: "verify", Baseline: "capture-2", Plan: s.job.plan.Digest, PlanName: "november",
			}, s.names("rest")[:5], nil)
		}, runner.Undecided},
		{"one of a part of the wave's hosts", "rest", func(s *shelved) {
			if err := os.RemoveAll("evidence/half"); err != nil {
				s.Fatal(err)
			}
			s.run(baseline.Head{Run: "part", Wave: "rest", Pass: "cut", Asked: "a part"}, s.names("rest")[:5], nil)
		}, runner.Undecided},
		{"one with files that are not whole", "rest", func(s *shelved) {
			for _, host := range s.names("rest")[5:8] {
				write(s, "evidence/half/hosts/"+host+".jsonl.zst", "half a file")
			}
		}, runner.Go},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := shelve(t, twoWaves, 2, 10)
			s.run(baseline.Head{Run: "pilot-verify", Wave: "pilot"}, s.names("pilot"), nil)
			s.run(baseline.Head{Run: "half", Wave: c.wave, Pass: "cut"}, s.names("rest")[:5], nil)
			if c.edit != nil {
				c.edit(s)
			}
			s.want("rest", c.want, "rest")
		})
	}
}

func readAll(s *shelved, file string) []byte {
	s.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		s.Fatal(err)
	}
	return data
}

// What a run of a wrong clock saw takes nobody's place, and the other way round.
func TestARunFromTheFutureIsNotTheNewest(t *testing.T) {
	s := shelve(t, twoWaves, 2, 2)
	now := s.began.Add(2 * time.Hour)
	s.at.now = func() time.Time { return now }
	s.run(baseline.Head{Run: "worse", Wave: "pilot"}, s.names("pilot"),
		map[string]runner.Standing{"pilot01": runner.HostWorse})
	s.began = s.began.Add(24 * time.Hour)
	s.run(baseline.Head{Run: "ahead", Wave: "pilot"}, s.names("pilot"), nil)
	s.want("pilot", runner.NoGo, "a clock is or was wrong")
}

// A run is cut off, a host that it saw is mended and looked at alone, and then the run is
// taken up: what the run saw of that host is the older, though the run ended last.
func TestMendedBetweenCutAndResume(t *testing.T) {
	for _, c := range []struct {
		first, then runner.Standing
		want        runner.Answer
	}{{runner.HostWorse, runner.HostWell, runner.Go}, {runner.HostWell, runner.HostWorse, runner.NoGo}} {
		s := shelve(t, twoWaves, 2, 2)
		s.run(baseline.Head{Run: "main", Wave: "pilot", Pass: "cut"}, s.names("pilot01"),
			map[string]runner.Standing{"pilot01": c.first})
		s.run(baseline.Head{Run: "alone", Wave: "pilot"}, s.names("pilot01"), map[string]runner.Standing{"pilot01": c.then})
		half := s.after("pilot")
		if worse := half.Answer == runner.NoGo; worse != (c.then == runner.HostWorse) {
			t.Errorf("%s, then %s, while cut off:\n%s", c.first, c.then, half.text())
		}
		s.unclocked("main", func() { s.want("pilot", runner.NoGo, "pilot01") })
		s.resume("main", s.names("pilot02"))
		s.want("pilot", c.want, "pilot")
		s.unclocked("main", func() { s.want("pilot", runner.NoGo, "pilot01") })
	}
}

// unclocked has nothing tell when a run's first host was stored, while it does something:
// then the worse of what two runs saw counts.
func (s *shelved) unclocked(run string, do func()) {
	s.Helper()
	file := filepath.Join("evidence", run, "hosts", "pilot01.jsonl.zst")
	info, err := os.Stat(file)
	for _, at := range []time.Time{time.Unix(0, 0), info.ModTime()} {
		if err == nil {
			err = os.Chtimes(file, time.Time{}, at)
		}
		if err != nil {
			s.Fatal(err)
		}
		if at.Unix() == 0 {
			do()
		}
	}
}

func TestADamagedRunOfThePlanLeavesNoAnswer(t *testing.T) {
	for file, also := range map[string]bool{
		"manifest.json": true, "begun.json": false, "hosts/pilot01.jsonl.zst": true,
	} {
		s := shelve(t, twoWaves, 2, 2)
		s.run(baseline.Head{Run: "first", Wave: "pilot"}, s.names("pilot"), nil)
		s.run(baseline.Head{Run: "second", Wave: "pilot"}, s.names("pilot"), nil)
		path := filepath.Join("evidence", "second", filepath.FromSlash(file))
		data := readAll(s, path)
		data[len(data)/2] ^= 1
		write(t, path, string(data))
		c := s.at
		c.after = []string{"pilot"}
		if _, err := gate(t.Context(), s.app, c); err == nil || !strings.Contains(err.Error(), "second") {
			t.Errorf("%s: %v", file, err)
		}
		if !also {
			continue
		}
		// One of another plan that is damaged says nothing of this one.
		write(t, "december.plan.yaml", strings.Replace(string(readAll(s, "november.plan.yaml")), "november", "december", 1))
		c.plan = "december.plan.yaml"
		if answer, err := gate(t.Context(), s.app, c); err != nil || answer.Answer != runner.Undecided {
			t.Errorf("%s of another plan: %v, %v", file, answer.Answer, err)
		}
	}
}

// A change that the plan wants and that no host of the wave shows keeps from go; one of
// a kind that only another wave's hosts are asked about does not.
func TestWhatThePlanWantsOfAWave(t *testing.T) {
	s := shelve(t, twoWaves+"must_change: {service/Absent.state: running}\n", 2, 2)
	s.run(baseline.Head{Run: "v", Wave: "pilot"}, s.names("pilot"), nil)
	s.want("pilot", runner.NoGo, "the plan wants what no host of the wave shows: service/Absent.state")
	const check = "checks:\n  - os: {}\n    hosts: [rest01]\n"
	write(t, "shop.suite.yaml", strings.Replace(string(readAll(s, "shop.suite.yaml")), "checks:\n", check, 1))
	const absent, build = "service/Absent.state: running", `os.build: "1.2"`
	write(t, "november.plan.yaml", strings.Replace(string(readAll(s, "november.plan.yaml")), absent, build, 1))
	s.want("pilot", runner.Go, "pilot")
	s.want("rest", runner.Undecided, "rest")
}

func TestGateRefuses(t *testing.T) {
	s := shelve(t, `waves: [{name: pilot, hosts: "tag:pilot"}, {name: none, hosts: "tag:none"},`+
		` {name: last, hosts: "tag:rest", after: none}]`+"\n", 1, 1)
	for wave, words := range map[string]string{
		"pilto": `did you mean "pilot"?`,
		"none":  "wave none is empty: none of its hosts (tag:none) is in the suites",
		"last":  "wave none is empty",
	} {
		c := s.at
		c.after = []string{wave}
		if _, err := gate(t.Context(), s.app, c); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q", wave, err, words)
		}
	}
}
