package dns_test

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/miekg/dns"

	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// asked counts the questions that come from each port.
type asked struct {
	mu   sync.Mutex
	from map[int]int
	ids  map[uint16]bool
}

func (a *asked) note(w dns.ResponseWriter, query *dns.Msg) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.from[w.RemoteAddr().(*net.UDPAddr).Port]++
	a.ids[query.Id] = true
}

// many are so many names with one address each.
func many(t *testing.T, n int) (names []string, answer dns.HandlerFunc) {
	t.Helper()
	var records []string
	for i := range n {
		name := fmt.Sprintf("srv%03d.example.test", i)
		names, records = append(names, name), append(records, name+". 300 IN A 10.0.0.5")
	}
	return names, zone(t, records...)
}

func states(readings []fact.Reading) (answered int) {
	for _, r := range readings {
		if r.Key.Name == "rcode" && r.Value == fact.Value(fact.Text("NOERROR")) {
			answered++
		}
	}
	return answered
}

// A check with many questions has a few sockets, each with a port that is not used for
// long, and every question a number of its own.
// A real system may give one the port of one that is closed, so here they are in memory.
func TestFewSockets(t *testing.T) { synctest.Test(t, fewSockets) }

func fewSockets(t *testing.T) {
	const questions = 200
	names, answer := many(t, questions)
	seen := asked{from: map[int]int{}, ids: map[uint16]bool{}}
	target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
		seen.note(w, query)
		answer(w, query)
	})
	readings, err := observe(t, target, map[string]any{"name": names})
	if err != nil || states(readings) != questions {
		t.Fatalf("%d answers, %v", states(readings), err)
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	most := slices.Max(slices.Collect(maps.Values(seen.from)))
	if n := len(seen.from); n > questions/16+reach.AtOnce || most > 16 {
		t.Errorf("%d sockets, and up to %d questions by one", n, most)
	}
	if len(seen.ids) < questions*9/10 { // two of 65,536 may be the same
		t.Errorf("only %d numbers", len(seen.ids))
	}
}

// What comes late, or twice, is never the answer to a later question.
func TestLateAnswers(t *testing.T) {
	names, answer := many(t, 100)
	wrong := new(dns.Msg)
	var mu sync.Mutex
	target := server(t, func(w dns.ResponseWriter, query *dns.Msg) {
		answer(w, query)
		answer(w, query)
		mu.Lock()
		defer mu.Unlock()
		if len(wrong.Question) > 0 { // the one before, from whomever
			_ = w.WriteMsg(wrong)
		}
		wrong = new(dns.Msg).SetRcode(query, dns.RcodeServerFailure)
	})
	readings, err := observe(t, target, map[string]any{"name": names})
	if err != nil || states(readings) != len(names) {
		t.Errorf("%d answers of %d, %v", states(readings), len(names), err)
	}
}
