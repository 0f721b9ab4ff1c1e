package wsman_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bodgit/ntlmssp"
	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

func query() string { return enumerate("SELECT Name FROM Win32_ComputerSystem") }

func TestSealedSession(t *testing.T) {
	b := sealing(t)
	w := b.dial(t, b.listen(t))
	got := w.send(t, "", soap, query())
	if diff := cmp.Diff([]string{"Negotiate"}, got.header.Values("WWW-Authenticate")); diff != "" || got.status != 401 {
		t.Errorf("without authorization: %d %s", got.status, diff)
	}
	if got.header.Get("Content-Length") != "0" || got.header.Get("Server") != "Microsoft-HTTPAPI/2.0" {
		t.Errorf("got %v", got.header)
	}
	w.logon(t)
	if status, reply := w.ask(t, query()); status != 200 || !strings.Contains(reply, "<Name>SQL01</Name>") {
		t.Errorf("got %d: %s", status, reply)
	}
	if status, reply := w.ask(t, enumerate("SELECT * FROM Nope")); status != 500 || !strings.Contains(reply, "s:Fault") {
		t.Errorf("a fault: got %d: %s", status, reply)
	}
	if status, reply := w.ask(t, create(nil)); status != 200 {
		t.Errorf("a shell: got %d: %s", status, reply)
	}
	stats := b.Stats()
	if stats.Auth["NTLM"] != 1 || stats.Refused != 0 || stats.Sealed != 3 || stats.Open != 1 || stats.Shells != 1 {
		t.Errorf("counted %+v", stats)
	}
	b.enter("rebooted")
	if got := b.Stats().Shells; got != 0 {
		t.Errorf("after a reboot %d shells are open", got)
	}
}

// Windows' own client sends its first message with the last leg.
func TestMessageWithTheLastLeg(t *testing.T) {
	b := sealing(t)
	url := b.listen(t)
	w := b.dial(t, url)
	last := w.begin(t, "probe", "pw", nil)
	got := w.send(t, last, sealed, w.seal(t, query()))
	if reply := w.open(t, got, "--"); got.status != 200 || !strings.Contains(reply, "<Name>SQL01</Name>") {
		t.Errorf("got %d: %s", got.status, reply)
	}
	b.configure(func(c *estate.WinRM) { c.NoEarlyBody = true })
	w = b.dial(t, url)
	last = w.begin(t, "probe", "pw", nil)
	if got := w.send(t, last, sealed, w.seal(t, query())); got.status != http.StatusBadRequest || got.body != "" {
		t.Errorf("early: got %+v", got)
	}
	if got := w.send(t, last, "", ""); got.status != 200 {
		t.Errorf("then without a body: got %+v", got)
	}
}

func TestAuthenticationIsOfTheConnection(t *testing.T) {
	b := sealing(t)
	url := b.listen(t)
	one, two := b.dial(t, url), b.dial(t, url)
	last := one.begin(t, "probe", "pw", nil)
	if got := two.send(t, last, "", ""); got.status != 401 {
		t.Errorf("the last leg on another connection: %+v", got)
	}
	if got := one.send(t, last, "", ""); got.status != 200 {
		t.Errorf("the last leg: %+v", got)
	}
	two.client = one.client
	if got := two.send(t, "", sealed, two.seal(t, query())); got.status != 401 {
		t.Errorf("a message on another connection: %+v", got)
	}
	if got := one.send(t, last, "", ""); got.status != 401 {
		t.Errorf("the last leg again: %+v", got)
	}
	if stats := b.Stats(); stats.Refused != 2 || stats.Auth["NTLM"] != 1 {
		t.Errorf("counted %+v", stats)
	}
}

func TestStrangersStayOut(t *testing.T) {
	for name, who := range map[string][2]string{
		"wrong password": {"probe", "PW"}, "unknown user": {"prob", "pw"}, "nobody": {"", ""},
	} {
		b := sealing(t)
		w := b.dial(t, b.listen(t))
		last := w.begin(t, who[0], who[1], nil)
		got := w.send(t, last, sealed, w.seal(t, query()))
		if got.status != 401 || got.header.Get("WWW-Authenticate") != "Negotiate" || b.Stats().Refused != 1 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	b := sealing(t)
	w := b.dial(t, b.listen(t))
	for _, authorization := range []string{
		"Negotiate", "Negotiate !", "Negotiate " + base64.StdEncoding.EncodeToString([]byte("hello")),
		"Kerberos YII=", "Basic cHJvYmU6cHc=", "NTLM TlRMTVNTUAABAAAAB4IIAA==", "Digest x",
	} {
		if got := w.send(t, authorization, soap, query()); got.status != 401 || got.body != "" {
			t.Errorf("%s: got %+v", authorization, got)
		}
	}
}

func TestClearMessages(t *testing.T) {
	b := sealing(t)
	w := b.dial(t, b.listen(t))
	w.logon(t)
	if got := w.send(t, "", soap, query()); got.status != 401 || got.header.Get("WWW-Authenticate") != "Negotiate" {
		t.Errorf("got %+v", got)
	}
	b.configure(func(c *estate.WinRM) { c.Plain = true })
	if got := w.send(t, "", soap, query()); got.status != 200 || !strings.Contains(got.body, "SQL01") {
		t.Errorf("AllowUnencrypted: got %+v", got)
	}
	if status, reply := w.ask(t, query()); status != 200 || !strings.Contains(reply, "SQL01") {
		t.Errorf("sealed all the same: got %d: %s", status, reply)
	}
	if got := w.send(t, "Basic cHJvYmU6cHc=", sealed, w.seal(t, query())); got.status != 415 {
		t.Errorf("sealed by nobody: got %+v", got)
	}
}

func TestReauthentication(t *testing.T) {
	b := sealing(t)
	b.configure(func(c *estate.WinRM) { c.Reauth = 2 })
	w := b.dial(t, b.listen(t))
	for range 3 {
		w.logon(t)
		for range 2 {
			w.ask(t, query())
		}
		if got := w.send(t, "", sealed, w.seal(t, query())); got.status != 401 {
			t.Fatalf("got %+v", got)
		}
	}
	if got := b.Stats(); got.Auth["NTLM"] != 3 || got.Messages["Enumerate"] != 6 || got.Connections != 1 {
		t.Errorf("counted %+v", got)
	}
}

func TestOffers(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*estate.WinRM)
		want   string
	}{
		"all that it has":      {func(*estate.WinRM) {}, `Negotiate,Kerberos,Basic realm="WSMAN"`},
		"all but Basic":        {func(c *estate.WinRM) { c.Plain = false }, "Negotiate,Kerberos"},
		"Negotiate":            {func(c *estate.WinRM) { c.Auth = []string{"negotiate"} }, "Negotiate"},
		"Kerberos":             {func(c *estate.WinRM) { c.Auth = []string{"kerberos"} }, "Kerberos"},
		"Basic":                {func(c *estate.WinRM) { c.Auth = []string{"basic"} }, `Basic realm="WSMAN"`},
		"only by certificates": {func(c *estate.WinRM) { c.Auth = []string{"certificate"} }, ""},
	} {
		b := newBench(t)
		b.Kerberos = func([]byte) wsman.Acceptor { return nil }
		b.configure(test.change)
		w := b.dial(t, b.listen(t))
		got := w.send(t, "", soap, query())
		offered := strings.Join(got.header.Values("WWW-Authenticate"), ",")
		if offered != test.want || got.status != 401 {
			t.Errorf("%s: got %d, %q", name, got.status, offered)
		}
		basic := strings.Contains(test.want, "Basic")
		if got := w.send(t, "Basic cHJvYmU6cHc=", soap, query()); (got.status == 200) != basic {
			t.Errorf("%s: Basic gets %d", name, got.status)
		}
		first, err := newClient(t, "probe", "pw").Authenticate(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got = w.send(t, negotiate(first), "", "")
		begun := strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Negotiate T")
		if begun != strings.Contains(test.want, "Negotiate") {
			t.Errorf("%s: Negotiate gets %v", name, got.header)
		}
	}
}

func TestChannelBinding(t *testing.T) {
	other := &ntlmssp.ChannelBindings{ApplicationData: []byte("tls-server-end-point:another")}
	for _, test := range []struct {
		level, sent string
		want        int
	}{
		{"none", "right", 200},
		{"none", "absent", 200},
		{"none", "wrong", 200},
		{"relaxed", "right", 200},
		{"relaxed", "absent", 200},
		{"relaxed", "wrong", 401},
		{"", "wrong", 401},
		{"", "absent", 200},
		{"strict", "right", 200},
		{"strict", "absent", 401},
		{"strict", "wrong", 401},
	} {
		b, ca, own := newBenchTLS(t)
		b.configure(func(c *estate.WinRM) { c.CBT = test.level })
		w := dialTLS(t, b.listenTLS(t), ca.pool)
		sent := map[string]*ntlmssp.ChannelBindings{"right": endPoint(own), "wrong": other}[test.sent]
		if got := w.send(t, w.begin(t, "probe", "pw", sent), soap, query()); got.status != test.want {
			t.Errorf("%s, %s: got %+v", test.level, test.sent, got)
		}
		if test.want == 200 { // in clear, and sealed by a client that insists
			if got := w.send(t, "", soap, query()); got.status != 200 || !strings.Contains(got.body, "SQL01") {
				t.Errorf("%s, %s: then got %+v", test.level, test.sent, got)
			}
			if status, _ := w.ask(t, query()); status != 200 {
				t.Errorf("%s, %s: sealed gets %d", test.level, test.sent, status)
			}
		}
	}
}

// upn is the alternative names of a certificate for a user.
func upn(t *testing.T, name string) []pkix.Extension {
	t.Helper()
	type otherName struct {
		ID    asn1.ObjectIdentifier
		Value string `asn1:"explicit,tag:0,utf8"`
	}
	value, err := asn1.MarshalWithParams(otherName{asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}, name}, "tag:0")
	if err != nil {
		t.Fatal(err)
	}
	names, err := asn1.Marshal([]asn1.RawValue{{FullBytes: value}})
	if err != nil {
		t.Fatal(err)
	}
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: names}}
}

func TestClientCertificate(t *testing.T) {
	const mutual = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
	client := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for name, test := range map[string]struct {
		template x509.Certificate
		stranger bool // of another CA
		off      bool // the listener takes none
		want     int
	}{
		"the account's":     {x509.Certificate{ExtKeyUsage: client, ExtraExtensions: upn(t, "Probe@localhost")}, false, false, 200},
		"another account's": {x509.Certificate{ExtKeyUsage: client, ExtraExtensions: upn(t, "prob@localhost")}, false, false, 401},
		"nobody's":          {x509.Certificate{ExtKeyUsage: client, DNSNames: []string{"probe"}}, false, false, 401},
		"a server's": {x509.Certificate{
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, ExtraExtensions: upn(t, "probe@localhost"),
		}, false, false, 401},
		"an old one": {x509.Certificate{
			ExtKeyUsage: client, ExtraExtensions: upn(t, "probe@localhost"), NotAfter: time.Now().Add(-time.Minute),
		}, false, false, 401},
		"another CA's":  {x509.Certificate{ExtKeyUsage: client, ExtraExtensions: upn(t, "probe@localhost")}, true, false, 401},
		"where none go": {x509.Certificate{ExtKeyUsage: client, ExtraExtensions: upn(t, "probe@localhost")}, false, true, 401},
	} {
		t.Run(name, func(t *testing.T) {
			b, ca, _ := newBenchTLS(t)
			b.configure(func(c *estate.WinRM) { c.Certificate = !test.off })
			signer := ca
			if test.stranger {
				signer = newIdentity(t)
			}
			// A client that sends what nobody asked for or trusts.
			cert := *signer.sign(t, &test.template)
			dialer := tls.Config{RootCAs: ca.pool, ServerName: "sql01.corp.test"}
			dialer.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
			w := b.dial(t, "http://"+b.listenTLS(t)+"/")
			conn := tls.Client(w.Conn, &dialer)
			w.Conn = conn
			w.reader.Reset(conn)
			if got := w.send(t, mutual, soap, query()); got.status != test.want {
				t.Errorf("got %+v", got)
			}
			if got := w.send(t, "", soap, query()); got.status != 401 {
				t.Errorf("without saying so: got %+v", got)
			}
			if stats := b.Stats(); (stats.Auth["Certificate"] == 1) != (test.want == 200) {
				t.Errorf("counted %+v", stats)
			}
		})
	}
}

// tlv writes ASN.1 of fewer than 64 KiB.
func tlv(tag byte, parts ...string) string {
	inner := strings.Join(parts, "")
	switch n := len(inner); {
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + inner
	case n < 0x100:
		return string([]byte{tag, 0x81, byte(n)}) + inner
	default:
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + inner
	}
}

func TestNTLMInSPNEGO(t *testing.T) {
	const (
		spnego   = "\x06\x06\x2b\x06\x01\x05\x05\x02"
		ntlm     = "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
		kerberos = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
	)
	first := func(mechanisms, token string) string {
		return tlv(0x60, spnego, tlv(0xa0, tlv(0x30, tlv(0xa0, tlv(0x30, mechanisms)), tlv(0xa2, tlv(4, token)))))
	}
	next := func(token string) string { return tlv(0xa1, tlv(0x30, tlv(0xa2, tlv(4, token)))) }
	for name, test := range map[string]struct {
		mechanisms, state string
		want              int
	}{
		"the only mechanism": {ntlm, "\x0a\x01\x01", 200},
		// The client's library signs no list, as it must in place of Kerberos.
		"instead of Kerberos":  {kerberos + ntlm, "\x0a\x01\x03", 401},
		"no mechanism of ours": {kerberos, "", 401},
	} {
		b := sealing(t)
		w, c := b.dial(t, b.listen(t)), newClient(t, "probe", "pw")
		type1, err := c.Authenticate(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := w.send(t, negotiate([]byte(first(test.mechanisms, string(type1)))), "", "")
		if test.state == "" {
			if got.status != 401 || got.header.Get("WWW-Authenticate") != "Negotiate" {
				t.Errorf("%s: got %+v", name, got)
			}
			continue
		}
		if reply := string(got.token(t)); !strings.Contains(reply, test.state) || !strings.Contains(reply, ntlm) {
			t.Errorf("%s: got %q", name, reply)
		}
		if test.want == 401 { // the token was for Kerberos
			got = w.send(t, negotiate([]byte(next(string(type1)))), "", "")
		}
		_, challenge, found := strings.Cut(string(got.token(t)), "NTLMSSP")
		if !found {
			t.Fatalf("%s: no challenge: %+v", name, got)
		}
		type3, err := c.Authenticate([]byte("NTLMSSP"+challenge), nil)
		if err != nil {
			t.Fatal(err)
		}
		got = w.send(t, negotiate([]byte(next(string(type3)))), "", "")
		if got.status != test.want {
			t.Fatalf("%s: got %+v", name, got)
		}
		if got.status == 401 {
			continue
		}
		if reply := string(got.token(t)); !strings.Contains(reply, "\x0a\x01\x00") {
			t.Errorf("%s: got %q", name, reply)
		}
		w.client = c
		if status, _ := w.ask(t, query()); status != 200 {
			t.Errorf("%s: sealed gets %d", name, status)
		}
	}
}

// ticket is a mechanism in Kerberos' place.
type ticket struct{ bindings string }

func (k *ticket) Accept(token []byte) ([]byte, bool, error) {
	if strings.Contains(string(token), "skewed") {
		return []byte("KRB-ERROR"), false, errors.New("the clock is wrong")
	}
	if !strings.Contains(string(token), "ticket") {
		return nil, false, errors.New("no ticket")
	}
	return []byte("reply " + k.bindings), true, nil
}

func (*ticket) Seal(plain []byte) (signature, sealed []byte, err error) {
	return []byte("server"), append([]byte("~"), plain...), nil
}

func (*ticket) Open(signature, sealed []byte) ([]byte, error) {
	if string(signature) != "client" || sealed[0] != '~' {
		return nil, errors.New("not sealed")
	}
	return sealed[1:], nil
}

func TestKerberosHook(t *testing.T) {
	b := sealing(t)
	b.Kerberos = func(bindings []byte) wsman.Acceptor { return &ticket{string(bindings)} }
	url := b.listen(t)
	bare, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassApplication, IsCompound: true, Bytes: append(
		[]byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2}, "ticket"...)})
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"Kerberos", "Negotiate"} {
		protocol := map[string]string{"Kerberos": "Kerberos", "Negotiate": "SPNEGO"}[scheme]
		w := b.dial(t, url)
		got := w.send(t, scheme+" "+base64.StdEncoding.EncodeToString(bare), "", "")
		want := scheme + " " + base64.StdEncoding.EncodeToString([]byte("reply "))
		if got.status != 200 || got.header.Get("WWW-Authenticate") != want {
			t.Errorf("%s: got %+v", scheme, got)
		}
		kind := strings.ReplaceAll(sealed, "SPNEGO", protocol)
		body := strings.ReplaceAll((&wire{client: loggedOn(t)}).seal(t, query()), "SPNEGO", protocol)
		head, _, _ := strings.Cut(body, "\x10\x00\x00\x00")
		got = w.send(t, "", kind, head+"\x06\x00\x00\x00client~"+query()+"--Encrypted Boundary--\r\n")
		if got.status != 200 || got.header.Get("Content-Type") != kind ||
			!strings.Contains(got.body, "\x06\x00\x00\x00server~<s:Env") {
			t.Errorf("%s: got %+v", scheme, got)
		}
		if got := w.send(t, "", soap, query()); got.status != 500 || got.body != "" {
			t.Errorf("%s, in clear: got %+v", scheme, got)
		}
	}
	if got := b.dial(t, url).send(t, "Kerberos "+base64.StdEncoding.EncodeToString(bare[:13]), "", ""); got.status != 401 {
		t.Errorf("a bad token: got %+v", got)
	}
	skewed := b.dial(t, url).send(t, "Negotiate "+base64.StdEncoding.EncodeToString(
		[]byte(strings.Replace(string(bare), "ticket", "skewed", 1))), "", "")
	if skewed.status != 401 || string(skewed.token(t)) != "KRB-ERROR" {
		t.Errorf("a refusal with a token: got %+v", skewed)
	}
	if got := b.Stats(); got.Auth["Kerberos"] != 2 || got.Refused != 2 {
		t.Errorf("counted %+v", got)
	}
	secure, ca, _ := newBenchTLS(t)
	secure.Kerberos = b.Kerberos
	w := dialTLS(t, secure.listenTLS(t), ca.pool)
	got := w.send(t, negotiate(bare), "", "")
	if !strings.HasPrefix(string(got.token(t)), "reply tls-server-end-point:") {
		t.Errorf("with TLS: got %+v", got)
	}
}

// loggedOn is a client with a session, whoever its server was.
func loggedOn(t *testing.T) *ntlmssp.Client {
	t.Helper()
	b := sealing(t)
	w := b.dial(t, b.listen(t))
	w.logon(t)
	return w.client
}
