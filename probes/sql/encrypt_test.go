package sql

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
)

// led is a target whose suite says that the host is at an address.
func (s *server) led(way host.SQLWay, hostName string) probes.Target {
	t := s.by(way)
	t.Host, t.Address = hostName, "127.0.0.1"
	t.Dial = probes.Routes{"127.0.0.1": {Ports: map[string]string{"tcp/1433": s.address}}}.Dial
	return t
}

func TestCertificate(t *testing.T) {
	negative := selfSigned(t, -77)
	trusted := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(negative.Certificate[0])
	if err != nil {
		t.Fatalf("a negative serial: %v", err)
	}
	if leaf.SerialNumber.Sign() >= 0 {
		t.Fatalf("serial %v is not negative", leaf.SerialNumber)
	}
	trusted.AddCert(leaf)
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})
	pin := sha256.Sum256(leaf.Raw)
	const is, other, refused = "sql01.corp.test", "sql02.corp.test", "certificate refused"
	for name, c := range map[string]struct {
		way    host.SQLWay
		suite  params
		roots  *x509.CertPool
		host   string
		want   string
		reason string
	}{
		"insecure":                         {way: host.SQLWay{Insecure: true}, want: "ok"},
		"insecure, the login alone":        {way: host.SQLWay{Insecure: true, Encrypt: "false"}, want: "ok"},
		"nothing said":                     {roots: x509.NewCertPool(), want: refused, reason: "signed by itself, as SQL Server"},
		"nothing said of the login alone":  {way: host.SQLWay{Encrypt: "false"}, roots: x509.NewCertPool(), want: refused},
		"nothing said, in TDS 8":           {way: host.SQLWay{Encrypt: "strict"}, roots: x509.NewCertPool(), want: refused},
		"insecure is nothing in TDS 8":     {way: host.SQLWay{Encrypt: "strict", Insecure: true}, want: refused},
		"the suite wants it checked":       {way: host.SQLWay{Insecure: true}, suite: params{Verify: true}, want: refused},
		"the suite wants TDS 8":            {way: host.SQLWay{Insecure: true}, suite: params{Encrypt: "strict"}, want: refused},
		"trusted":                          {roots: trusted, want: "ok"},
		"trusted, in TDS 8":                {way: host.SQLWay{Encrypt: "strict"}, roots: trusted, want: "ok"},
		"trusted, of another name":         {roots: trusted, host: other, want: refused, reason: "sql02.corp.test"},
		"by a file of its own":             {way: host.SQLWay{CA: own}, roots: x509.NewCertPool(), want: "ok"},
		"by a file of its own, other name": {way: host.SQLWay{CA: own}, host: other, want: refused},
		"pinned, of another name":          {way: host.SQLWay{Pin: pin[:]}, host: other, want: "ok"},
		"another one is pinned":            {way: host.SQLWay{Pin: make([]byte, 32)}, roots: trusted, want: refused, reason: "it is not the certificate that is pinned: find out why"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, healthy(), negative)
			target := s.by(c.way)
			target.Roots = c.roots
			if c.host != "" {
				target.Host = c.host
			}
			p, err := newProbe(c.suite)
			if err != nil {
				t.Fatal(err)
			}
			observed, err := p.Observe(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			got := readings(observed)
			if got[" login"] != c.want || !strings.Contains(got[" login_note"], c.reason) {
				t.Errorf("login is %q, because %q; want %q and %q", got[" login"], got[" login_note"], c.want, c.reason)
			}
			shown := strings.Contains(got[" login_note"], "sql: in the credentials file") && len(got[" login_note"]) <= 250
			if c.want == refused && !shown {
				t.Errorf("no way out in %q", got[" login_note"])
			}
		})
	}
}

// What a suite calls its host's address is no name for a certificate: it has to bear the
// host's. Where no certificate is looked at, nothing would tell a stranger's server.
func TestASuiteLeadsNoLoginAstray(t *testing.T) {
	cert := selfSigned(t, 7)
	trusted := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	trusted.AddCert(leaf)
	s := serve(t, healthy(), cert)
	target := s.led(host.SQLWay{}, "sql01.corp.test")
	target.Roots = trusted
	observed, err := build(t, nil).Observe(t.Context(), target)
	if got := readings(observed)[" login"]; got != "ok" || err != nil {
		t.Errorf("led to an address: %q, %v", got, err)
	}
	target = s.led(host.SQLWay{}, "victim.corp.test")
	target.Roots = trusted
	observed, err = build(t, nil).Observe(t.Context(), target)
	if got := readings(observed)[" login"]; got != "certificate refused" || err != nil {
		t.Errorf("led to a stranger: %q, %v", got, err)
	}
	dialled := s.dialled.Load()
	for _, way := range []host.SQLWay{{Insecure: true}, {Encrypt: "disable"}} {
		_, err := build(t, nil).Observe(t.Context(), s.led(way, "sql01.corp.test"))
		if !errors.Is(err, probes.ErrNotTried) || !strings.Contains(err.Error(), "the suite leads to") {
			t.Errorf("%+v: %v", way, err)
		}
	}
	if s.dialled.Load() != dialled {
		t.Error("it was connected to")
	}
}

// Another server has an entry of its own in the credentials file, or none.
func TestAnotherServerHasItsOwnEntry(t *testing.T) {
	s := serve(t, healthy(), selfSigned(t, 7))
	target := s.target()
	target.Host, target.Address = "web01.corp.test", "web01.corp.test"
	named := true
	target.CredentialAt = func(use, name string) (host.Credential, error) {
		if use == "sql" && name == "sql01.corp.test" {
			c := s.credential(host.SQLWay{Insecure: true})
			c.Named = named
			return c, nil
		}
		return host.Credential{}, errors.New("no entry for " + name)
	}
	observed, err := build(t, map[string]any{"address": "sql01.corp.test"}).Observe(t.Context(), target)
	if got := readings(observed)[" login"]; got != "ok" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	named = false // but by a pattern, as wide as the suite's author likes
	if _, err = build(t, map[string]any{"address": "sql01.corp.test"}).Observe(t.Context(), target); !errors.Is(
		err, probes.ErrNotTried) {
		t.Errorf("an entry that fits by a pattern: %v", err)
	}
	_, err = build(t, map[string]any{"address": "sql09.evil.test"}).Observe(t.Context(), target)
	if err == nil || !strings.Contains(err.Error(), "no entry for sql09.evil.test") {
		t.Errorf("got %v", err)
	}
}

// A server that says it cannot encrypt is not sent the login, though the driver would do it
// where the login alone is to be encrypted.
func TestNoLoginTravelsReadable(t *testing.T) {
	s := serve(t, changed(func(s *estate.SQL) { s.Encrypt = "none" }), selfSigned(t, 7))
	_, err := build(t, nil).Observe(t.Context(), s.by(host.SQLWay{Encrypt: "false", Insecure: true}))
	if err == nil || !strings.Contains(err.Error(), "does not encrypt the login, so it was not sent") {
		t.Errorf("got %v", err)
	}
	observed, err := build(t, nil).Observe(t.Context(), s.by(host.SQLWay{Encrypt: "disable"}))
	if got := readings(observed); got[" login"] != "ok" || got[" encryption"] != "none" || err != nil {
		t.Errorf("by the operator's word: %v, %v", got, err)
	}
}

func TestOldEncryptionByTheOperatorsWordAlone(t *testing.T) {
	for oldest, want := range map[uint16]bool{
		0: false, tls.VersionTLS12: false, tls.VersionTLS11: true, tls.VersionTLS10: true,
	} {
		c := (&door{way: host.SQLWay{TLSMin: oldest}}).tlsConfig()
		old := false
		for _, id := range c.CipherSuites {
			old = old || id == tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA
			if strings.Contains(tls.CipherSuiteName(id), "RC4") {
				t.Errorf("RC4 is offered: %s", tls.CipherSuiteName(id))
			}
		}
		if old != want || c.MinVersion < tls.VersionTLS10 || c.MinVersion < oldest {
			t.Errorf("%#x: from %#x on, with 3DES and RSA: %t", oldest, c.MinVersion, old)
		}
	}
}

func TestGuardLetsEncryptedBytesThrough(t *testing.T) {
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	d := newDoor(context.Background(), probe{}, probes.Target{})
	guarded := d.guard(near)
	go func() { _, _ = far.Read(make([]byte, 8)) }()
	if _, err := guarded.Write([]byte{0x17, 3, 3}); err != nil {
		t.Error(err)
	}
	if _, err := guarded.Write([]byte{0x10, 1}); !errors.Is(err, errPlainLogin) || !errors.Is(d.untaken, errPlainLogin) {
		t.Errorf("got %v and %v", err, d.untaken)
	}
}
