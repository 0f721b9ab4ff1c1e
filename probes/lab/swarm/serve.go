//go:build linux

package swarm

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func fixed(h estate.Host) func() estate.Host { return func() estate.Host { return h } }

// machineKey finds the host of a connection in a request's context.
type machineKey struct{}

func (s *Swarm) connection(ctx context.Context, conn net.Conn) context.Context {
	m := s.called(conn.LocalAddr())
	if c, ok := conn.(*countedConn); ok {
		c.host = m
	}
	return wsman.Connection(context.WithValue(ctx, machineKey{}, m), conn)
}

func (s *Swarm) connState(conn net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	if c, ok := conn.(*countedConn); ok && c.host != nil {
		s.left(c.host)
	}
}

// meet finds the host of a request. A mute one never answers.
func (s *Swarm) meet(r *http.Request) (*machine, bool) {
	m, _ := r.Context().Value(machineKey{}).(*machine)
	if m == nil {
		return nil, false
	}
	if m.profile.Death != Alive {
		// The end of the connection shows only to a server that has read everything.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		return nil, false
	}
	return m, true
}

// winrm answers by the host's own server. The second message to a lossy host comes
// late.
func (s *Swarm) winrm(w http.ResponseWriter, r *http.Request) {
	m, ok := s.meet(r)
	if !ok {
		panic(http.ErrAbortHandler) // or net/http would write an empty answer
	}
	const lost = 2
	if m.asked.Add(1) == lost && m.profile.Lossy && !conns.Wait(r.Context(), Retransmit) {
		return
	}
	m.winrm.ServeHTTP(w, r)
}

// web answers every page alike, but for /health of a host that is broken.
func (s *Swarm) web(w http.ResponseWriter, r *http.Request) {
	m, ok := s.meet(r)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	s.stats.requests.Add(1)
	if !conns.Wait(r.Context(), m.profile.Think) {
		return
	}
	w.Header().Set("Server", "Microsoft-IIS/10.0")
	if r.URL.Path == "/health" && (m.profile.Fault == Breaks || m.profile.Fault == Ill) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, "<html><body>"+m.profile.Name+strings.Repeat(" well", 200)+"</body></html>")
}

// serveBanner greets whoever connects.
func (s *Swarm) serveBanner(ctx context.Context) (port int, err error) {
	ln, port, err := s.listen(ctx)
	if err != nil {
		return 0, err
	}
	s.group.Go(func(context.Context) {
		_ = s.group.Serve(ln, func(ctx context.Context, conn net.Conn) {
			m := s.called(conn.LocalAddr())
			if m == nil {
				return
			}
			defer s.left(m)
			if m.profile.Death == Alive && conns.Wait(ctx, m.profile.Think) {
				_, _ = io.WriteString(conn, "220 "+m.profile.Name+" ready\r\n")
			}
			conns.Mute(conn)
		})
	})
	return port, nil
}

// serveDNS answers for the zone swarm.test at every address.
func (s *Swarm) serveDNS(ctx context.Context) (port int, err error) {
	var config net.ListenConfig
	pc, err := config.ListenPacket(ctx, "udp4", "0.0.0.0:0")
	if err != nil {
		return 0, err
	}
	_ = pc.(*net.UDPConn).SetReadBuffer(4 << 20)
	packets := ipv4.NewPacketConn(pc)
	if err := packets.SetControlMessage(ipv4.FlagDst, true); err != nil {
		_ = pc.Close()
		return 0, err
	}
	s.group.Keep(pc)
	s.group.Go(func(context.Context) {
		buffer := make([]byte, 4096)
		for {
			n, control, from, err := packets.ReadFrom(buffer)
			if err != nil {
				return
			}
			query := new(dns.Msg)
			if query.Unpack(buffer[:n]) == nil && control != nil {
				s.group.Go(func(ctx context.Context) { s.resolve(ctx, packets, question{query, control.Dst, from}) })
			}
		}
	})
	return pc.LocalAddr().(*net.UDPAddr).Port, nil
}

// question is a query, whom it was put to, and by whom.
type question struct {
	*dns.Msg
	to   net.IP
	from net.Addr
}

// resolve answers a query from the address that it was sent to. A lossy host
// answers as late as if the first had been lost.
func (s *Swarm) resolve(ctx context.Context, via *ipv4.PacketConn, q question) {
	s.stats.datagrams.Add(1)
	m := s.called(&net.TCPAddr{IP: q.to})
	if m == nil {
		return
	}
	defer s.left(m)
	if m.profile.Death != Alive || !conns.Wait(ctx, m.profile.Think) {
		return
	}
	if m.profile.Lossy && !conns.Wait(ctx, Retransmit) {
		return
	}
	answer := new(dns.Msg).SetReply(q.Msg)
	answer.Authoritative = true
	if len(q.Question) == 1 && q.Question[0].Qtype == dns.TypeA {
		header := dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 300}
		answer.Answer = append(answer.Answer, &dns.A{Hdr: header, A: net.IPv4(10, 0, 0, 5)})
	}
	if packet, err := answer.Pack(); err == nil {
		_, _ = via.WriteTo(packet, &ipv4.ControlMessage{Src: q.to}, q.from)
	}
}
