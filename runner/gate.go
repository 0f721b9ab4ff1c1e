package runner

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/suites"
)

// Answer is what a gate says of the waves that wait for it.
type Answer string

// The answers of a gate.
const (
	Go        Answer = "go"        // enough of the wave is known, and it is well
	NoGo      Answer = "no-go"     // more hosts than the plan allows are proven to be worse
	Undecided Answer = "undecided" // neither is proven
)

// WaveSeen is what is known of a wave at one moment.
type WaveSeen struct {
	Wave  suites.Wave
	Hosts []HostSeen // every host of the wave, once
	// More says that the hosts not seen yet are still to come: a run that looks at all of
	// the wave is going on, or can be taken up.
	More bool
	// Lacks are changes that the plan wants and that no host which was seen could show.
	Lacks []string
}

// Gated is a gate's answer with all that it rests on.
type Gated struct {
	Answer Answer   `json:"answer"`
	Why    []string `json:"why"` // of the answer alone: what another answer would rest on is in Waves
	// Waves are the waves that were asked for and all that these wait for, which come
	// first. The answer is that of the worst.
	Waves []WaveGated `json:"waves"`
}

// WaveGated is what one wave comes to.
type WaveGated struct {
	Wave   string   `json:"wave"`
	Answer Answer   `json:"answer"`
	Why    []string `json:"why"`
	// The hosts by how they stand. Known are the well and the worse ones.
	Hosts   int `json:"hosts"`
	Known   int `json:"known"`
	Well    int `json:"well"`
	Worse   int `json:"worse"`
	Unknown int `json:"unknown"`
	Unseen  int `json:"unseen"`
	// The limits, in hosts.
	Quorum       int `json:"quorum"`
	MaxRegressed int `json:"max_regressed"`
	MaxUnknown   int `json:"max_unknown"`
	// More says that hosts are still to come.
	More bool `json:"more"`
}

// Gate says whether the waves behind the named ones may begin. The answer is go only
// where it is go for each of these and for each wave that they wait for, however far
// back. A wave that is not among those seen, has no host, or of which no host is known
// is never go.
//
// An answer is of its moment, and rests on the newest that is known of each host.
// No-go does not wait for hosts that are still to come: they could not mend it. A later
// run can, when it sees the hosts that were worse well again. Go can turn, too: a host
// that is still to come, beyond the quorum, can be worse, and so can any host when a
// later run looks again. So ask at the moment when the next wave is to begin. Undecided
// says neither, and why says what would decide it.
func Gate(waves []WaveSeen, after []string) Gated {
	g := gating{waves: waves, done: map[string]int{}}
	for _, name := range after {
		g.add(name)
	}
	all := Gated{Answer: Go, Waves: g.found}
	if len(g.found) == 0 {
		all.Answer, all.Why = Undecided, []string{"no wave is asked for"}
	}
	for _, w := range g.found {
		if worst(w.Answer) > worst(all.Answer) {
			all.Answer, all.Why = w.Answer, nil
		}
		if w.Answer == all.Answer {
			for _, why := range w.Why {
				all.Why = append(all.Why, w.Wave+": "+why)
			}
		}
	}
	return all
}

// worst orders the answers: what is proven comes before what is open.
func worst(a Answer) int { return slices.Index([]Answer{Go, Undecided, NoGo}, a) }

// gating walks from waves to those before them.
type gating struct {
	waves []WaveSeen
	done  map[string]int // 1: on the way to it, 2: done
	found []WaveGated
}

func (g *gating) add(name string) {
	switch g.done[name] {
	case 1:
		g.found = append(g.found, WaveGated{
			Wave: name, Answer: Undecided, Why: []string{"it waits for itself, by the waves before it"},
		})
		return
	case 2:
		return
	}
	g.done[name] = 1
	defer func() { g.done[name] = 2 }()
	i := slices.IndexFunc(g.waves, func(w WaveSeen) bool { return w.Wave.Name == name })
	if i < 0 {
		g.found = append(g.found, WaveGated{
			Wave: name, Answer: Undecided, Why: []string{"the plan has no wave of that name"},
		})
		return
	}
	for _, before := range g.waves[i].Wave.After {
		g.add(before)
	}
	g.found = append(g.found, gateOf(g.waves[i]))
}

// gateOf is the gate of one wave by itself.
func gateOf(w WaveSeen) WaveGated {
	g := WaveGated{Wave: w.Wave.Name, Hosts: len(w.Hosts), More: w.More}
	for _, h := range w.Hosts {
		switch h.Is {
		case HostWell:
			g.Well++
		case HostWorse:
			g.Worse++
		case HostUnknown:
			g.Unknown++
		default:
			g.Unseen++
		}
	}
	g.Known = g.Well + g.Worse
	limits := w.Wave.Gate
	if limits.Quorum == (suites.Share{}) { // a plan that was not read; it must not ask for nothing
		limits.Quorum = suites.Share{N: 100, Percent: true}
	}
	g.Quorum, g.MaxRegressed = limits.Quorum.AtLeast(g.Hosts), limits.MaxRegressed.AtMost(g.Hosts)
	g.MaxUnknown = limits.MaxUnknown.AtMost(g.Hosts)
	g.decide(w.Lacks)
	return g
}

func (g *WaveGated) decide(lacks []string) {
	if g.Worse > g.MaxRegressed {
		g.Answer = NoGo
		g.Why = []string{fmt.Sprintf("%s worse than before the patch, and %s may be",
			of(g.Worse, g.Hosts), most(g.MaxRegressed))}
		return
	}
	g.Why = g.open()
	switch whole := g.Known == g.Hosts; {
	case len(g.Why) > 0:
		g.Answer = Undecided
	case len(lacks) > 0 && whole:
		g.Answer = NoGo
		g.Why = []string{"the plan wants what no host of the wave shows: " + strings.Join(lacks, ", ")}
	case len(lacks) > 0:
		g.Answer = Undecided
		g.Why = []string{"the plan wants what no host shows so far: " + strings.Join(lacks, ", ")}
	default:
		g.Answer = Go
		g.Why = []string{g.passed()}
	}
}

// open says what keeps a wave without too many worse hosts from being go, and what
// would decide it.
func (g *WaveGated) open() []string {
	if g.Hosts == 0 {
		return []string{"it has no host, so that nothing can be known of it"}
	}
	var why []string
	comes := ""
	if g.More && g.Unseen > 0 {
		comes = fmt.Sprintf(": a run that is going on, or can be taken up, still has to see %d", g.Unseen)
	}
	if quorum := max(1, g.Quorum); g.Known < quorum {
		why = append(why, fmt.Sprintf("%s known, and the quorum is %d%s", of(g.Known, g.Hosts), quorum, comes))
	}
	unknown, parts := g.Unknown, []string{}
	if g.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be observed", g.Unknown))
	}
	if !g.More && g.Unseen > 0 {
		unknown += g.Unseen
		parts = append(parts, fmt.Sprintf("no run that counts has seen %d", g.Unseen))
	}
	if unknown > g.MaxUnknown {
		why = append(why, fmt.Sprintf("%s unknown (%s), and %s may be: verify what is missing",
			of(unknown, g.Hosts), strings.Join(parts, ", "), most(g.MaxUnknown)))
	}
	return why
}

// passed says on what go rests, and what could still turn it.
func (g *WaveGated) passed() string {
	text := fmt.Sprintf("%s known, and the quorum is %d; %d worse, and %s may be",
		of(g.Known, g.Hosts), g.Quorum, g.Worse, most(g.MaxRegressed))
	unknown := g.Unknown
	if !g.More {
		unknown += g.Unseen
	}
	text += fmt.Sprintf("; %d unknown, and %s may be", unknown, most(g.MaxUnknown))
	if g.More && g.Unseen > 0 {
		text += fmt.Sprintf("; %d still to be seen, which can turn this", g.Unseen)
	}
	return text
}

// of is "3 of 20 hosts are".
func of(n, total int) string {
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%d of %s %s", n, report.Count(total, "host"), verb)
}

func most(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprintf("at most %d", n)
}
