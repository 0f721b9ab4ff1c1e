package winrm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"postpatch/probes/host"
)

// certified makes a certificate as change wants it, signed by an authority, or
// by itself; the second result is the authority's in PEM.
func certified(t *testing.T, bySelf bool, change func(*x509.Certificate)) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "corp CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.AddDate(-9, 0, 0), NotAfter: now.AddDate(9, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "srv.corp.test"}, DNSNames: []string{"srv.corp.test"},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(leaf)
	signer := root
	if bySelf {
		signer = leaf
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, signer, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, ca
}

func TestExamineTLS(t *testing.T) {
	now := time.Now()
	same := func(*x509.Certificate) {}
	for name, c := range map[string]struct {
		change           func(*x509.Certificate)
		bySelf, distrust bool
		insecure         bool
		newest           uint16
		state            State
		saw, cause, cure string
	}{
		"all well": {change: same, saw: "TLS 1.3, for srv.corp.test, signed by corp CA, expires in 36"},
		"near its end": {
			change: func(c *x509.Certificate) { c.NotAfter = now.Add(200 * time.Hour) }, state: Note,
			saw: "expires in 8 days", cause: "the certificate of srv.corp.test expires in 8 days", cure: "CertificateThumbprint",
		},
		"unchecked": {
			change: same, distrust: true, insecure: true, state: Note, saw: "TLS 1.3", cause: "insecure: true", cure: "ca_file",
		},
		"an unknown authority": {
			change: same, distrust: true, state: Failed,
			saw: "signed by corp CA", cause: "does not trust who has signed it: CN=corp CA", cure: "ca_file",
		},
		"self-signed": {
			change: same, bySelf: true, state: Failed, saw: "signed by itself", cause: "self-signed", cure: "ca_file",
		},
		"another name": {
			change: func(c *x509.Certificate) { c.DNSNames = []string{"old.corp.test", "old"} }, state: Failed,
			saw: "for old.corp.test, old,", cause: "for old.corp.test, old, not for srv.corp.test", cure: "one of these names",
		},
		"no names": {
			change: func(c *x509.Certificate) { c.DNSNames = nil }, state: Failed,
			saw: "for srv.corp.test", cause: "in its subject alone (srv.corp.test)", cure: "CertificateThumbprint",
		},
		"expired": {
			change: func(c *x509.Certificate) { c.NotAfter = now.Add(-50 * time.Hour) }, state: Failed,
			saw: "expired on ", cause: "srv.corp.test expired 2 days ago", cure: "this machine's clock says",
		},
		"not yet valid": {
			change: func(c *x509.Certificate) { c.NotBefore = now.Add(50 * time.Hour) }, state: Failed,
			saw: "TLS 1.3", cause: "is valid from", cure: "set the clock",
		},
		"for no server": {
			change: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, state: Failed,
			saw: "TLS 1.3", cause: "incompatible key usage", cure: "CertificateThumbprint",
		},
		"an old protocol": {
			change: same, newest: tls.VersionTLS11, state: Failed,
			saw: "TLS 1.1", cause: "TLS 1.1 is the newest", cure: "SCHANNEL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cert, ca := certified(t, c.bySelf, c.change)
			o := scripted(t, func(conn net.Conn) {
				config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: c.newest}
				secure := tls.Server(conn, config)
				if secure.HandshakeContext(t.Context()) == nil {
					if n, _ := secure.Read(make([]byte, 1)); n > 0 {
						_ = secure.Close() // what comes is for another step
					}
				}
			})
			o.Host, o.Address, o.TLS, o.Insecure, o.Auth = "srv.corp.test", "127.0.0.1", true, c.insecure, Basic
			if !c.distrust {
				o.CA = ca
			}
			_, steps := visit(t, Examination{Options: o, Resolve: atHome})
			got := steps["tls"]
			if got.State != c.state || !strings.Contains(got.Saw, c.saw) || !strings.Contains(got.Cause, c.cause) ||
				!strings.Contains(got.Cure, c.cure) {
				t.Errorf("tls: %+v", got)
			}
			if skipped := steps["identify"].State == Skipped; skipped != (c.state == Failed) {
				t.Errorf("identify: %+v", steps["identify"])
			}
		})
	}
}

func TestExamineWhatIsNoTLS(t *testing.T) {
	for name, c := range map[string]struct{ says, saw, cause, cure string }{
		"plain HTTP": {"HTTP/1.1 400 Bad Request\r\n\r\n", "plain HTTP", "the listener without TLS", "{tls: false}"},
		"mail":       {"220 mail ready\r\n", "not TLS", "speaks something else", "https listener"},
		"nothing":    {"", "closed the connection in the handshake", "no certificate", "netsh http show sslcert"},
	} {
		t.Run(name, func(t *testing.T) {
			o := scripted(t, func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 4<<10))
				_, _ = conn.Write([]byte(c.says))
			})
			o.TLS, o.Auth = true, Basic
			_, steps := visit(t, Examination{Options: o, Resolve: atHome})
			got := steps["tls"]
			if got.State != Failed || !strings.Contains(got.Saw, c.saw) || !strings.Contains(got.Cause, c.cause) ||
				!strings.Contains(got.Cure, c.cure) {
				t.Errorf("tls: %+v", got)
			}
		})
	}
}

// TestExamineAClientsCertificate has listeners that take nobody without one, in
// TLS 1.3 only after the handshake; and one that takes none over TLS 1.2.
func TestExamineAClientsCertificate(t *testing.T) {
	for name, c := range map[string]struct {
		least, newest uint16
		demand        tls.ClientAuthType
		abrupt        bool // the connection ends without a word of TLS
		auth          string
		want          seen
	}{
		"in TLS 1.3": {
			0, 0, tls.RequireAnyClientCert, false, NTLM,
			seen{"identify", Failed, "without a client's certificate", "demands a client's certificate", "needs TLS 1.2"},
		},
		"without a word": {
			0, 0, tls.RequestClientCert, true, NTLM,
			seen{"identify", Failed, "without a client's certificate", "maybe demands it", "{cert: FILE, key: FILE}"},
		},
		"in TLS 1.2": {
			0, tls.VersionTLS12, tls.RequireAnyClientCert, false, NTLM,
			seen{"tls", Failed, "without a client's certificate", "demands a client's certificate", "certificate: {cert"},
		},
		"a certificate without TLS 1.2": {
			tls.VersionTLS13, 0, tls.RequireAnyClientCert, false, Certificate,
			seen{"tls", Failed, "protocol version not supported", "goes over TLS 1.2", "SCHANNEL"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cert, ca := certified(t, false, func(*x509.Certificate) {})
			o := scripted(t, func(conn net.Conn) {
				secure := tls.Server(conn, &tls.Config{
					Certificates: []tls.Certificate{cert}, MinVersion: c.least, MaxVersion: c.newest, ClientAuth: c.demand,
				})
				if secure.HandshakeContext(t.Context()) == nil && c.abrupt {
					return
				}
				_, _ = io.Copy(io.Discard, conn) // or a reset overtakes the alert
			})
			o.Host, o.Address, o.TLS, o.CA, o.Auth = "srv.corp.test", "127.0.0.1", true, ca, c.auth
			if c.auth == Certificate {
				key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
				if err != nil {
					t.Fatal(err)
				}
				o.Credential = host.Credential{
					Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
					Key:         host.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))),
				}
			}
			_, steps := visit(t, Examination{Options: o, Resolve: atHome})
			check(t, steps, c.want)
		})
	}
}
