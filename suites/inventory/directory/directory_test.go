package directory

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/suites/inventory"
	"postpatch/suites/inventory/directory/directorytest"
)

const domain = ",OU=Servers,DC=corp,DC=example,DC=org"

// computer is one whose own name is its DNS name.
func computer(name string, more ...string) directorytest.Computer {
	c := directorytest.Computer{DN: "CN=" + name + domain, Attributes: map[string]string{"cn": name}}
	c.Attributes["dNSHostName"] = name + ".corp.example.org"
	for i := 0; i+1 < len(more); i += 2 {
		if c.Attributes[more[i]] = more[i+1]; more[i+1] == "" {
			delete(c.Attributes, more[i])
		}
	}
	return c
}

func start(t *testing.T, s *directorytest.Server, startTLS bool) {
	t.Helper()
	s.User, s.Password = `CORP\probe`, "open-sesame"
	if err := directorytest.Start(s, startTLS); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
}

// asked asks a server, with what may be changed of the search and of the options.
func asked(t *testing.T, s *directorytest.Server, change func(*inventory.Search, *Options)) (inventory.Found, error) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.Roots())
	search := inventory.Search{Server: directorytest.Name, Port: 636, Base: domain[1:]}
	o := Options{
		Roots: roots, User: s.User, Password: host.NewSecret(s.Password),
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.Addr())
		},
	}
	if change != nil {
		change(&search, &o)
	}
	return Ask(t.Context(), search, o)
}

func namesOf(f inventory.Found) []string {
	var names []string
	for _, h := range f.Hosts {
		names = append(names, h.Name)
	}
	return names
}

func TestSearch(t *testing.T) {
	ticks := func(at time.Time) string { return fmt.Sprint((at.Unix() + 11_644_473_600) * 10_000_000) }
	now := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	s := &directorytest.Server{Computers: []directorytest.Computer{
		computer("sql01", "userAccountControl", "4096", "lastLogonTimestamp", ticks(now.AddDate(0, 0, -20))),
		computer("EX01", "lastLogonTimestamp", ticks(now.AddDate(0, 0, -89))),
		computer("short", "dNSHostName", "", "lastLogonTimestamp", ticks(now)),
		computer("gone", "userAccountControl", "4098"),
		computer("old", "lastLogonTimestamp", ticks(now.AddDate(0, 0, -91))),
		computer("never"),
		{DN: "CN=ex01\\0ACNF:5f" + domain, Attributes: map[string]string{
			"cn": "ex01\nCNF:5f", "lastLogonTimestamp": ticks(now),
		}},
		computer("twin", "dNSHostName", "ex01.CORP.example.org", "lastLogonTimestamp", ticks(now)),
		computer("evil", "dNSHostName", "evil\x1b[2J.example.org", "lastLogonTimestamp", ticks(now)),
	}}
	start(t, s, false)
	found, err := asked(t, s, func(s *inventory.Search, o *Options) { s.Seen, o.Now = 90*24*time.Hour, now })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"EX01.corp.example.org", "short.corp.example.org", "sql01.corp.example.org"}
	if diff := cmp.Diff(want, namesOf(found)); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	left := []string{
		"1 the account is disabled: gone.corp.example.org",
		"2 not logged on for 90 days: never.corp.example.org, old.corp.example.org",
		`2 without a name that a host can have: "CN=evil` + domain + `", "CN=ex01\\0ACNF:5f` + domain + `"`,
		"1 of a name that another one has: ex01.CORP.example.org",
	}
	if diff := cmp.Diff(left, found.LeftOut); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	found, err = asked(t, s, func(s *inventory.Search, _ *Options) { s.Disabled, s.Filter = true, "(cn=*)" })
	if err != nil || len(found.Hosts) != 6 {
		t.Errorf("%v, %v", namesOf(found), err)
	}
	ops := s.Asked()
	if len(ops) != 4 || ops[0] != `bind CORP\probe` || !strings.Contains(ops[1], "objectClass=computer") ||
		!strings.Contains(ops[3], "(cn=*)") {
		t.Errorf("asked %q", ops)
	}
}

// Thousands come in pages, and too many are an error.
func TestPages(t *testing.T) {
	s := &directorytest.Server{}
	for i := range 2500 {
		s.Computers = append(s.Computers, computer(fmt.Sprintf("srv%05d", i)))
	}
	start(t, s, true)
	found, err := asked(t, s, func(s *inventory.Search, _ *Options) { s.StartTLS = true })
	if err != nil || len(found.Hosts) != 2500 {
		t.Fatalf("%d hosts, %v", len(found.Hosts), err)
	}
	ops := s.Asked()
	if len(ops) != 5 || ops[0] != "starttls" || !strings.HasSuffix(ops[4], "from 2000") {
		t.Errorf("asked %q", ops)
	}
	full := gatherer{names: map[string]bool{}, seen: inventory.MaxHosts - 1}
	e := ldap.NewEntry("CN=a"+domain, map[string][]string{"cn": {"a"}})
	if err := full.entry(e); err != nil {
		t.Error(err)
	}
	if err := full.entry(e); err == nil || !strings.Contains(err.Error(), "more than 50000 computers") {
		t.Errorf("got %v", err)
	}
}

// Whatever is not right comes before the password, or ends the search.
func TestRefused(t *testing.T) {
	answer := func(messages func(id int64) [][]byte) func(*ber.Packet, int64) [][]byte {
		return func(op *ber.Packet, id int64) [][]byte {
			if op.Tag != ldap.ApplicationSearchRequest {
				return nil
			}
			return messages(id)
		}
	}
	code := func(n uint16) func(*ber.Packet, int64) [][]byte {
		return answer(func(id int64) [][]byte {
			return [][]byte{
				directorytest.Entry(id, computer("srv01")), directorytest.Result(id, ldap.ApplicationSearchResultDone, n),
			}
		})
	}
	huge := computer("srv01", "cn", strings.Repeat("x", 2<<20))
	for name, c := range map[string]struct {
		server   *directorytest.Server
		startTLS bool
		change   func(*inventory.Search, *Options)
		want     string
		shown    bool // the password
	}{
		"a certificate of nobody": {
			change: func(_ *inventory.Search, o *Options) { o.Roots = x509.NewCertPool() }, want: "no password was sent",
		},
		"a certificate of another": {
			change: func(s *inventory.Search, _ *Options) { s.Server = "dc01.corp.example.org" }, want: "no password was sent",
		},
		"StartTLS stripped": {
			server: &directorytest.Server{Refuse: true}, startTLS: true,
			change: func(s *inventory.Search, _ *Options) { s.StartTLS = true }, want: "nothing was sent in clear",
		},
		"StartTLS mangled": {
			server: &directorytest.Server{Answer: func(*ber.Packet, int64) [][]byte {
				return [][]byte{[]byte("HTTP/1.1 400\r\n\r\n")}
			}},
			change: func(s *inventory.Search, _ *Options) { s.StartTLS = true }, startTLS: true, want: "no message of LDAP",
		},
		"no TLS behind StartTLS": {
			server: &directorytest.Server{Answer: func(op *ber.Packet, id int64) [][]byte {
				return [][]byte{directorytest.Result(id, ldap.ApplicationExtendedResponse, 0), []byte("plain text, no TLS at all")}
			}},
			change: func(s *inventory.Search, _ *Options) { s.StartTLS = true }, startTLS: true, want: "no password was sent",
		},
		"a wrong password": {
			change: func(_ *inventory.Search, o *Options) { o.Password = host.NewSecret("open-barley") },
			want:   `entering it as CORP\probe: the account was refused (the password is wrong); it is not tried again`,
			shown:  true,
		},
		"no password": {
			change: func(_ *inventory.Search, o *Options) { o.Password = host.Secret{} },
			want:   "a user and a password are needed",
		},
		"nobody there": {want: "no computer is found; look at base and filter", shown: true},
		"all disabled": {
			server: &directorytest.Server{Computers: []directorytest.Computer{computer("a", "userAccountControl", "2")}},
			want:   "but those left out: 1 the account is disabled",
			shown:  true,
		},
		"a referral": {
			server: &directorytest.Server{Answer: code(10)},
			want:   "it refers to another server, which is not followed",
			shown:  true,
		},
		"cut by size": {server: &directorytest.Server{Answer: code(4)}, want: "its answer is not whole", shown: true},
		"cut by time": {server: &directorytest.Server{Answer: code(3)}, want: "its answer is not whole", shown: true},
		"cut by the server": {
			server: &directorytest.Server{Answer: code(11)},
			want:   "its answer is not whole",
			shown:  true,
		},
		"no such base": {server: &directorytest.Server{Answer: code(32)}, want: "there is no such base", shown: true},
		"a huge entry": {
			server: &directorytest.Server{Answer: answer(func(id int64) [][]byte {
				return [][]byte{directorytest.Entry(id, huge)}
			})},
			want: "longer than 1024 KiB", shown: true,
		},
		"a huge length": {
			server: &directorytest.Server{Answer: answer(func(int64) [][]byte {
				return [][]byte{{0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF}}
			})},
			want: "longer than 1024 KiB", shown: true,
		},
		"pages without end": {
			server: &directorytest.Server{Answer: answer(func(id int64) [][]byte {
				paging := ldap.NewControlPaging(0)
				paging.SetCookie([]byte("again"))
				controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
				controls.AppendChild(paging.Encode())
				done, _ := ber.DecodePacketErr(directorytest.Result(id, ldap.ApplicationSearchResultDone, 0))
				whole := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
				whole.AppendChild(done.Children[0])
				whole.AppendChild(done.Children[1])
				whole.AppendChild(controls)
				return [][]byte{whole.Bytes()}
			})}, want: "no end of pages", shown: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := c.server
			if server == nil {
				server = &directorytest.Server{}
			}
			start(t, server, c.startTLS)
			found, err := asked(t, server, c.change)
			if err == nil || !strings.Contains(err.Error(), c.want) || len(found.Hosts) > 0 {
				t.Errorf("%v, %v; want %q", found.Hosts, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "open-") {
				t.Errorf("the password shows: %v", err)
			}
			shown := strings.Contains(strings.Join(server.Asked(), "\n"), "bind")
			if shown != c.shown {
				t.Errorf("shown=%t, want %t: %q", shown, c.shown, server.Asked())
			}
		})
	}
}

// What a directory points to is told, and not asked; but where no computers are.
func TestReferences(t *testing.T) {
	s := &directorytest.Server{Answer: func(op *ber.Packet, id int64) [][]byte {
		if op.Tag != ldap.ApplicationSearchRequest {
			return nil
		}
		return [][]byte{
			directorytest.Entry(id, computer("srv01")),
			directorytest.Reference(id, "ldap://DomainDnsZones.corp.example.org/DC=DomainDnsZones,DC=corp,DC=example,DC=org"),
			directorytest.Reference(id, "ldap://child.corp.example.org/DC=child,DC=corp,DC=example,DC=org"),
			directorytest.Result(id, ldap.ApplicationSearchResultDone, 0),
		}
	}}
	start(t, s, false)
	found, err := asked(t, s, nil)
	want := []string{"1 other places to which it refers, and which are not asked: " +
		"ldap://child.corp.example.org/DC=child,DC=corp,DC=example,DC=org"}
	if diff := cmp.Diff(want, found.LeftOut); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A server that says nothing is given up when the run is.
func TestMuteServer(t *testing.T) {
	s := &directorytest.Server{}
	block := make(chan struct{})
	defer close(block)
	bound := make(chan struct{})
	s.Answer = func(*ber.Packet, int64) [][]byte {
		close(bound)
		<-block
		return nil
	}
	start(t, s, false)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.Roots())
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-bound; cancel() }()
	_, err := Ask(ctx, inventory.Search{Server: directorytest.Name, Port: 636}, Options{
		Roots: roots, User: s.User, Password: host.NewSecret(s.Password),
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.Addr())
		},
	})
	if err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("got %v", err)
	}
}
