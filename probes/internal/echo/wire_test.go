package echo

import (
	"net/netip"
	"os"
	"sync"
	"time"
)

// wire is a conn of a network that a test makes up, in the time of its bubble.
type wire struct {
	// answer is called for every packet that is sent, with its number.
	answer func(w *wire, n int, sent reply) error

	mu     sync.Mutex
	sent   []reply
	queue  []reply
	take   func(reply)
	lost   uint32
	broken error
	asleep bool // its reader, which does not hear what comes
	come   chan struct{}
	over   chan struct{}
}

func newWire(answer func(w *wire, n int, sent reply) error) *wire {
	return &wire{answer: answer, come: make(chan struct{}, 1), over: make(chan struct{})}
}

// sweepOver is a sweep over a wire, which both address families share.
func sweepOver(w *wire) *Sweep {
	return newSweep(func(_ bool, take func(reply)) (conn, int, error) {
		w.take = take
		w.over = make(chan struct{})
		return w, 0, nil
	})
}

func (w *wire) send(to netip.Addr, seq uint16, carried []byte, _ time.Duration) error {
	sent := reply{from: to, seq: seq, nonce: nonce(carried)}
	w.mu.Lock()
	n := len(w.sent)
	w.sent = append(w.sent, sent)
	w.mu.Unlock()
	return w.answer(w, n, sent)
}

// after brings a reply in.
func (w *wire) after(d time.Duration, r reply) {
	time.AfterFunc(d, func() {
		r.at = time.Now()
		w.mu.Lock()
		w.queue = append(w.queue, r)
		w.mu.Unlock()
		if w.asleep {
			return
		}
		select {
		case w.come <- struct{}{}:
		default:
		}
	})
}

func (w *wire) receive(wait bool) (uint32, error) {
	if wait {
		select {
		case <-w.come:
		case <-w.over:
			return 0, os.ErrClosed
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.queue {
		w.take(r)
	}
	w.queue = nil
	return w.lost, w.broken
}

func (w *wire) close() error {
	close(w.over)
	return nil
}

// packets is how many were sent.
func (w *wire) packets() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sent)
}
