package dns_test

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/probetest"
)

// tooLarge is a socket on Windows whose first packet is larger than what is read of one.
type tooLarge struct {
	net.Conn

	told bool
}

func (c *tooLarge) Read(b []byte) (int, error) {
	if !c.told {
		c.told = true
		return 0, &net.OpError{Op: "read", Err: os.NewSyscallError("wsarecv", syscall.Errno(10040))}
	}
	return c.Conn.Read(b)
}

// A host that sends more than anybody reads is there.
func TestAPacketThatIsTooLarge(t *testing.T) {
	for name, tt := range map[string]struct{ answers bool }{"then an answer": {true}, "then nothing": {false}} {
		synctest.Test(t, func(t *testing.T) {
			target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
				if tt.answers {
					_ = w.WriteMsg(new(dns.Msg).SetReply(query))
				}
			})
			dial := target.Dial
			target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return &tooLarge{Conn: conn}, err
			}
			readings, err := observe(t, target, ask("www.test", "A"))
			if errors.Is(err, probes.ErrNoAnswer) || (err == nil) != tt.answers ||
				slices.Contains(probetest.Texts(readings), "www.test A state=answered") != tt.answers {
				t.Errorf("%s: got %v and %v", name, readings, err)
			}
		})
	}
}
