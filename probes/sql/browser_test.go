package sql

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
)

// withShop is a host with the instance SHOP besides the default one.
func withShop(change func(h *estate.Host, shop *estate.SQL)) estate.Host {
	h := healthy()
	shop := *h.SQL
	shop.Port = 49172
	if change != nil {
		change(&h, &shop)
	}
	h.Instances = map[string]estate.SQL{"SHOP": shop}
	return h
}

// serveAll starts all instances of a host and its Browser, and returns where to look.
func serveAll(t *testing.T, h estate.Host) probes.Target {
	t.Helper()
	route := probes.Route{Address: "127.0.0.1", Ports: map[string]string{}}
	for _, sql := range h.AllSQL() {
		one := h
		one.SQL = &sql
		route.Ports[fmt.Sprintf("tcp/%d", sql.Listens())] = serve(t, one, selfSigned(t, 7)).address
	}
	if b, _ := h.SQLBrowser(); b.Fault == estate.Refuse {
		route.Ports["udp/1434"] = nowhere(t)
	} else {
		route.Ports["udp/1434"] = serveBrowser(t, h)
	}
	target := (&server{}).target()
	target.Dial = probes.Routes{"sql01.corp.test": route}.Dial
	return target
}

func listenPacket(t *testing.T) net.PacketConn {
	t.Helper()
	pc, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return pc
}

// nowhere is a UDP address at which nobody listens.
func nowhere(t *testing.T) string {
	t.Helper()
	pc := listenPacket(t)
	defer func() { _ = pc.Close() }()
	return pc.LocalAddr().String()
}

func serveBrowser(t *testing.T, h estate.Host) string {
	t.Helper()
	pc := listenPacket(t)
	b := tds.NewBrowser(func() estate.Host { return h })
	served := make(chan error, 1)
	go func() { served <- b.ServePacket(pc) }()
	t.Cleanup(func() {
		_ = b.Close()
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return pc.LocalAddr().String()
}

// browserCase is a Browser, and what a check of an instance makes of it.
type browserCase struct {
	h     estate.Host
	args  map[string]any
	want  map[string]string
	cause string
}

// TestBrowser holds what the Browser says from what it does not say.
func TestBrowser(t *testing.T) {
	for name, c := range map[string]browserCase{
		"it answers": {
			h: withShop(nil),
			want: map[string]string{
				" browser": "answered", " port": "49172", " login": "ok", " instance": "SHOP", " right_instance": "yes",
				" server_name": `SQL01\SHOP`, "Orders last_backup": "1900-01-01T00:00:00Z",
			},
		},
		"in another casing": {
			h: withShop(nil), args: map[string]any{"instance": "shop"},
			want: map[string]string{" browser": "answered", " login": "ok", " right_instance": "yes"},
		},
		"the port moved": {
			h:    withShop(func(_ *estate.Host, shop *estate.SQL) { shop.Port = 50111 }),
			want: map[string]string{" browser": "answered", " port": "50111", " login": "ok", " sql_ports": ""},
		},
		"a datagram is lost": {
			h:    withShop(func(h *estate.Host, _ *estate.SQL) { h.Browser = &estate.Browser{Lose: 1} }),
			want: map[string]string{" browser": "answered", " port": "49172", " login": "ok"},
		},
		"only the list comes": {
			h:    withShop(func(h *estate.Host, _ *estate.SQL) { h.Browser = &estate.Browser{Lose: 2} }),
			want: map[string]string{" browser": "answered", " port": "49172", " login": "ok"},
		},
		"a hidden one has a port": {
			h:    withShop(func(_ *estate.Host, shop *estate.SQL) { shop.Hidden = true }),
			args: map[string]any{"port": 49172},
			want: map[string]string{" browser": "", " login": "ok", " right_instance": "yes", " sql_ports": "49172"},
		},
		"the port is another instance's": {
			h: withShop(nil), args: map[string]any{"port": 1433},
			want: map[string]string{
				" login": "ok", " instance": "MSSQLSERVER", " right_instance": "no, it is MSSQLSERVER", " version": "", "Orders state": "",
			},
		},
		"the default instance by its name": {
			h: withShop(nil), args: map[string]any{"instance": "mssqlserver"},
			want: map[string]string{" browser": "", " login": "ok", " instance": "MSSQLSERVER", " right_instance": "yes"},
		},
		"no Browser runs": {
			h:     withShop(func(h *estate.Host, _ *estate.SQL) { h.Browser = &estate.Browser{Fault: estate.Refuse} }),
			want:  map[string]string{" browser": "refused", " login": ""},
			cause: "is the service SQLBrowser running?",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.holds(t, serveAll(t, c.h), 20*time.Second)
		})
	}
}

// Where the Browser is of no help, half of the check's time is waited for it: in a bubble,
// in which that is exact.
func TestBrowserOfNoHelp(t *testing.T) {
	for name, c := range map[string]browserCase{
		"it knows no such instance": {
			h: withShop(nil), args: map[string]any{"instance": "SHIP"},
			want:  map[string]string{" browser": "no such instance", " port": "", " login": ""},
			cause: "it knows MSSQLSERVER, SHOP, and not SHIP: stopped, hidden (HideInstance) or misspelt",
		},
		"the instance is hidden": {
			h:     withShop(func(_ *estate.Host, shop *estate.SQL) { shop.Hidden = true }),
			want:  map[string]string{" browser": "no such instance", " login": ""},
			cause: "it knows MSSQLSERVER, and not SHOP",
		},
		"all instances are hidden": {
			h:     withShop(func(h *estate.Host, shop *estate.SQL) { shop.Hidden, h.SQL.Hidden = true, true }),
			want:  map[string]string{" browser": "no answer"},
			cause: "a firewall, or a Browser that has nothing to tell",
		},
		"only named pipes": {
			h:     withShop(func(_ *estate.Host, shop *estate.SQL) { shop.NoTCP = true }),
			want:  map[string]string{" browser": "no tcp", " port": "", " login": ""},
			cause: "does not listen on TCP",
		},
		"it is blocked": {
			h:     withShop(func(h *estate.Host, _ *estate.SQL) { h.Browser = &estate.Browser{Fault: estate.Silent} }),
			want:  map[string]string{" browser": "no answer", " login": ""},
			cause: "nothing came back from udp/1434 within 200ms",
		},
		"it answers nonsense": {
			h:     withShop(func(h *estate.Host, _ *estate.SQL) { h.Browser = &estate.Browser{Fault: estate.Garbage} }),
			want:  map[string]string{" browser": "no answer", " login": ""},
			cause: "datagrams came that were no answer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target, stop := browserInMemory(t, c.h)
				defer stop()
				c.holds(t, target, 400*time.Millisecond)
			})
		})
	}
}

// lateConn hears of a deadline late, as on a busy machine.
type lateConn struct{ net.Conn }

func (c lateConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		time.Sleep(60 * time.Millisecond)
	}
	return n, err
}

// How long the Browser was waited for is told as it was meant.
func TestBrowserIsWaitedForTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withShop(func(h *estate.Host, _ *estate.SQL) { h.Browser = &estate.Browser{Fault: estate.Silent} })
		target, stop := browserInMemory(t, h)
		defer stop()
		dial := target.Dial
		target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return lateConn{conn}, err
		}
		want := map[string]string{" browser": "no answer"}
		browserCase{want: want, cause: "within 200ms"}.holds(t, target, 400*time.Millisecond)
	})
}

func (c browserCase) holds(t *testing.T, target probes.Target, limit time.Duration) {
	t.Helper()
	args := map[string]any{"database": []string{"Orders"}, "instance": "SHOP"}
	maps.Copy(args, c.args)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	observed, err := build(t, args).Observe(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	got := readings(observed)
	for key, want := range c.want {
		if got[key] != want {
			t.Errorf("%s: got %q, want %q", key, got[key], want)
		}
	}
	if !strings.Contains(got[" browser_cause"], c.cause) || c.cause == "" && got[" browser_cause"] != "" {
		t.Errorf("the cause is %q, want %q", got[" browser_cause"], c.cause)
	}
}

// An endless Browser ends by the count of what it sends, and an interrupted question at once.
func TestBrowserEnds(t *testing.T) {
	h := withShop(func(h *estate.Host, shop *estate.SQL) {
		h.Browser, shop.Hidden = &estate.Browser{Fault: estate.Endless}, true
	})
	_, err := build(t, map[string]any{"instance": "SHOP"}).Observe(t.Context(), serveAll(t, h))
	if err == nil || !strings.Contains(err.Error(), "without end") {
		t.Errorf("got %v", err)
	}
	h.Browser = &estate.Browser{Fault: estate.Silent}
	ctx, cancel := context.WithCancel(t.Context())
	target := serveAll(t, h)
	dial := target.Dial
	target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		defer cancel()
		return dial(ctx, network, address)
	}
	_, err = build(t, map[string]any{"instance": "SHOP"}).Observe(ctx, target)
	if !errors.Is(err, context.Canceled) || errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("got %v", err)
	}
}

// What the Browser says is judged as users have it: they connect by the name, too.
func TestBrowserIsExpected(t *testing.T) {
	spec, _ := Kind.Reading("browser")
	if spec.Expect != browserAnswered || !spec.Gate || spec.Severity != fact.Fail || len(spec.Silence) != 2 {
		t.Errorf("browser is judged by %+v", spec)
	}
	port, _ := Kind.Reading("port")
	if port.Severity != fact.Warn || port.Rule.Holds(fact.Int(49172), fact.Int(50111)) {
		t.Errorf("port is judged by %+v", port)
	}
}

func TestNames(t *testing.T) {
	for name, c := range map[string]struct {
		args map[string]any
		want string
	}{
		"LocalDB":               {map[string]any{"address": `(localdb)\MSSQLLocalDB`}, "address: LocalDB has no TCP port"},
		"this machine":          {map[string]any{"address": `.\SHOP`}, "address: want a name or an IP address that leads there"},
		"a pipe":                {map[string]any{"address": `\\.\pipe\sql\query`}, "address: only TCP is spoken"},
		"a protocol":            {map[string]any{"address": "tcp:sql01"}, "address: want the name or IP address alone"},
		"an instance behind":    {map[string]any{"address": `sql01\SHOP`}, "address: want the name or IP address alone: address: sql01, instance: SHOP"},
		"a port behind":         {map[string]any{"address": "sql01, 1444"}, "address: want the name or IP address alone, and port: 1444"},
		"a host before":         {map[string]any{"instance": `sql01\SHOP`}, "instance: want the instance's name alone: instance: SHOP, and address: sql01"},
		"a blank in it":         {map[string]any{"instance": "MY SHOP"}, "instance: a name of an instance has letters"},
		"a semicolon in it":     {map[string]any{"instance": "A;tcp;1"}, "instance: a name of an instance has letters"},
		"a digit first":         {map[string]any{"instance": "1SHOP"}, "instance: a name of an instance has letters"},
		"too long":              {map[string]any{"instance": "ABCDEFGHIJKLMNOPQ"}, "instance: a name of an instance has 16 characters"},
		"default":               {map[string]any{"instance": "Default"}, "instance: leave it out"},
		"not in ASCII":          {map[string]any{"instance": "KÖLN"}, "instance: SQL Server Browser knows it in a code page"},
		"not in ASCII, by port": {map[string]any{"instance": "KÖLN", "port": 1444}, ""},
		"all that is allowed":   {map[string]any{"instance": "_Shop$1"}, ""},
	} {
		_, err := Kind.Build(c.args)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestParseOffers(t *testing.T) {
	packet := func(text string) []byte { return append([]byte{5, byte(len(text)), byte(len(text) >> 8)}, text...) }
	for text, want := range map[string]string{
		"ServerName;A;InstanceName;SHOP;IsClustered;No;Version;16.0.1000.6;tcp;49172;;":        "[{SHOP 49172}]",
		"ServerName;A;InstanceName;SHOP;Version;1;np;\\\\A\\pipe\\x;tcp;1;;":                   "[{SHOP 1}]",
		"ServerName;A;InstanceName;X;Version;1;;ServerName;A;InstanceName;Y;Version;1;tcp;2;;": "[{X 0} {Y 2}]",
		"ServerName;A;InstanceName;X;Version;1;np;;tcp;2;;":                                    "[{X 2}]", // an empty value
		"ServerName;A;InstanceName;X;Version;1;tcp;0;;":                                        "an answer with the port",
		"ServerName;A;InstanceName;X;Version;1;tcp;65536;;":                                    "an answer with the port",
		"ServerName;A;InstanceName;X;Version;1;tcp;1":                                          "cut short",
		"ServerName;A;InstanceName":                                                            "ends with",
		"":                                                                                     "cut short",
		";;":                                                                                   "cut short",
	} {
		offers, err := parseOffers(packet(text))
		got := fmt.Sprint(offers)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	whole := packet("ServerName;A;InstanceName;X;Version;1;tcp;2;;")
	for n := range whole {
		if offers, err := parseOffers(whole[:n]); err == nil {
			t.Errorf("%d bytes of it are read as %v", n, offers)
		}
	}
	if _, err := parseOffers(append(whole, 'x')); err == nil {
		t.Error("more than it says is read")
	}
}

func TestStrangeNamesAreQuoted(t *testing.T) {
	b := browsing{instance: "SHOP"}
	for _, name := range []string{"A\x1b[31m\n", "B", strings.Repeat("C", 1000)} {
		b.known = append(b.known, printable(name))
	}
	got := b.unknown().cause
	if strings.ContainsAny(got, "\x1b\n") || len(got) > 400 || !strings.Contains(got, `"A\x1b[31m\n", B, "CCC`) {
		t.Errorf("got %q", got)
	}
}

func FuzzParseOffers(f *testing.F) {
	for _, text := range []string{
		"ServerName;A;InstanceName;SHOP;IsClustered;No;Version;16.0.1000.6;tcp;49172;;", ";;;", "tcp;;", "InstanceName;;;", "\xff;\x00",
	} {
		f.Add(append([]byte{5, byte(len(text)), 0}, text...))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		offers, err := parseOffers(packet)
		if err == nil && len(offers) == 0 || len(offers) > len(packet) {
			t.Fatalf("got %d offers of %d bytes", len(offers), len(packet))
		}
		for _, o := range offers {
			if o.port < 0 || o.port > 65535 || o.instance == "" || strings.Contains(o.instance, ";") {
				t.Fatalf("got %+v", o)
			}
		}
	})
}
