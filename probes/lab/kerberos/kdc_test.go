package kerberos_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-krb5/krb5/client"
	"github.com/go-krb5/krb5/credentials"
	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/keytab"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"
	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/lab/kerberos"
)

func TestClientWithPassword(t *testing.T) {
	k, addr := domain(t, kerberos.Options{})
	for _, name := range []string{"probe", "PROBE", "mixed.case", "small", "WEB1$", "web1"} {
		t.Run(name, func(t *testing.T) {
			cl := user(t, k, addr, name)
			if err := cl.Login(); err != nil {
				t.Fatal(err)
			}
			ticket, key, err := cl.GetServiceTicket("http/WEB1.corp.test")
			if err != nil {
				t.Fatal(err)
			}
			if ticket.EncPart.EType != 18 || key.KeyType != 18 {
				t.Errorf("a ticket of type %d with a key of type %d", ticket.EncPart.EType, key.KeyType)
			}
			tab := keytab.New()
			if err := tab.Unmarshal(k.Keytab(web)); err != nil {
				t.Fatal(err)
			}
			service := types.NewPrincipalName(nametype.KRB_NT_SRV_INST, web)
			if err := ticket.DecryptEncPart(tab, &service); err != nil {
				t.Fatal(err)
			}
			got := ticket.DecryptedEncPart
			if got.CName.PrincipalNameString() != name || got.CRealm != realm || !bytes.Equal(got.Key.KeyValue, key.KeyValue) {
				t.Errorf("the ticket is for %v", got.CName)
			}
		})
	}
	want := map[string]int{"AS": 12, "TGS": 6, "refused 25": 6}
	if diff := cmp.Diff(want, k.Asked()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestServices(t *testing.T) {
	k, addr := domain(t, kerberos.Options{})
	cl := user(t, k, addr, "probe")
	for service, known := range map[string]bool{
		web: true, "http/web2.corp.test": true, "cifs/WEB2.corp.test": true, "WSMAN/web1": true, "WEB1$": true,
		"MSSQLSvc/sql1.corp.test:1433": true,
		"WSMAN/web2.corp.test":         false, // HOST does not stand for it
		"HTTP/web1.corp.test:5985":     false, // a port makes another name
		"HTTP/web1":                    false,
		"HTTP/web3.corp.test":          false,
	} {
		_, _, err := cl.GetServiceTicket(service)
		if (err == nil) != known {
			t.Errorf("%s: %v", service, err)
		}
		if err != nil && !strings.Contains(err.Error(), "KDC_ERR_S_PRINCIPAL_UNKNOWN") {
			t.Errorf("%s: %v", service, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	wrong := host.NewSecret("wrong").Reveal()
	for name, test := range map[string]struct {
		user, password string
		clock          time.Duration
		types          []int32
		want           string
	}{
		"wrong password":                  {user: "probe", password: wrong, want: "KDC_ERR_PREAUTH_FAILED"},
		"unknown":                         {user: "nobody", want: "KDC_ERR_C_PRINCIPAL_UNKNOWN"},
		"disabled":                        {user: "off", want: "KDC_ERR_CLIENT_REVOKED"},
		"disabled and wrong":              {user: "off", password: wrong, want: "KDC_ERR_CLIENT_REVOKED"},
		"locked":                          {user: "locked", want: "KDC_ERR_CLIENT_REVOKED"},
		"expired":                         {user: "gone", want: "KDC_ERR_CLIENT_REVOKED"},
		"expired password":                {user: "old", want: "KDC_ERR_KEY_EXPIRED"},
		"expired password, and wrong":     {user: "old", password: wrong, want: "KDC_ERR_PREAUTH_FAILED"},
		"an account with RC4 alone":       {user: "ancient", types: []int32{18, 17}, want: "KDC_ERR_ETYPE_NOSUPP"},
		"a client with RC4 alone":         {user: "probe", types: []int32{23}, want: "KDC_ERR_ETYPE_NOSUPP"},
		"a clock ahead":                   {user: "probe", clock: 6 * time.Minute, want: "KRB_AP_ERR_SKEW"},
		"a clock behind":                  {user: "probe", clock: -6 * time.Minute, want: "KRB_AP_ERR_SKEW"},
		"wrong password before the clock": {user: "probe", password: wrong, clock: time.Hour, want: "KDC_ERR_PREAUTH_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			k, addr := domain(t, kerberos.Options{Clock: late(test.clock)})
			pw := test.password
			if pw == "" {
				pw = password
			}
			c := settings(t, k, addr)
			if test.types != nil {
				c.LibDefaults.DefaultTktEnctypeIDs = test.types
			}
			cl := client.NewWithPassword(test.user, realm, pw, c, client.DisablePAFXFAST(true))
			defer cl.Destroy()
			if err := cl.Login(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestClockWithinLimits(t *testing.T) {
	for _, by := range []time.Duration{4 * time.Minute, -4 * time.Minute} {
		k, addr := domain(t, kerberos.Options{Clock: late(by)})
		if err := user(t, k, addr, "probe").Login(); err != nil {
			t.Errorf("%s: %v", by, err)
		}
	}
}

// TestFAST shows what a client that does not know Active Directory meets.
func TestFAST(t *testing.T) {
	k, addr := domain(t, kerberos.Options{})
	cl := client.NewWithPassword("probe", realm, password, settings(t, k, addr))
	defer cl.Destroy()
	if err := cl.Login(); err == nil || !strings.Contains(err.Error(), "FAST") {
		t.Errorf("got %v", err)
	}
}

func TestLockout(t *testing.T) {
	k, addr := domain(t, kerberos.Options{LockAfter: 2})
	fail := func() string {
		cl := client.NewWithPassword("probe", realm, "wrong", settings(t, k, addr), client.DisablePAFXFAST(true))
		defer cl.Destroy()
		return cl.Login().Error()
	}
	_ = fail()
	if err := user(t, k, addr, "probe").Login(); err != nil { // which forgives the first
		t.Fatal(err)
	}
	for i, want := range []string{"PREAUTH_FAILED", "PREAUTH_FAILED", "CLIENT_REVOKED"} {
		if got := fail(); !strings.Contains(got, want) {
			t.Errorf("attempt %d: got %s, want %s", i, got, want)
		}
	}
	if err := user(t, k, addr, "probe").Login(); err == nil || !strings.Contains(err.Error(), "CLIENT_REVOKED") {
		t.Errorf("the right password came in: %v", err)
	}
	if err := k.Put(kerberos.Account{Name: "Probe", Password: host.NewSecret(password)}); err != nil {
		t.Fatal(err)
	}
	if err := user(t, k, addr, "probe").Login(); err != nil {
		t.Errorf("unlocked: %v", err)
	}
}

func TestClientWithKeytab(t *testing.T) {
	k, addr := domain(t, kerberos.Options{})
	tab := keytab.New()
	if err := tab.Unmarshal(k.Keytab("probe")); err != nil {
		t.Fatal(err)
	}
	cl := client.NewWithKeytab("probe", realm, tab, settings(t, k, addr), client.DisablePAFXFAST(true))
	defer cl.Destroy()
	if err := cl.Login(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := cl.GetServiceTicket(web); err != nil {
		t.Error(err)
	}
	if k.Keytab("HTTP/nowhere") != nil {
		t.Error("a keytab for a service that nobody has")
	}
}

func TestClientFromCCache(t *testing.T) {
	k, addr := domain(t, kerberos.Options{})
	for name, test := range map[string]struct {
		life time.Duration
		want bool
	}{
		"good":    {time.Hour, true},
		"expired": {-time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := k.CCache("probe", test.life)
			if err != nil {
				t.Fatal(err)
			}
			var cache credentials.CCache
			if err := cache.Unmarshal(raw); err != nil {
				t.Fatal(err)
			}
			if e := cache.GetEntries()[0]; !e.EndTime.After(e.StartTime) {
				t.Errorf("a ticket from %s to %s", e.StartTime, e.EndTime)
			}
			if cache.GetClientRealm() != realm || len(cache.GetEntries()) != 1 {
				t.Errorf("a cache of %s with %d tickets", cache.GetClientRealm(), len(cache.GetEntries()))
			}
			cl, err := client.NewFromCCache(&cache, settings(t, k, addr), client.DisablePAFXFAST(true))
			if err != nil {
				t.Fatal(err)
			}
			defer cl.Destroy()
			if _, _, err := cl.GetServiceTicket(web); (err == nil) != test.want {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := k.CCache("probe", time.Hour, "HTTP/nowhere"); err == nil {
		t.Error("a ticket for a service that nobody has")
	}
}

// TestTicketShape looks at what the wire shows beside names: flags, times, types
// and the hints before a password.
func TestTicketShape(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	k, addr := domain(t, kerberos.Options{Clock: clock, TicketLife: time.Hour, RenewLife: 24 * time.Hour})
	c := settings(t, k, addr)
	name := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "MIXED.case")
	req, err := messages.NewASReqForTGT(realm, c, name)
	if err != nil {
		t.Fatal(err)
	}
	req.ReqBody.Till, req.ReqBody.RTime = now.Add(48*time.Hour), now.Add(12*time.Hour)
	types.SetFlags(&req.ReqBody.KDCOptions, []int{flags.Renewable, flags.Forwardable})
	ask := func() []byte {
		raw, err := req.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return k.Answer(raw)
	}
	var hint messages.KRBError
	if err := hint.Unmarshal(ask()); err != nil || hint.ErrorCode != errorcode.KDC_ERR_PREAUTH_REQUIRED {
		t.Fatalf("first answer: %v %v", hint, err)
	}
	var offered types.PADataSequence
	if err := offered.Unmarshal(hint.EData); err != nil || len(offered) != 4 {
		t.Fatalf("hints: %v %v", offered, err)
	}
	info, err := offered[0].GetETypeInfo2()
	want := types.ETypeInfo2{{EType: 18, Salt: "CORP.TESTMixed.Case"}, {EType: 17, Salt: "CORP.TESTMixed.Case"}}
	if diff := cmp.Diff(want, info); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	key, etype, err := crypto.GetKeyFromPassword(password, name, realm, 18, offered)
	if err != nil {
		t.Fatal(err)
	}
	req.PAData = types.PADataSequence{timestamp(t, key, now)}
	var rep messages.ASRep
	if err := rep.Unmarshal(ask()); err != nil {
		t.Fatal(err)
	}
	plain, err := etype.DecryptMessage(key.KeyValue, rep.EncPart.Cipher, 3)
	if err != nil {
		t.Fatal(err)
	}
	var part messages.EncKDCRepPart
	if err := part.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	if got := binary.BigEndian.Uint32(part.Flags.Bytes); got != 0x40e10000 { // as every TGT of a domain
		t.Errorf("flags %08x", got)
	}
	if !part.EndTime.Equal(now.Add(time.Hour)) || !part.RenewTill.Equal(now.Add(12*time.Hour)) {
		t.Errorf("ends %s, renewable until %s", part.EndTime, part.RenewTill)
	}
	if rep.EncPart.KVNO != 2 || rep.Ticket.EncPart.KVNO != 2 || rep.Ticket.EncPart.EType != 18 {
		t.Errorf("keys %d and %d", rep.EncPart.KVNO, rep.Ticket.EncPart.KVNO)
	}
	if rep.CName.PrincipalNameString() != "MIXED.case" {
		t.Errorf("the ticket is for %v", rep.CName)
	}
	types.SetFlag(&req.ReqBody.KDCOptions, flags.Canonicalize)
	enterprise := []string{"mixed.case@corp.test"}
	req.ReqBody.CName = types.PrincipalName{NameType: nametype.KRB_NT_ENTERPRISE, NameString: enterprise}
	req.ReqBody.Realm = "corp.test"
	if err := rep.Unmarshal(ask()); err != nil {
		t.Fatal(err)
	}
	if rep.CName.PrincipalNameString() != "Mixed.Case" || rep.CName.NameType != 1 || rep.CRealm != realm {
		t.Errorf("the canonical name is %v@%s", rep.CName, rep.CRealm)
	}
}

func timestamp(t testing.TB, key types.EncryptionKey, now time.Time) types.PAData {
	t.Helper()
	raw, err := types.GetPAEncTSEncAsnMarshalled()
	if err != nil {
		t.Fatal(err)
	}
	head := []byte{0x18, 15} // of a GeneralizedTime; 0x18 alone may be the length of the whole
	copy(raw[bytes.Index(raw, head)+len(head):], now.UTC().Format("20060102150405Z"))
	sealed, err := crypto.GetEncryptedData(raw, key, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	value, err := sealed.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return types.PAData{PADataType: 2, PADataValue: value}
}

// TestRC4WhenAsked shows that RC4 is there for an account that has it.
func TestRC4WhenAsked(t *testing.T) {
	k, addr := domain(t, kerberos.Options{})
	c := settings(t, k, addr)
	c.LibDefaults.DefaultTktEnctypeIDs, c.LibDefaults.DefaultTGSEnctypeIDs = []int32{23}, []int32{23}
	cl := client.NewWithPassword("ancient", realm, password, c, client.DisablePAFXFAST(true))
	defer cl.Destroy()
	if err := cl.Login(); err != nil {
		t.Fatal(err)
	}
	// The web server has no RC4, so there is no key for both.
	if _, _, err := cl.GetServiceTicket(web); err == nil || !strings.Contains(err.Error(), "KDC_ERR_ETYPE_NOSUPP") {
		t.Errorf("got %v", err)
	}
}

func TestTransport(t *testing.T) {
	_, addr := domain(t, kerberos.Options{})
	for name, test := range map[string]struct {
		send string
		want int32
	}{
		"no request":   {"\x00\x00\x00\x02hi", errorcode.KRB_ERR_GENERIC},
		"nothing":      {"\x00\x00\x00\x00", errorcode.KRB_ERR_GENERIC},
		"too long":     {"\x00\x01\x00\x01", errorcode.KRB_ERR_FIELD_TOOLONG},
		"far too long": {"\xff\xff\xff\xff", errorcode.KRB_ERR_FIELD_TOOLONG},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := io.WriteString(conn, test.send); err != nil {
				t.Fatal(err)
			}
			var size [4]byte
			if _, err := io.ReadFull(conn, size[:]); err != nil {
				t.Fatal(err)
			}
			reply := make([]byte, binary.BigEndian.Uint32(size[:]))
			if _, err := io.ReadFull(conn, reply); err != nil {
				t.Fatal(err)
			}
			var got messages.KRBError
			if err := got.Unmarshal(reply); err != nil || got.ErrorCode != test.want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestDatagrams(t *testing.T) {
	k, _ := domain(t, kerberos.Options{})
	pc, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- k.ServePacket(pc) }()
	c := settings(t, k, pc.LocalAddr().String())
	c.LibDefaults.UDPPreferenceLimit = 1465
	cl := client.NewWithPassword("probe", realm, password, c, client.DisablePAFXFAST(true))
	defer cl.Destroy()
	if err := cl.Login(); err != nil {
		t.Error(err)
	}
	// What does not fit has to come over TCP.
	name := strings.Repeat("long", 400)
	if err := k.Put(kerberos.Account{Name: name, Password: host.NewSecret(password)}); err != nil {
		t.Fatal(err)
	}
	req, err := messages.NewASReqForTGT(realm, c, types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, name))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "udp", pc.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(raw); err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, 4096)
	n, err := conn.Read(reply)
	var got messages.KRBError
	if err != nil || got.Unmarshal(reply[:n]) != nil || got.ErrorCode != errorcode.KRB_ERR_RESPONSE_TOO_BIG {
		t.Errorf("got %v, %v", got, err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestServiceMoves(t *testing.T) {
	k, addr := domain(t, kerberos.Options{})
	pw := host.NewSecret(password)
	bare := kerberos.Account{Name: "web1$", Password: pw}
	pool := kerberos.Account{Name: "pool", Password: pw, SPNs: []string{web}}
	for _, a := range []kerberos.Account{bare, pool} {
		if err := k.Put(a); err != nil {
			t.Fatal(err)
		}
	}
	cl := user(t, k, addr, "probe")
	ticket, _, err := cl.GetServiceTicket(web)
	if err != nil {
		t.Fatal(err)
	}
	tab := keytab.New()
	if err := tab.Unmarshal(k.Keytab("pool")); err != nil {
		t.Fatal(err)
	}
	if err := ticket.DecryptEncPart(tab, &types.PrincipalName{NameString: []string{"pool"}}); err != nil {
		t.Error(err)
	}
	if _, _, err := cl.GetServiceTicket("WSMAN/web1"); err == nil {
		t.Error("a service that its account gave up")
	}
}

func TestAccountsThatCannotBe(t *testing.T) {
	for name, accounts := range map[string][]kerberos.Account{
		"a type nobody has": {{Name: "a", EncTypes: []int32{3}}},
		"a service of two":  {{Name: "a", SPNs: []string{web}}, {Name: "b", SPNs: []string{strings.ToUpper(web)}}},
		"no realm":          nil,
	} {
		options := kerberos.Options{Realm: realm}
		if accounts == nil {
			options.Realm = ""
		}
		if _, err := kerberos.NewKDC(options, accounts...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
