package netfaults

import (
	"encoding/binary"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
)

// segment is a packet of TCP between port 40000 and the server's 443.
func segment(toServer bool, flags byte, sequence, acknowledged uint32, data string) Packet {
	from, to := Runner(), Runner().Next()
	ports := [2]uint16{40000, 443}
	if !toServer {
		from, to, ports = to, from, [2]uint16{443, 40000}
	}
	b := make([]byte, head, head+len(data))
	binary.BigEndian.PutUint16(b, ports[0])
	binary.BigEndian.PutUint16(b[2:], ports[1])
	binary.BigEndian.PutUint32(b[4:], sequence)
	binary.BigEndian.PutUint32(b[8:], acknowledged)
	b[12], b[13] = 5<<4, flags
	return Packet{ToServer: toServer}.made(TCP, from, to, append(b, data...))
}

func datagram(toServer bool, size int) Packet {
	p := segment(toServer, 0, 0, 0, "")
	return Packet{ToServer: toServer}.made(UDP, p.source().Addr(), p.destination().Addr(), make([]byte, size-head))
}

func TestRefusal(t *testing.T) {
	p := datagram(true, 1500)
	got := p.refusal(unreachable, fragmentation, 1400)
	header, err := ipv4.ParseHeader(got.Bytes)
	if err != nil || header.Src.String() != router().String() || header.Dst.String() != Runner().String() ||
		header.TotalLen != len(got.Bytes) || checksum(0, got.Bytes[:head]) != 0 {
		t.Fatalf("got %v, %v", header, err)
	}
	m, err := icmp.ParseMessage(1, got.segment())
	if err != nil || m.Type != ipv4.ICMPTypeDestinationUnreachable || m.Code != 4 || checksum(0, got.segment()) != 0 {
		t.Errorf("got %+v, %v", m, err)
	}
	if mtu := binary.BigEndian.Uint16(got.segment()[6:]); mtu != 1400 {
		t.Errorf("it takes %d", mtu)
	}
	if again := got.refusal(unreachable, noHost, 0); again.Bytes != nil {
		t.Errorf("an error of an error: %x", again.Bytes)
	}
}

func TestReset(t *testing.T) {
	asked := segment(true, syn, 1000, 0, "")
	got := asked.reset()
	if got.source() != asked.destination() || got.destination() != asked.source() || got.segment()[13] != rst|ack ||
		binary.BigEndian.Uint32(got.segment()[8:]) != 1001 || got.reset().Bytes != nil {
		t.Errorf("got %x", got.Bytes)
	}
	said := segment(false, ack, 500, 1001, "hello")
	got = said.reset()
	if binary.BigEndian.Uint32(got.segment()[8:]) != 505 || binary.BigEndian.Uint32(got.segment()[4:]) != 1001 {
		t.Errorf("to the server: %x", got.Bytes)
	}
	on := said.resetOn()
	if on.source() != said.source() || binary.BigEndian.Uint32(on.segment()[4:]) != 500 {
		t.Errorf("to the client: %x", on.Bytes)
	}
	pseudo := []byte{10, 77, 1, 2, 10, 77, 1, 1, 0, TCP, 0, head}
	if checksum(added(0, pseudo), on.segment()) != 0 {
		t.Error("the checksum is wrong")
	}
}

func TestHop(t *testing.T) {
	p := datagram(true, 100)
	on, ok := p.hop()
	if !ok || on.Bytes[8] != p.Bytes[8]-1 || checksum(0, on.Bytes[:head]) != 0 || p.Bytes[8] != firstTTL {
		t.Errorf("got %x, %t of %x", on.Bytes, ok, p.Bytes)
	}
	p.Bytes[8] = 1
	if _, ok := p.hop(); ok {
		t.Error("it has come too far")
	}
}

// fate is what a fault makes of a packet, in a word.
func fate(f Fault, p Packet) string {
	parcels := f(p)
	switch {
	case len(parcels) == 0:
		return "lost"
	case len(parcels) == 2:
		return "ended for both"
	case parcels[0].Back && parcels[0].Packet.Protocol() == ICMP:
		return "told"
	case parcels[0].Back:
		return "reset"
	case parcels[0].After > 0:
		return "late"
	default:
		return "passes"
	}
}

func TestFaults(t *testing.T) {
	asks, answers := segment(true, ack, 1, 1, "question"), segment(false, ack, 1, 1, "answer")
	small, large := datagram(true, 100), datagram(false, 1500)
	begins, accepts := segment(true, syn, 1, 0, ""), segment(false, syn|ack, 9, 2, "")
	for name, tt := range map[string]struct {
		fault   Fault
		packets []Packet
		want    []string
	}{
		"nothing":      {Healthy(), []Packet{asks, large}, []string{"passes", "passes"}},
		"a delay":      {Delay(time.Second), []Packet{asks, answers}, []string{"late", "passes"}},
		"a hole":       {Blackhole(), []Packet{asks, large}, []string{"lost", "lost"}},
		"losses":       {Lose(2), []Packet{asks, answers, small, asks, answers, asks}, []string{"passes", "passes", "passes", "lost", "lost", "passes"}},
		"it tells":     {Narrow(1400, true), []Packet{small, large}, []string{"passes", "told"}},
		"it is silent": {Narrow(1400, false), []Packet{small, large}, []string{"passes", "lost"}},
		"no way":       {Unreachable(), []Packet{small, answers}, []string{"told", "told"}},
		"prohibited":   {Prohibited(), []Packet{small}, []string{"told"}},
		"refused":      {Refuse(), []Packet{begins, answers, small}, []string{"reset", "passes", "passes"}},
		"reset":        {Reset(), []Packet{begins, accepts, asks, answers, small}, []string{"passes", "passes", "passes", "ended for both", "passes"}},
		"a stall": {
			Stall(20),
			[]Packet{begins, accepts, segment(false, ack, 10, 2, "12345"), segment(false, ack, 15, 2, "1234567890123456"), asks},
			[]string{"passes", "passes", "passes", "lost", "passes"},
		},
		"a port": {Only(Port(443), Blackhole()), []Packet{asks, answers, small}, []string{"lost", "lost", "passes"}},
		"UDP":    {Only(Of(UDP), Blackhole()), []Packet{asks, small}, []string{"passes", "lost"}},
		"one way": {
			Only(FromServer, Blackhole()), []Packet{asks, answers, small, large}, []string{"passes", "lost", "passes", "lost"},
		},
	} {
		for i, p := range tt.packets {
			if got := fate(tt.fault, p); got != tt.want[i] {
				t.Errorf("%s: packet %d is %s, want %s", name, i, got, tt.want[i])
			}
		}
	}
	s := switchboard{fault: Lose(2)}
	for range 4 {
		s.put(asks)
	}
	if s.faults() != 2 {
		t.Errorf("%d packets were lost", s.faults())
	}
}

// FuzzPackets wants no panic of anything that a packet can be.
func FuzzPackets(f *testing.F) {
	f.Add(segment(true, syn, 1, 0, "").Bytes, true)
	f.Add(segment(false, ack, 1, 1, "data").Bytes, false)
	f.Add(datagram(true, 100).Bytes, true)
	f.Add(datagram(true, 100).refusal(expired, 0, 0).Bytes, false)
	f.Fuzz(func(t *testing.T, b []byte, toServer bool) {
		p, ok := parse(b, toServer)
		if !ok {
			return
		}
		if on, further := p.hop(); further {
			p = on
		}
		for _, fault := range []Fault{
			Healthy(), Lose(2), Narrow(100, true), Unreachable(), Refuse(), Reset(), Stall(10), Only(Port(443), Prohibited()),
		} {
			for _, parcel := range fault(p) {
				if _, ok := parse(parcel.Packet.Bytes, toServer); !ok {
					t.Errorf("%x becomes %x", b, parcel.Packet.Bytes)
				}
			}
		}
	})
}
