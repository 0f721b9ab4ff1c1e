//go:build real && linux

package ping_test

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	sweep "postpatch/probes/internal/echo"
	"postpatch/probes/ping"
	"postpatch/probes/probetest"
)

const late = 200 * time.Millisecond

// behaviours are those of whole networks: 10.0.0.0/16 is the first, fd00::/32 likewise.
func behaviours() []behaviour {
	return []behaviour{
		func(_ int, a *answer) { a.after = late },
		func(n int, a *answer) { // the second is lost
			if a.after = late; n == 1 {
				a.times = 0
			}
		},
		func(_ int, a *answer) { a.times = 3 },
		func(_ int, a *answer) { a.unreachable = true },
		func(_ int, a *answer) { a.times = 0 },
		func(_ int, a *answer) { a.after = 900 * time.Millisecond }, // a retry has gone out, if one does
		func(_ int, a *answer) { a.body.ID ^= 1 },
		func(_ int, a *answer) { a.body.Data[16]++; a.body.Data[9]++ },
		func(_ int, a *answer) { a.from = a.from.Next() }, // it is spoofed
		func(n int, a *answer) { // only a retry comes back
			if a.after = 10 * time.Millisecond; n < 3 {
				a.times = 0
			}
		},
		func(n int, a *answer) { // it comes back once more, when it must count no longer
			if n == 0 {
				a.after, a.times = 10*time.Millisecond, 2
			} else {
				a.times = 0
			}
		},
	}
}

func behaviourOf(a netip.Addr) behaviour {
	all := behaviours()
	number := int(a.AsSlice()[1])
	if a.Is6() {
		number = int(a.AsSlice()[3])
	}
	return all[min(number, len(all)-1)]
}

// inNetwork is an address that behaves so.
func inNetwork(number, n int, six bool) netip.Addr {
	if six {
		return netip.AddrFrom16([16]byte{0xfd, 0, 0, byte(number), 14: byte(n >> 8), 15: byte(n)})
	}
	return netip.AddrFrom4([4]byte{10, byte(number), byte(n >> 8), byte(n)})
}

// told pings all addresses at once, in one run, and returns what is told of each, without
// its time.
func told(t *testing.T, shared *probes.Shared, args map[string]any, all []netip.Addr) []string {
	t.Helper()
	return toldWithin(t, patience{time.Minute, shared}, args, all)
}

// patience is how long a ping of a run may take.
type patience struct {
	each time.Duration
	run  *probes.Shared
}

func toldWithin(t *testing.T, p patience, args map[string]any, all []netip.Addr) []string {
	t.Helper()
	texts := make([]string, len(all))
	var pings sync.WaitGroup
	for i, address := range all {
		probe, err := ping.Kind.Build(args)
		if err != nil {
			t.Fatal(err)
		}
		target := probetest.Target("")
		target.Shared = p.run
		target.Resolve = func(context.Context, string) (netip.Addr, error) { return address, nil }
		pings.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), p.each)
			defer cancel()
			readings, err := probe.Observe(ctx, target)
			var facts []string
			for _, r := range readings {
				if r.Key.Name != "rtt" {
					facts = append(facts, r.Key.Name+"="+r.Value.String())
				}
			}
			if err != nil {
				facts = append(facts, err.Error())
			}
			texts[i] = strings.Join(facts, " ")
		})
	}
	pings.Wait()
	return texts
}

// counts are how often each was told.
func counts(texts []string) map[string]int {
	all := map[string]int{}
	for _, text := range texts {
		all[text]++
	}
	return all
}

// tenThousand are slow to answer, and all answer.
func tenThousand(t *testing.T) {
	t.Helper()
	const many = 10_000
	respond(t, behaviourOf)
	for _, c := range []struct {
		six         bool
		number, all int
		want        string
	}{
		{false, 0, many, "loss=0 received=3"},
		{true, 0, many, "loss=0 received=3"},
		{false, 1, many, "loss=34 received=2"},
		{false, 9, 1000, "loss=75 received=1"},
	} {
		var all []netip.Addr
		for n := range c.all {
			all = append(all, inNetwork(c.number, n, c.six))
		}
		// Most of the wait is for a machine that is busy with other things.
		args := map[string]any{"wait": 3 * time.Second, "interval": 100 * time.Millisecond}
		shared := &probes.Shared{}
		if c.number > 0 { // which tell a first try from the second
			defer crowd(shared)()
		}
		if got := counts(told(t, shared, args, all)); got[c.want] != c.all {
			t.Errorf("network %d, IPv6 %t: %v, want %d of %s", c.number, c.six, got, c.all, c.want)
		}
	}
}

func TestTenThousandSlowHosts(t *testing.T) {
	if realtest.OwnNetwork(t) {
		tenThousand(t)
	}
}

// The same through the socket that needs no privilege.
func TestTenThousandSlowHostsUnprivileged(t *testing.T) {
	if realtest.OwnNetwork(t, unprivileged()...) {
		permit(t)
		tenThousand(t)
	}
}

// permit lets everybody ping.
func permit(t *testing.T) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 2147483647"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// crowd makes the run one of very many pings, until it is called off.
func crowd(shared *probes.Shared) (leave func()) {
	var leaves []func()
	for range sweep.Few + 1 {
		_, one := probes.Common(shared, sweep.New).Enter()
		leaves = append(leaves, one)
	}
	return func() {
		for _, one := range leaves {
			one()
		}
	}
}

// What is told does not depend on how many are pinged, but for what comes from others, and
// for the retry.
func sameReadings(t *testing.T) {
	t.Helper()
	respond(t, behaviourOf)
	args := map[string]any{"wait": 1500 * time.Millisecond, "interval": 100 * time.Millisecond}
	var few, many []netip.Addr
	for number := range behaviours() {
		for _, six := range []bool{false, true} {
			few = append(few, inNetwork(number, 0, six))
			many = append(many, inNetwork(number, 500, six))
		}
	}
	const up, silent, one = "loss=0 received=3", "loss=100 received=0", "loss=67 received=1"
	wantFew := []string{up, "loss=34 received=2", up, silent, silent, up, silent, silent, up, silent, one}
	wantMany := slices.Clone(wantFew)
	wantMany[8], wantMany[9] = silent, "loss=75 received=1"
	check := func(name string, shared *probes.Shared, all []netip.Addr, want []string) {
		t.Helper()
		got := told(t, shared, args, all)
		for i := range want {
			for side, six := range []string{"IPv4", "IPv6"} {
				if d := cmp.Diff(want[i], got[2*i+side]); d != "" {
					t.Errorf("%s, network %d, %s (-want +got):\n%s", name, i, six, d)
				}
			}
		}
	}
	check("few", nil, few, wantFew) // each of a run of its own
	shared := &probes.Shared{}
	defer crowd(shared)()
	check("many", shared, many, wantMany)
}

func TestSameReadings(t *testing.T) {
	if realtest.OwnNetwork(t) {
		sameReadings(t)
	}
}

func TestSameReadingsUnprivileged(t *testing.T) {
	if realtest.OwnNetwork(t, unprivileged()...) {
		permit(t)
		sameReadings(t)
	}
}

// Who may not ping is told so, however many are pinged; nothing is told of the hosts.
func TestNoRightToPing(t *testing.T) {
	if !realtest.OwnNetwork(t, unprivileged()...) {
		return
	}
	respond(t, behaviourOf)
	var all []netip.Addr
	for n := range 1000 {
		all = append(all, inNetwork(0, n, n%2 == 0))
	}
	got := counts(told(t, &probes.Shared{}, nil, all))
	const why = `pinging "srv.example.test": not tried: ping unavailable: ` +
		"the system gives this user no socket for it: socket: permission denied"
	if got[why] != len(all) {
		t.Errorf("got %v, want %q of all", got, why)
	}
}

// Where no way leads, that is told as it is of few, and so is a broadcast address.
func TestNoWay(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	respond(t, behaviourOf)
	shared := &probes.Shared{}
	if err := os.WriteFile("/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts", []byte("0"), 0o644); err != nil {
		t.Fatal(err)
	}
	var addresses []netip.Addr
	for _, a := range []string{"192.0.2.1", "2001:db8::1", "127.255.255.255", "0.0.0.0", "fe80::99%tun0"} {
		addresses = append(addresses, netip.MustParseAddr(a))
	}
	few := told(t, nil, nil, addresses)
	defer crowd(shared)()
	many := told(t, shared, nil, addresses)
	if d := cmp.Diff(few, many); d != "" {
		t.Errorf("few and many (-few +many):\n%s", d)
	}
	for i, want := range []string{"network is unreachable", "network is unreachable", "loss=0 ", "loss=0 ", "loss=0 "} {
		if !strings.Contains(few[i], want) {
			t.Errorf("%s: got %q, want %q", addresses[i], few[i], want)
		}
	}
}

// Who has a socket of its own begins again through the shared one when it gets crowded.
func TestCalledOver(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	first, asked := inNetwork(0, 1, false), make(chan bool, 100)
	respond(t, func(a netip.Addr) behaviour {
		if a == first {
			asked <- true
		}
		return func(int, *answer) {}
	})
	shared := &probes.Shared{}
	args := map[string]any{"interval": time.Second}
	alone := make(chan []string)
	go func() { alone <- told(t, shared, args, []netip.Addr{first}) }()
	<-asked
	others := told(t, shared, args, []netip.Addr{inNetwork(0, 2, false), inNetwork(0, 3, false)})
	got := append(<-alone, others...)
	if want := "loss=0 received=3"; counts(got)[want] != 3 {
		t.Errorf("got %q", got)
	}
	if more := len(asked); more != 3 {
		t.Errorf("%d echoes more, want as many as when it begins again", more)
	}
}
