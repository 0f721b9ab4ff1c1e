package sql

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/microsoft/go-mssqldb/msdsn"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// The ways of encryption, the stricter the later.
const (
	encryptDisable = "disable"
	encryptLogin   = "false"
	encryptAll     = "true"
	encryptStrict  = "strict"
)

func encryptions() map[string]msdsn.Encryption {
	return map[string]msdsn.Encryption{
		encryptAll:     msdsn.EncryptionRequired,
		encryptStrict:  msdsn.EncryptionStrict,
		encryptLogin:   msdsn.EncryptionOff,
		encryptDisable: msdsn.EncryptionDisabled,
	}
}

// stricter is the operator's way with what the suite asks for beyond it. A suite can ask
// for more alone: weaker would show the operator's login to whom the suite likes.
func (p probe) stricter(way host.SQLWay) host.SQLWay {
	if way.Encrypt == "" {
		way.Encrypt = encryptAll
	}
	if p.Encrypt == encryptStrict || p.Encrypt == encryptAll && way.Encrypt != encryptStrict {
		way.Encrypt = p.Encrypt
	}
	// TDS 8 has no way in past the certificate, as Microsoft's drivers have none.
	if p.Verify || way.Encrypt == encryptStrict {
		way.Insecure = false
	}
	if way.Encrypt == encryptStrict && way.TLSMin < tls.VersionTLS12 {
		way.TLSMin = tls.VersionTLS12
	}
	return way
}

// checkEncryption is for a suite's own words.
func checkEncryption(p params) error {
	switch p.Encrypt {
	case "", encryptAll, encryptStrict:
		return nil
	case encryptLogin, encryptDisable:
		return probes.Fieldf("encrypt", "a suite can ask for more and not for less: what may travel without encryption "+
			"is the operator's word, sql: {encrypt: %s} in the credentials file", p.Encrypt)
	default:
		return probes.Fieldf("encrypt", "must be true or strict, got %q", p.Encrypt)
	}
}

// certificateName is the name that the server's certificate must bear: the host's own, and
// never the address at which a suite's host is said to be. Another server has its own name
// in the credentials file.
func (p probe) certificateName(t probes.Target) string {
	if p.Address != "" {
		return p.Address
	}
	return t.Host
}

// tlsConfig leaves verification to a function of ours: the driver hides why its
// own failed.
func (d *door) tlsConfig() *tls.Config {
	oldest := max(d.way.TLSMin, tls.VersionTLS10)
	if d.way.TLSMin == 0 {
		oldest = tls.VersionTLS12
	}
	return &tls.Config{
		ServerName:                  d.name,
		MinVersion:                  oldest,
		CipherSuites:                ciphers(oldest),
		DynamicRecordSizingDisabled: true, // SQL Server wants a packet in one segment
		InsecureSkipVerify:          true,
		VerifyConnection: func(state tls.ConnectionState) error {
			err := d.verify(state)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.tls, d.untrusted = tls.VersionName(state.Version), err
			return err
		},
	}
}

// ciphers are Go's own choice; for TLS older than 1.2 all that it knows but RC4, with RSA key
// exchange and 3DES, which a Windows of those days may have alone.
func ciphers(oldest uint16) []uint16 {
	if oldest >= tls.VersionTLS12 {
		return nil
	}
	var ids []uint16
	for _, s := range tls.CipherSuites() {
		ids = append(ids, s.ID)
	}
	for _, s := range tls.InsecureCipherSuites() {
		if !strings.Contains(s.Name, "RC4") {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// distrust is why a certificate was refused, and what can be done about it.
type distrust struct {
	cause error
	leaf  *x509.Certificate
}

func (d *distrust) Unwrap() error { return d.cause }

// Error is short enough to be shown whole: the reason, the way out, and what to pin.
func (d *distrust) Error() string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	what, way := strings.TrimPrefix(d.cause.Error(), "x509: "), "mend it, or pin it"
	switch {
	case errors.Is(d.cause, errNotPinned):
		way = "find out why, and pin the new one"
	case errors.As(d.cause, &unknown) && bytes.Equal(d.leaf.RawSubject, d.leaf.RawIssuer):
		what = "it is signed by itself, as SQL Server makes one at each start"
		way = "give it one of your CA, or say insecure: true"
	case errors.As(d.cause, &unknown):
		what, way = "nobody who is trusted has signed it", "say ca_file or pin"
	case errors.As(d.cause, &name):
		way = "name the host so in the suite, or pin it"
	}
	return fmt.Sprintf("%s: %s (sql: in the credentials file); SHA-256 %x", what, way, sha256.Sum256(d.leaf.Raw))
}

var errNotPinned = errors.New("it is not the certificate that is pinned")

// verify holds the server's certificate against whom the operator trusts.
func (d *door) verify(state tls.ConnectionState) error {
	leaf := state.PeerCertificates[0]
	if sum := sha256.Sum256(leaf.Raw); d.way.Pin != nil {
		if !bytes.Equal(sum[:], d.way.Pin) {
			return &distrust{errNotPinned, leaf}
		}
		return nil
	}
	if d.way.Insecure {
		return nil
	}
	roots := d.roots
	if d.way.CA != nil {
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM(d.way.CA)
	}
	others := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[1:] {
		others.AddCert(cert)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: d.name, Roots: roots, Intermediates: others}); err != nil {
		return &distrust{err, leaf}
	}
	return nil
}

// distrusted are the readings of a server whose certificate was refused, before any login.
func (d *door) distrusted() []fact.Reading {
	return []fact.Reading{
		probes.Read("", "login", fact.Text("certificate refused")),
		probes.Read("", "login_note", fact.Text(d.untrusted.Error())),
	}
}

var errPlainLogin = errors.New("the server does not encrypt the login")

// shielded is a connection on which no login travels readable, whatever the server wants: the
// driver follows one that says that it cannot encrypt.
type shielded struct {
	net.Conn
	bare func() // told that it would have been
}

// guard guards a connection, unless the operator wants no encryption.
func (d *door) guard(conn net.Conn) net.Conn {
	if d.way.Encrypt == encryptDisable {
		return conn
	}
	return &shielded{conn, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.untaken = errPlainLogin
	}}
}

// Write implements net.Conn. What is encrypted begins as TLS does, and the handshake as a
// PRELOGIN.
func (g *shielded) Write(b []byte) (int, error) {
	const login7 = 0x10
	if len(b) > 0 && b[0] == login7 {
		g.bare()
		return 0, errPlainLogin
	}
	return g.Conn.Write(b)
}
