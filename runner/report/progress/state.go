package progress

import (
	"cmp"
	"slices"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// mostNamed are the hosts that are named of all those that take long, or are not well.
const mostNamed = 3

// state is how far the run is.
type state struct {
	run     report.Run
	phase   string
	slowed  string // why not as many are asked as could be
	started time.Time
	begun   map[string]time.Time // hosts in flight
	waits   map[string]string    // what such a host is waited for
	done    int
	counts  map[report.Outcome]int // of checks
	unseen  int                    // hosts
	well    int                    // hosts
	worst   []fold.Row             // hosts that are not well, the worst first
	pace    pace
}

func newState() state {
	return state{begun: map[string]time.Time{}, waits: map[string]string{}, counts: map[report.Outcome]int{}}
}

func (s *state) begin(host string, now time.Time) {
	if s.begun[host].IsZero() {
		s.begun[host] = now
	}
}

// finish says whether the host was asked in this run, and is not read from its store.
func (s *state) finish(h report.Host, now time.Time) (asked bool) {
	_, asked = s.begun[h.Host]
	delete(s.begun, h.Host)
	delete(s.waits, h.Host)
	s.done++
	if !s.started.IsZero() {
		s.pace.add(now.Sub(s.started))
	}
	for o, n := range h.Counts {
		s.counts[o] += n
	}
	if h.Unreachable != "" {
		s.unseen++
	}
	row := s.row(h)
	if row.Tone() == fold.Good {
		s.well++
		return asked
	}
	s.worst = append(s.worst, row)
	slices.SortStableFunc(s.worst, func(a, b fold.Row) int {
		return cmp.Or(cmp.Compare(b.Rank(), a.Rank()), cmp.Compare(b.Broken(), a.Broken()))
	})
	s.worst = s.worst[:min(len(s.worst), mostNamed)]
	return asked
}

func (s *state) row(h report.Host) fold.Row { return fold.NewRow(h, s.run.Command == "diff") }

// visit is a host in flight.
type visit struct {
	host  string
	since time.Time
	what  string // it is waited for
}

// flight is who is in flight: those that are asked, and those that are waited for.
type flight struct {
	asked, waited int
	slowest       []visit // of both, the longest first
}

func (s *state) flight() flight {
	f := flight{asked: len(s.begun) - len(s.waits), waited: len(s.waits)}
	before := func(a, b visit) int { return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.host, b.host)) }
	for host, since := range s.begun { // there may be thousands
		v := visit{host: host, since: since}
		if len(f.slowest) == mostNamed && before(f.slowest[mostNamed-1], v) < 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(f.slowest, v, before)
		f.slowest = slices.Insert(f.slowest, at, v)
		f.slowest = f.slowest[:min(len(f.slowest), mostNamed)]
	}
	for i, v := range f.slowest {
		f.slowest[i].what = s.waits[v.host]
	}
	return f
}

// toCome is how many hosts nobody has begun to ask.
func (s *state) toCome() int { return max(s.run.Hosts-s.done-len(s.begun), 0) }

// perMinute is how many hosts were done of late, per minute; 0 where it is too early to say.
func (s *state) perMinute(now time.Time) int {
	const soonest = 3 * time.Second
	spent := now.Sub(s.started)
	if s.done < mostNamed || spent < soonest {
		return 0
	}
	return int(float64(s.pace.late(spent)) / min(spent, window).Minutes())
}

// left is about how long the rest takes; 0 where nobody can say, as of hosts that are
// waited for.
func (s *state) left(now time.Time) time.Duration {
	rate, rest := s.perMinute(now), s.toCome()+len(s.begun)
	if rate == 0 || rest == 0 || len(s.waits) == rest {
		return 0
	}
	left := time.Duration(float64(rest) / float64(rate) * float64(time.Minute))
	if left > 10*time.Minute {
		return left.Round(time.Minute)
	}
	return left.Round(10 * time.Second)
}

// window is how far back the pace is looked at.
const window = time.Minute

// pace counts what was finished in each of the last seconds.
type pace struct {
	seconds [int(window / time.Second)]int
	newest  int
}

func (p *pace) add(spent time.Duration) {
	p.advance(spent)
	p.seconds[p.newest%len(p.seconds)]++
}

// late is how many were finished within the window.
func (p *pace) late(spent time.Duration) int {
	p.advance(spent)
	n := 0
	for _, count := range p.seconds {
		n += count
	}
	return n
}

// advance empties the seconds that have passed since the newest.
func (p *pace) advance(spent time.Duration) {
	now := int(spent / time.Second)
	for p.newest = max(p.newest, now-len(p.seconds)); p.newest < now; {
		p.newest++
		p.seconds[p.newest%len(p.seconds)] = 0
	}
}
