package runner

// strain is what a visit tells of whether too much is asked at once.
type strain int

const (
	calm strain = iota
	dead        // nothing answered, which a host that is down does at any pace
	slow        // the host answered, but its session did not in time
	busy        // the host refuses more: WinRM's quotas, HTTP 503
)

// Pace is how many hosts are visited at the same time.
type Pace struct {
	Now, Most int
	Why       string // it was slowed down; "" at full pace
}

// pacer says how many visits may be under way, as TCP does of bytes: a sign of strain halves
// it, and every visit without one gives a little back. Visits that were begun before it was
// last halved say nothing of the pace since.
type pacer struct {
	most, floor int
	limit       float64
	epoch       int
	why         string

	// Of the visits of this epoch, up to a window of them:
	ended, slow, busy int
	share             float64 // of slow ones, when it was last halved for them
}

const (
	// steps are how many windows of visits give back what the whole may lose: half comes
	// back in eight, which is 10 to 30 seconds where a visit takes one to four.
	steps = 16
	// sample is how many visits tell whether many of them are slow.
	sample = 16
	// few is the part of visits that may be refused once the pace has been halved. What
	// fewer hosts refuse is their own matter, such as shells that somebody left open there:
	// WinRM counts its quotas (30 shells and 1500 operations of a user) on each host.
	few = 8
	// lowest is the part of the whole below which it never falls.
	lowest = 10
)

func newPacer(most int) pacer {
	most = max(most, 1)
	return pacer{most: most, floor: (most + lowest - 1) / lowest, limit: float64(most)}
}

// now is how many may be under way.
func (p *pacer) now() int { return int(p.limit) }

func (p *pacer) pace() Pace { return Pace{p.now(), p.most, p.why} }

func (p *pacer) isFull() bool { return p.now() >= p.most }

// end takes in what a visit tells that was begun in some epoch.
func (p *pacer) end(epoch int, s strain) {
	if s == dead || epoch != p.epoch {
		return
	}
	p.ended++
	switch s {
	case busy:
		p.busy++
	case slow:
		p.slow++
	case calm, dead:
	}
	switch share := float64(p.slow) / float64(p.ended); {
	case s == busy && (p.isFull() || p.busy > 1 && p.busy*few >= p.ended):
		p.halve("quota faults")
	case s == slow && p.ended >= sample && share >= 0.5 && p.helps(share):
		p.share = share
		p.halve("time-outs")
	case s == calm && !p.isFull():
		p.limit = min(p.limit+float64(p.most)/steps/p.limit, float64(p.most))
		if p.isFull() {
			p.why, p.share = "", 0
		}
	}
	if p.ended >= max(sample, p.now()) {
		p.ended, p.slow, p.busy = 0, 0, 0
	}
}

// helps says whether to slow down (further) for a share of slow visits. Where the last time
// has changed little, it is not the pace that makes them slow.
func (p *pacer) helps(share float64) bool { return p.isFull() || p.share == 0 || share < p.share-0.1 }

func (p *pacer) halve(why string) {
	p.epoch++
	p.ended, p.slow, p.busy = 0, 0, 0
	p.limit = max(p.limit/2, float64(p.floor))
	p.why = why
	if p.isFull() { // one at a time is as slow as it gets
		p.why = ""
	}
}
