//go:build linux

package swarm_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/winrm"
	"postpatch/probes/lab/swarm"
)

func options(hosts int) swarm.Options {
	return swarm.Options{
		Seed: swarm.Seed{Hosts: hosts, Number: 7, Dead: 0.2, Slow: 0.1, Lossy: 0.1, Faulty: 0.4}, Services: 250, Updates: 60,
	}
}

func start(t *testing.T, o swarm.Options) *swarm.Swarm {
	t.Helper()
	s, err := swarm.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestTheSeedSaysAll makes the same hosts of the same seed, others of another, and of
// each sort about as many as it says.
func TestTheSeedSaysAll(t *testing.T) {
	seed := options(4000).Seed
	seed.Think, seed.Jitter = time.Second, 0.5
	other := seed
	other.Number++
	counts, differ := map[string]int{}, 0
	for i := range seed.Hosts {
		p := seed.Profile(i)
		if p != seed.Profile(i) {
			t.Fatalf("host %d is another one the second time", i)
		}
		if p.Death != other.Profile(i).Death {
			differ++
		}
		least, most := time.Second/2, 3*time.Second/2
		if p.Slow {
			least, most = 3*least, 3*most
		}
		if p.Think < least || p.Think > most {
			t.Errorf("host %d thinks %s", i, p.Think)
		}
		counts["dead "+string(p.Death)]++
		counts["fault "+string(p.Fault)]++
	}
	for sort, want := range map[string]int{
		"dead refuses": 267, "dead drops": 267, "dead mute": 267, "fault stops": 320, "fault breaks": 320, "fault ill": 320,
		"fault dies": 320,
	} {
		if n := counts[sort]; n < want*7/10 || n > want*13/10 {
			t.Errorf("%d hosts are %s, want about %d", n, sort, want)
		}
	}
	if differ == 0 {
		t.Error("another seed makes the same hosts")
	}
}

// of returns the first host that is so.
func of(t *testing.T, s *swarm.Swarm, hosts int, is func(swarm.Profile) bool) swarm.Profile {
	t.Helper()
	for i := range hosts {
		if p := s.Profile(i); is(p) {
			return p
		}
	}
	t.Fatal("no such host")
	return swarm.Profile{}
}

// ask puts questions to a host by WinRM.
func ask(t *testing.T, s *swarm.Swarm, p swarm.Profile, questions ...host.Question) (host.Answers, error) {
	t.Helper()
	session, err := winrm.Open(t.Context(), winrm.Options{
		Host: p.Name, Address: p.Address.String(), Port: s.Ports().WinRM, Auth: winrm.Basic, AllowPlain: true,
		Credential: host.Credential{User: swarm.User, Password: host.NewSecret(swarm.Password)},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	got, err := session.Ask(ctx, questions)
	if closing := session.Close(t.Context()); closing != nil {
		t.Error(closing)
	}
	return got, err
}

// TestHostsAreThemselves asks two hosts of one kind, twice each: they share what hosts
// of the kind have in common, and never what is one's own.
func TestHostsAreThemselves(t *testing.T) {
	const hosts = 400
	s := start(t, options(hosts))
	alive := func(p swarm.Profile) bool { return p.Death == swarm.Alive && p.Fault == swarm.Well && !p.Lossy }
	one := of(t, s, hosts, alive)
	twin := of(t, s, hosts, func(p swarm.Profile) bool {
		return alive(p) && p.Index > one.Index && (p.Index-one.Index)%16 == 0
	})
	services := host.WQL{Class: "Win32_Service", Columns: []string{"Name", "State"}}
	keys, system := host.Collector{Name: "servicekeys"}, host.WQL{Class: "Win32_ComputerSystem", Columns: []string{"Name"}}
	rows := func(p swarm.Profile, q host.Question) []host.Row {
		got, err := ask(t, s, p, services, keys, system, host.IdentityQuestion())
		if err != nil {
			t.Fatal(err)
		}
		answer, err := got.To(q)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if d := cmp.Diff(rows(one, services), rows(twin, services)); d != "" || len(rows(one, services)) != 250 {
		t.Errorf("hosts of one kind have other services: %s", d)
	}
	for range 2 {
		for _, p := range []swarm.Profile{one, twin} {
			if name := rows(p, system)[0].Get("Name").Text; name != strings.ToUpper(p.Name) {
				t.Errorf("%s calls itself %q", p.Name, name)
			}
		}
		if a, b := rows(one, host.IdentityQuestion())[0], rows(twin, host.IdentityQuestion())[0]; cmp.Equal(a, b) {
			t.Errorf("two hosts are the same machine: %v", a)
		}
	}
	stops := of(t, s, hosts, func(p swarm.Profile) bool { return p.Fault == swarm.Stops })
	s.Switch(swarm.After)
	for _, row := range rows(stops, services) {
		if row.Get("Name").Text == "W3SVC" && row.Get("State").Text != "Stopped" {
			t.Errorf("%s: W3SVC is %s", stops.Name, row.Get("State").Text)
		}
	}
}

// TestNothingIsLeftOfAHost counts what there is of hosts that were talked to.
func TestNothingIsLeftOfAHost(t *testing.T) {
	const hosts = 100
	s := start(t, options(hosts))
	alive := func(p swarm.Profile) bool { return p.Death == swarm.Alive }
	if _, err := ask(t, s, of(t, s, hosts, alive), host.Collector{Name: "servicekeys"}); err != nil {
		t.Fatal(err)
	}
	for {
		got := s.Stats()
		if got.Living > 0 || got.Open > 0 {
			continue // the end of a connection takes its time
		}
		if got.Messages != 5 || got.Connections != 1 || got.Shells != 0 {
			t.Errorf("%+v: want one connection with five messages", got)
		}
		return
	}
}

// TestDeaths holds each death to what its client sees.
func TestDeaths(t *testing.T) {
	const hosts = 200
	s := start(t, options(hosts))
	// Only who drops is waited for in vain; the others have what a busy machine needs.
	dial := func(p swarm.Profile) (net.Conn, error) {
		limit := 20 * time.Second
		if p.Death == swarm.Drops {
			limit = 200 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		return s.Routes().Dial(ctx, "tcp", net.JoinHostPort(p.Name, strconv.Itoa(s.Ports().Web)))
	}
	dead := func(d swarm.Death) swarm.Profile {
		return of(t, s, hosts, func(p swarm.Profile) bool { return p.Death == d })
	}
	refuses := dead(swarm.Refuses)
	if _, err := dial(refuses); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("refuses: %v", err)
	}
	at := s.Routes()[refuses.Name].Ports["tcp/"+strconv.Itoa(s.Ports().Web)]
	if ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", at); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v, %v: somebody else can answer at %q where a host refuses", ln, err, at)
	}
	var timeout net.Error
	if _, err := dial(dead(swarm.Drops)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("drops: %v", err)
	}
	conn, err := dial(dead(swarm.Mute))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("mute: %d bytes, %v", n, err)
	}
}

// TestNames answers for names from the address that was asked.
func TestNames(t *testing.T) {
	const hosts = 100
	s := start(t, options(hosts))
	p := of(t, s, hosts, func(p swarm.Profile) bool { return p.Death == swarm.Alive })
	query := new(dns.Msg).SetQuestion("www.swarm.test.", dns.TypeA)
	server := net.JoinHostPort(p.Address.String(), strconv.Itoa(s.Ports().DNS))
	answer, err := dns.ExchangeContext(t.Context(), query, server)
	if err != nil || len(answer.Answer) != 1 {
		t.Errorf("%v, %v", answer, err)
	}
}

// TestPayloadsAreKeptApart holds that what is kept of one question is no answer to
// another.
func TestPayloadsAreKeptApart(t *testing.T) {
	const hosts = 100
	s := start(t, options(hosts))
	p := of(t, s, hosts, func(p swarm.Profile) bool { return p.Death == swarm.Alive })
	for _, columns := range [][]string{{"Name"}, {"Name", "StartMode"}, {"Name"}} {
		q := host.WQL{Class: "Win32_Service", Columns: columns}
		got, err := ask(t, s, p, q, host.Collector{Name: "servicekeys"}, host.IdentityQuestion())
		if err != nil {
			t.Fatal(err)
		}
		rows, err := got.To(q)
		if err != nil || len(rows[0]) != len(columns) {
			t.Errorf("%s: %v, %v", packed.Query(q), rows[:min(1, len(rows))], err)
		}
	}
}
