package runner

import (
	"math/rand/v2"
	"testing"
)

// run has so many visits end, of which the host says what the odds are.
func (p *pacer) run(n int, of func(i int) strain) {
	for i := range n {
		p.end(p.epoch, of(i))
	}
}

func every(n int, s strain) func(int) strain {
	return func(i int) strain {
		if i%n == 0 {
			return s
		}
		return calm
	}
}

func TestThePace(t *testing.T) {
	for name, tt := range map[string]struct {
		visits int
		of     func(int) strain
		least  int
		most   int
		why    string
	}{
		"all is well":                              {1000, every(2, calm), 80, 80, ""},
		"half of the hosts are down":               {1000, every(2, dead), 80, 80, ""},
		"all hosts are down":                       {1000, every(1, dead), 80, 80, ""},
		"a quota fault":                            {1, every(1, busy), 40, 40, "quota faults"},
		"every host refuses more":                  {1000, every(1, busy), 8, 8, "quota faults"},
		"a few are slow":                           {1000, every(3, slow), 80, 80, ""},
		"many are slow":                            {sample, every(1, slow), 40, 40, "time-outs"},
		"many are slow at whatever pace":           {1000, every(1, slow), 40, 40, "time-outs"},
		"shells left open on one host of a thirty": {3000, every(30, busy), 40, 80, "quota faults"},
	} {
		p := newPacer(80)
		least := p.now()
		why := ""
		p.run(tt.visits, func(i int) strain {
			least = min(least, p.now())
			if p.why != "" {
				why = p.why
			}
			return tt.of(i)
		})
		if p.why != "" {
			why = p.why
		}
		if least = min(least, p.now()); least < tt.least || p.now() > tt.most || why != tt.why {
			t.Errorf("%s: at least %d, now %d, for %q; want %d to %d for %q",
				name, least, p.now(), why, tt.least, tt.most, tt.why)
		}
	}
}

// The pace comes back as soon as all is well again, whatever it was slowed down by.
func TestThePaceComesBack(t *testing.T) {
	p := newPacer(80)
	p.run(1000, every(1, busy))
	visits := 0
	for ; !p.isFull() && visits < 10_000; visits++ {
		p.end(p.epoch, calm)
	}
	// From an eighth: fifteen windows, of as many visits as are under way.
	if visits < 400 || visits > 16*80 || p.why != "" {
		t.Errorf("after %d visits: %+v", visits, p)
	}
}

// A burst of faults of visits that were all begun before the first of them halves the pace
// once.
func TestABurstHalvesOnce(t *testing.T) {
	p := newPacer(80)
	for range 80 {
		p.end(0, busy)
	}
	if p.now() != 40 {
		t.Errorf("it is %d", p.now())
	}
}

// Slowing down goes on as long as it helps.
func TestSlowingDownAsLongAsItHelps(t *testing.T) {
	p := newPacer(80)
	p.run(sample, every(1, slow))
	for _, share := range []int{8, 5} { // of ten
		p.end(p.epoch, slow)
		p.run(2*sample, func(i int) strain {
			if i%10 < share {
				return slow
			}
			return calm
		})
	}
	if p.now() > 22 {
		t.Errorf("it is %d", p.now())
	}
}

// Whatever comes, the pace stays within its bounds, and says why it is not full.
func TestThePaceStaysWithinItsBounds(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		p := newPacer(random.IntN(50))
		for range 500 {
			p.end(max(0, p.epoch-random.IntN(2)), strain(random.IntN(4)))
			got := p.pace()
			if got.Now < max(p.floor, 1) || got.Now > got.Most || (got.Now < got.Most) != (got.Why != "") {
				t.Fatalf("seed %d: %+v, not below %d", seed, got, p.floor)
			}
		}
	}
}
