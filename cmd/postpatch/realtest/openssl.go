//go:build real

package realtest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// OpenSSL is a server of TLS, with an authority of its own and that one's responder for
// OCSP (package openssl).
type OpenSSL struct {
	Server
	Responder string // its address

	name string
	args []string
}

// StartOpenSSL starts a server with a certificate for the name, and with further
// arguments of openssl s_server. Revoked is whether the responder says so.
func StartOpenSSL(t testing.TB, name string, revoked bool, args ...string) *OpenSSL {
	t.Helper()
	o := &OpenSSL{name: name, args: args}
	o.Addr, o.Responder, o.dir = FreeAddress(t), FreeAddress(t), folder(t)
	o.certify(t)
	state := "V\t361231235959Z\t"
	if revoked {
		state = "R\t361231235959Z\t261101000000Z"
	}
	write(t, o.file("index.txt"), state+"\t02\tunknown\t/CN="+name+"\n")
	o.up = func(t testing.TB) func() error {
		t.Helper()
		responder := run(t, o.answers, "openssl", "ocsp", "-port", port(t, o.Responder), "-ndays", "1",
			"-index", o.file("index.txt"), "-CA", o.CA, "-rsigner", o.CA, "-rkey", o.file("ca.key"))
		all := append([]string{
			"s_server", "-accept", o.Addr, "-cert", o.file("leaf.pem"), "-key", o.file("leaf.key"),
			"-cert_chain", o.CA, "-CAfile", o.CA, "-www", "-quiet",
		}, o.args...)
		server := run(t, connects(o.Addr), "openssl", all...)
		return func() error {
			if err := server.kill(); err != nil {
				return err
			}
			return responder.kill()
		}
	}
	o.begin(t)
	return o
}

// answers is ready when the responder answers: a connection without a question is more than
// it can bear.
func (o *OpenSSL) answers(ctx context.Context) error {
	ask := exec.CommandContext(ctx, "openssl", "ocsp", "-url", "http://"+o.Responder, "-CAfile", o.CA, "-issuer", o.CA,
		"-cert", o.file("leaf.pem"))
	ask.Env = []string{"no_proxy=*"}
	if out, err := ask.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (o *OpenSSL) file(name string) string { return filepath.Join(o.dir, name) }

// certify writes the authority, and a certificate that names the responder.
func (o *OpenSSL) certify(t testing.TB) {
	t.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Real Authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: o.name}, DNSNames: []string{o.name},
		NotBefore: ca.NotBefore, NotAfter: time.Now().AddDate(0, 2, 0), OCSPServer: []string{"http://" + o.Responder},
	}
	var keys [2]*rsa.PrivateKey
	for i, c := range []*x509.Certificate{ca, leaf} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = key
		der, err := x509.CreateCertificate(rand.Reader, c, ca, key.Public(), keys[0])
		if err != nil {
			t.Fatal(err)
		}
		name := []string{"ca", "leaf"}[i]
		write(t, o.file(name+".pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
		keyDER, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(t, o.file(name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
		if i == 0 {
			made, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			o.Roots, o.CA = x509.NewCertPool(), o.file("ca.pem")
			o.Roots.AddCert(made)
		}
	}
}
