package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/baseline"
	"postpatch/baseline/bucket"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/suites"
)

// wavesPlan is of 500 hosts. What its gates come to in hosts is written by hand in
// gateLimits, and what a wave waits for in gateChains.
const wavesPlan = `plan: window
suites: [fleet.suite.yaml]
waves:
  - {name: pilot, hosts: "tag:pilot"}
  - {name: tier2, hosts: "tag:tier2", after: pilot, quorum: 95%, max_regressed: 1, max_unknown: 5%}
  - {name: tier3, hosts: "tag:tier3", after: tier2, quorum: 90%, max_regressed: 2%, max_unknown: 5%}
  - {name: tier4, hosts: "tag:tier4", after: pilot, quorum: 97%, max_unknown: 3%}
  - {name: tier5, hosts: "tag:tier5", after: [tier3, tier4], quorum: 80, max_regressed: 1%, max_unknown: 10}
`

type gateLimit struct{ hosts, quorum, maxWorse, maxUnknown int }

func gateLimits() map[string]gateLimit {
	return map[string]gateLimit{
		"pilot": {37, 37, 0, 0}, "tier2": {90, 86, 1, 4}, "tier3": {100, 90, 2, 5}, "tier4": {110, 107, 0, 3},
		"tier5": {163, 80, 1, 10},
	}
}

func gateChains() map[string][]string {
	return map[string][]string{
		"pilot": {"pilot"}, "tier2": {"pilot", "tier2"}, "tier3": {"pilot", "tier2", "tier3"},
		"tier4": {"pilot", "tier4"}, "tier5": {"pilot", "tier2", "tier3", "tier4", "tier5"},
	}
}

func waveNames() []string { return []string{"pilot", "tier2", "tier3", "tier4", "tier5"} }

// Of 500 hosts in 5 waves 3 % do not come back and 1 % regress, and runs are killed and
// taken up: at 1,000 moments the gate says what counting says.
func TestTheGateIsRightAtEveryMoment(t *testing.T) {
	moments := 1000
	if testing.Short() || underRace {
		moments = 200
	}
	synctest.Test(t, func(t *testing.T) { newNight(t, 6).play(moments) })
}

// night is a maintenance window whose truth is known.
type night struct {
	*testing.T
	rand   *rand.Rand
	store  *baseline.Store
	bucket baseline.Place
	job    job
	hosts  map[string][]string // by wave
	gone   map[string]bool     // who does not come back
	broken map[string]bool     // who regresses

	// What is counted.
	looks   map[string][]runner.Standing // by host, in the order in which it was looked at
	going   map[string]int               // whole runs that are not finished, by wave
	writers map[string]*baseline.Writer
	said    map[runner.Answer]int
}

func newNight(t *testing.T, seed uint64) *night {
	n := &night{
		T: t, rand: rand.New(rand.NewPCG(seed, 6)), hosts: map[string][]string{}, gone: map[string]bool{},
		broken: map[string]bool{}, looks: map[string][]runner.Standing{}, going: map[string]int{},
		writers: map[string]*baseline.Writer{}, said: map[runner.Answer]int{},
	}
	folder := t.TempDir()
	var suite strings.Builder
	suite.WriteString("suite: fleet\nhosts:\n")
	var all []string
	for _, wave := range waveNames() {
		for range gateLimits()[wave].hosts {
			name := fmt.Sprintf("srv%03d", len(all))
			fmt.Fprintf(&suite, "  - {name: %s, tags: [%s]}\n", name, wave)
			all = append(all, name)
			n.hosts[wave] = append(n.hosts[wave], name)
		}
	}
	suite.WriteString("checks:\n  - service: W3SVC\n  - service: Spooler\n")
	for name, text := range map[string]string{"fleet.suite.yaml": suite.String(), "window.plan.yaml": wavesPlan} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := inputs{plan: filepath.Join(folder, "window.plan.yaml"), atOnce: 1}
	var err error
	a := app{stderr: t.Output(), getenv: func(string) string { return "" }}
	if n.job, err = in.load(t.Context(), a, nil); err != nil {
		t.Fatal(err)
	}
	n.rand.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	for i, host := range all {
		n.gone[host], n.broken[host] = i < 15, i >= 15 && i < 20
	}
	if n.bucket, err = bucket.At("mem://"); err != nil {
		t.Fatal(err)
	}
	n.store = baseline.Open(n.bucket)
	return n
}

// play has everything happen, and asks the gate at random moments.
func (n *night) play(moments int) {
	n.capture()
	events := n.events()
	at := make([]int, moments)
	for i := range at {
		at[i] = n.rand.IntN(len(events))
	}
	slices.Sort(at)
	for i, event := range events {
		time.Sleep(time.Duration(1+n.rand.IntN(30)) * time.Second)
		event()
		for len(at) > 0 && at[0] == i {
			at = at[1:]
			n.ask(waveNames()[n.rand.IntN(5)])
		}
	}
	n.Logf("%d events, answers: %v", len(events), n.said)
	for _, answer := range []runner.Answer{runner.Go, runner.NoGo, runner.Undecided} {
		if n.said[answer] < moments/40 {
			n.Errorf("the gate said %s %d times: the night shows too little", answer, n.said[answer])
		}
	}
}

// ask compares the gate's answer with what counting says.
func (n *night) ask(wave string) {
	n.Helper()
	c := gateJob{after: []string{wave}, now: time.Now}
	got, err := c.decide(n.Context(), n.job, n.store)
	if err != nil {
		n.Fatal(err)
	}
	want := runner.Go
	for _, of := range gateChains()[wave] {
		switch answer := n.counted(of); {
		case answer == runner.NoGo, answer == runner.Undecided && want == runner.Go:
			want = answer
		}
	}
	n.said[want]++
	if got.Answer != want {
		n.Fatalf("after %s: the gate says %s, and counting %s\n%s", wave, got.Answer, want, got.text())
	}
	if code := map[runner.Answer]int{runner.Go: 0, runner.NoGo: 1, runner.Undecided: 3}[want]; got.ExitCode != code {
		n.Errorf("%s has exit code %d", want, got.ExitCode)
	}
}

// counted is the answer of one wave by itself.
func (n *night) counted(wave string) runner.Answer {
	var well, worse, unknown int
	for _, host := range n.hosts[wave] {
		bad := false
		looks := n.looks[host]
		for _, look := range looks { // being away mends nothing
			bad = look == runner.HostWorse || bad && look == runner.HostUnknown
		}
		switch {
		case bad:
			worse++
		case len(looks) > 0 && looks[len(looks)-1] == runner.HostWell:
			well++
		case len(looks) > 0, n.going[wave] == 0:
			unknown++
		}
	}
	l := gateLimits()[wave]
	switch {
	case worse > l.maxWorse:
		return runner.NoGo
	case well+worse >= l.quorum && unknown <= l.maxUnknown:
		return runner.Go
	default:
		return runner.Undecided
	}
}

// events are those of all waves, each in its own order, and the pilot's first half
// before the others'.
func (n *night) events() []func() {
	queues := make([][]func(), len(waveNames()))
	left := 0
	for i, wave := range waveNames() {
		queues[i] = n.eventsOf(wave)
		left += len(queues[i])
	}
	var all []func()
	for left > 0 {
		i := n.rand.IntN(len(queues))
		if i > 0 && len(all) < len(queues[0])/2 {
			i = 0
		}
		if len(queues[i]) > 0 {
			all, queues[i], left = append(all, queues[i][0]), queues[i][1:], left-1
		}
	}
	return all
}

// eventsOf is the night of a wave: an early pass, a run that is killed and taken up,
// looks at a few hosts in between and after it, and a late pass.
func (n *night) eventsOf(wave string) []func() {
	hosts := n.shuffled(n.hosts[wave])
	early := hosts[:5]
	var events []func()
	if wave == "tier2" {
		events = n.run(visit{name: wave + "-early", wave: wave, pass: "early", hosts: early, ignored: true})
		other := visit{name: wave + "-other", wave: wave, plan: "another", hosts: early, ignored: true}
		events = append(events, n.run(other)...)
	}
	whole := visit{name: wave + "-main", wave: wave, hosts: hosts}
	main := n.run(whole)
	cuts := []int{2 + n.rand.IntN(len(hosts)/2), 2 + len(hosts)/2 + n.rand.IntN(len(hosts)/2-2)}
	for i, event := range main {
		if slices.Contains(cuts, i) {
			events = append(events, func() { n.kill(whole.name, hosts) })
			if seen := hosts[:i-1]; i == cuts[0] {
				events = append(events, func() { n.comeBack(seen, false) })
				events = append(events, n.run(visit{name: wave + "-between", wave: wave, hosts: n.bad(seen)})...)
			}
			events = append(events, func() { n.resume(whole) })
		}
		events = append(events, event)
	}
	events = append(events, func() { n.comeBack(hosts, false) })
	events = append(events, n.run(visit{name: wave + "-again", wave: wave, hosts: n.shuffled(n.bad(hosts))})...)
	events = append(events, func() { n.relapse(hosts) })
	events = append(events, n.run(visit{name: wave + "-late", wave: wave, pass: "late", hosts: n.shuffled(hosts)})...)
	events = append(events, func() { n.comeBack(hosts, true) })
	return append(events, n.run(visit{name: wave + "-last", wave: wave, hosts: n.shuffled(hosts)})...)
}

func (n *night) shuffled(hosts []string) []string {
	mixed := slices.Clone(hosts)
	n.rand.Shuffle(len(mixed), func(i, k int) { mixed[i], mixed[k] = mixed[k], mixed[i] })
	return mixed
}

// bad are a well host and those that are not, before anything is mended.
func (n *night) bad(hosts []string) []string {
	bad := []string{hosts[0]}
	for _, host := range hosts[1:] {
		if n.gone[host] || n.broken[host] {
			bad = append(bad, host)
		}
	}
	return bad
}

// comeBack has some or all of the hosts come back, and some or all be mended.
func (n *night) comeBack(hosts []string, all bool) {
	for _, host := range hosts {
		if all || n.rand.IntN(3) == 0 {
			n.gone[host] = false
		}
		if all || n.rand.IntN(2) == 0 {
			n.broken[host] = false
		}
	}
}

// relapse breaks one host in 40, and switches one off.
func (n *night) relapse(hosts []string) {
	for _, host := range hosts {
		n.broken[host] = n.rand.IntN(40) == 0
		n.gone[host] = n.rand.IntN(60) == 0
	}
}

// visit is a verify run.
type visit struct {
	name, wave, pass, plan string
	hosts                  []string
	ignored                bool // it is no evidence
}

func (v visit) whole(n *night) bool { return len(v.hosts) == len(n.hosts[v.wave]) && !v.ignored }

func (n *night) head(v visit) baseline.Head {
	waves, err := n.job.plan.FindWaves([]string{v.wave})
	if err != nil {
		n.Fatal(err)
	}
	asks := n.job.of(waves...)
	other := func(h suites.Host) bool { return !slices.Contains(v.hosts, h.Name) }
	asks.set.Hosts = slices.DeleteFunc(asks.set.Hosts, other)
	return baseline.Head{
		Run: v.name, Command: "verify", Started: time.Now(), Baseline: "before", Plan: n.job.plan.Digest,
		PlanName: cmp.Or(v.plan, n.job.plan.Name), Wave: v.wave, Pass: v.pass, Suites: suiteInfos(n.job),
		Asked: askedOf(asks),
	}
}

// run are the events of a run that nothing happens to.
func (n *night) run(v visit) []func() {
	events := []func(){func() {
		w, err := n.store.Create(n.Context(), n.head(v))
		n.check(err)
		n.writers[v.name] = w
		if v.whole(n) {
			n.going[v.wave]++
		}
	}}
	for _, host := range v.hosts {
		events = append(events, func() {
			state := n.stateOf(host)
			if v.ignored {
				state = []runner.Standing{runner.HostWorse, runner.HostWell}[n.rand.IntN(2)]
			} else {
				n.looks[host] = append(n.looks[host], state)
			}
			n.check(n.writers[v.name].Put(n.Context(), n.observed(host, state)))
		})
	}
	return append(events, func() {
		n.check(n.writers[v.name].Finish(n.Context(), time.Now(), nil))
		if v.whole(n) {
			n.going[v.wave]--
		}
	})
}

func (n *night) check(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err)
	}
}

// kill leaves a run as a power cut does: a host that it has yet to store is half there.
func (n *night) kill(run string, hosts []string) {
	stored := n.writers[run].Stored()
	n.writers[run] = nil
	b, err := n.bucket.Open(n.Context(), false)
	n.check(err)
	file := func(host string) string { return run + "/hosts/" + host + ".jsonl.zst" }
	data, err := b.ReadAll(n.Context(), file(stored[0]))
	n.check(err)
	for _, host := range hosts {
		if !slices.Contains(stored, host) {
			n.check(b.WriteAll(n.Context(), file(host), data[:n.rand.IntN(len(data))], nil))
			return
		}
	}
}

func (n *night) resume(v visit) {
	w, err := n.store.Resume(n.Context(), n.head(v))
	n.check(err)
	n.writers[v.name] = w
}

func (n *night) stateOf(host string) runner.Standing {
	switch {
	case n.gone[host]:
		return runner.HostUnknown
	case n.broken[host]:
		return runner.HostWorse
	default:
		return runner.HostWell
	}
}

func (n *night) capture() {
	w, err := n.store.Create(n.Context(), baseline.Head{
		Run: "before", Command: "capture", Started: time.Now(), Suites: suiteInfos(n.job), Asked: askedOf(n.job),
	})
	n.check(err)
	for _, h := range n.job.set.Hosts {
		n.check(w.Put(n.Context(), n.observed(h.Name, runner.HostWell)))
	}
	time.Sleep(time.Minute)
	n.check(w.Finish(context.WithoutCancel(n.Context()), time.Now(), nil))
	time.Sleep(time.Minute)
}

// observed is a host as a run would store it: what is unknown is so in several ways.
func (n *night) observed(name string, state runner.Standing) baseline.Host {
	return observedHost(n.job, name, state, n.rand.IntN(3))
}

// observedHost is a host as a run would store it; way is in which of three ways it is
// unknown.
func observedHost(j job, name string, state runner.Standing, way int) baseline.Host {
	i := slices.IndexFunc(j.set.Hosts, func(h suites.Host) bool { return h.Name == name })
	h := baseline.Host{Host: name, Identity: "machine of " + name}
	if state != runner.HostUnknown {
		way = -1
	}
	for k, c := range j.set.Hosts[i].Checks {
		record := baseline.Check{Check: c.Key(), Kind: c.Kind.Name, Asked: c.Asked}
		value := fact.Text("running")
		if state == runner.HostWorse && k == 1 {
			value = "stopped"
		}
		item := strings.TrimPrefix(c.ID, "service/")
		switch {
		case way == 0:
			record.Error = "no answer"
		case way == 1 && k == 0:
			record.Error = "access denied"
		default:
			h.Readings = append(h.Readings,
				fact.Reading{Key: fact.Key{Host: name, Check: c.Key(), Item: item, Name: "state"}, Value: value},
				fact.Reading{Key: fact.Key{Host: name, Check: c.Key(), Item: item, Name: "start_mode"}, Value: fact.Text("auto")})
		}
		h.Checks = append(h.Checks, record)
	}
	switch way {
	case 0:
		h.Unreachable, h.Identity = "no answer", ""
	case 2:
		h.Identity = "another machine"
	}
	return h
}
