package winrm

import (
	"bytes"
	"context"
	"net"
	"sync/atomic"
	"testing"

	"postpatch/probes/host"
)

// TestTurnOfASession: who has all that a host says waits for its turn to read it, once. Who
// is to ask it more takes none: an Exchange server's commands take minutes, and as many
// such servers as there are turns would keep every other host waiting.
func TestTurnOfASession(t *testing.T) {
	for name, c := range map[string]struct {
		questions []host.Question
		turns     int
	}{
		"a script":                    {[]host.Question{build(), system()}, 1},
		"a script and then a command": {[]host.Question{build(), command("Test-Health")}, 0},
	} {
		_, o := lab(t, jea())
		turns := 0
		answers, err := session(t, o).Ask(host.WithTurn(t.Context(), func() { turns++ }, func() {}), c.questions)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range c.questions {
			if rows, err := answers.To(q); err != nil || len(rows) == 0 {
				t.Errorf("%s: %v: %v", name, q, err)
			}
		}
		if turns != c.turns {
			t.Errorf("%s: %d turns, want %d", name, turns, c.turns)
		}
	}
}

// ears count the writes of a client's connections while somebody holds a turn. A host that
// is deaf hangs up when it is to delete a shell.
type ears struct {
	held   atomic.Bool
	deaf   bool
	writes atomic.Int32
}

func (c *ears) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &telling{conn, c}, err
}

type telling struct {
	net.Conn

	ears *ears
}

func (c *telling) Write(p []byte) (int, error) {
	if c.ears.held.Load() {
		c.ears.writes.Add(1)
	}
	if c.ears.deaf && bytes.Contains(p, []byte("transfer/Delete")) {
		_ = c.Close()
	}
	return c.Conn.Write(p)
}

// TestNoTurnWhileAHostIsWaitedFor: who has to ask a host more after all, or has to end what
// it has left there, keeps no turn meanwhile.
func TestNoTurnWhileAHostIsWaitedFor(t *testing.T) {
	for name, tt := range map[string]struct{ blocked, deaf bool }{
		"no PowerShell":           {blocked: true},
		"a shell is not deleted":  {deaf: true},
		"all goes as it ought to": {},
	} {
		h := labHost()
		h.WinRM.NoPowerShell = tt.blocked
		_, o := lab(t, h)
		c := &ears{deaf: tt.deaf}
		o.Dial = c.dial
		turns := 0
		ctx := host.WithTurn(t.Context(), func() { turns++; c.held.Store(true) }, func() { c.held.Store(false) })
		s, err := Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := s.Ask(ctx, []host.Question{services(), build()})
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := answers.To(services()); err != nil || len(rows) == 0 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
		left := len(s.left) > 0
		_ = s.Close(ctx)
		if n := c.writes.Load(); n > 0 || (turns == 1) == tt.blocked || turns > 1 || left != tt.deaf {
			t.Errorf("%s: %d writes in %d turns, something is left to be ended: %t", name, n, turns, left)
		}
	}
}
