package wsman_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bodgit/ntlmssp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

// configure changes the listener of the host as it is now.
func (b *bench) configure(change func(*estate.WinRM)) {
	h := *b.host.Load()
	c := *h.WinRM
	change(&c)
	h.WinRM = &c
	b.host.Store(&h)
}

// sealing makes a bench whose listener wants sealed messages.
func sealing(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.configure(func(c *estate.WinRM) { c.Plain = false })
	return b
}

// wire is one connection, over which requests are written by hand.
type wire struct {
	net.Conn
	reader *bufio.Reader
	client *ntlmssp.Client // once authenticated
}

func (b *bench) dial(t *testing.T, url string) *wire {
	t.Helper()
	address := part(url, "http://", "/")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &wire{Conn: conn, reader: bufio.NewReader(conn)}
}

// answer is a whole response; err says how reading it ended early.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

const (
	soap   = "application/soap+xml;charset=UTF-8"
	sealed = `multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"`
)

func (w *wire) send(t *testing.T, authorization, contentType, body string) answer {
	t.Helper()
	head := "POST /wsman HTTP/1.1\r\nHost: sql01:5985\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	if authorization != "" {
		head += "Authorization: " + authorization + "\r\n"
	}
	if contentType != "" {
		head += "Content-Type: " + contentType + "\r\n"
	}
	if _, err := io.WriteString(w, head+"\r\n"+body); err != nil {
		return answer{err: err}
	}
	response, err := http.ReadResponse(w.reader, nil)
	if err != nil {
		return answer{err: err}
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if len(text) == 4<<20 {
		_ = w.Close() // closing an endless body would read it all
	}
	_ = response.Body.Close()
	return answer{response.StatusCode, response.Header, string(text), err}
}

func newClient(t testing.TB, user, password string) *ntlmssp.Client {
	t.Helper()
	c, err := ntlmssp.NewClient(ntlmssp.SetUserInfo(user, password), ntlmssp.SetWorkstation("RUNNER"),
		ntlmssp.SetVersion(&ntlmssp.Version{ProductMajorVersion: 10, ProductBuild: 19041, NTLMRevisionCurrent: 15}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func negotiate(token []byte) string { return "Negotiate " + base64.StdEncoding.EncodeToString(token) }

// token is what the server's header carries.
func (a answer) token(t *testing.T) []byte {
	t.Helper()
	text, found := strings.CutPrefix(a.header.Get("WWW-Authenticate"), "Negotiate ")
	token, err := base64.StdEncoding.DecodeString(text)
	if !found || err != nil {
		t.Fatalf("no token in HTTP %d, %v: %v", a.status, a.header, err)
	}
	return token
}

// begin sends the first leg and returns the last one's header.
func (w *wire) begin(t *testing.T, user, password string, bindings *ntlmssp.ChannelBindings) string {
	t.Helper()
	c := newClient(t, user, password)
	first, err := c.Authenticate(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	challenge := w.send(t, negotiate(first), "", "")
	if challenge.status != http.StatusUnauthorized || len(challenge.header.Values("WWW-Authenticate")) != 1 {
		t.Fatalf("first leg: got %+v", challenge)
	}
	third, err := c.Authenticate(challenge.token(t), bindings)
	if err != nil {
		t.Fatal(err)
	}
	w.client = c
	return negotiate(third)
}

// logon authenticates the connection as the account.
func (w *wire) logon(t *testing.T) {
	t.Helper()
	if got := w.send(t, w.begin(t, "probe", "pw", nil), "", ""); got.status != 200 || got.body != "" {
		t.Fatalf("last leg: got %+v", got)
	}
}

// seal makes the body of a sealed message.
func (w *wire) seal(t *testing.T, message string) string {
	t.Helper()
	data, signature, err := w.client.SecuritySession().Wrap([]byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"+
		"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n"+
		"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n%s%s%s--Encrypted Boundary--\r\n",
		len(message), binary.LittleEndian.AppendUint32(nil, uint32(len(signature))), signature, data)
}

// open reads a sealed answer, whose form must be Windows' to the letter.
func (w *wire) open(t *testing.T, a answer, dashes string) string {
	t.Helper()
	line := dashes + "Encrypted Boundary"
	before := line + "\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n" +
		"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length="
	between := "\r\n" + line + "\r\n\tContent-Type: application/octet-stream\r\n\x10\x00\x00\x00"
	rest, ok := strings.CutPrefix(a.body, before)
	length, rest, found := strings.Cut(rest, between)
	rest, ended := strings.CutSuffix(rest, line+"--\r\n")
	if !ok || !found || !ended || a.header.Get("Content-Type") != sealed || len(rest) < 16 {
		t.Fatalf("no sealed answer: %+v", a)
	}
	plain, err := w.client.SecuritySession().Unwrap([]byte(rest[16:]), []byte(rest[:16]))
	if err != nil || strconv.Itoa(len(plain)) != length {
		t.Fatalf("opening %s bytes: got %d, %v", length, len(plain), err)
	}
	return string(plain)
}

// ask sends a sealed message and opens the answer.
func (w *wire) ask(t *testing.T, message string) (status int, reply string) {
	t.Helper()
	got := w.send(t, "", sealed, w.seal(t, message))
	if got.err != nil || got.status != 200 && got.status != 500 {
		t.Fatalf("got %+v", got)
	}
	return got.status, w.open(t, got, "--")
}

// identity is a CA and certificates by it.
type identity struct {
	key  *ecdsa.PrivateKey
	ca   *x509.Certificate
	pool *x509.CertPool
}

func newIdentity(t *testing.T) *identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &identity{key: key, pool: x509.NewCertPool()}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	i.ca = template
	cert := i.sign(t, template)
	i.ca, err = x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	i.pool.AddCert(i.ca)
	return i
}

func (i *identity) sign(t *testing.T, template *x509.Certificate) *tls.Certificate {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore = time.Now().Add(-time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.ca, i.key.Public(), i.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: i.key}
}

// newBenchTLS makes a bench with a certificate, and returns its CA.
func newBenchTLS(t *testing.T) (*bench, *identity, *tls.Certificate) {
	t.Helper()
	b, i := newBench(t), newIdentity(t)
	own := i.sign(t, &x509.Certificate{DNSNames: []string{"sql01.corp.test"}, IPAddresses: []net.IP{{127, 0, 0, 1}}})
	b.Server = wsman.New(func() estate.Host { return *b.host.Load() }, func(estate.TLS) (*tls.Certificate, error) {
		return own, nil
	})
	b.ClientCAs = i.pool
	t.Cleanup(func() { _ = b.Close() })
	b.configure(func(c *estate.WinRM) { c.TLS, c.Plain = true, false })
	return b, i, own
}

// listenTLS serves with TLS on a port of its own and returns its address.
func (b *bench) listenTLS(t *testing.T) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = b.ServeTLS(ln) }() // until Close
	return ln.Addr().String()
}

func dialTLS(t *testing.T, address string, roots *x509.CertPool, certs ...tls.Certificate) *wire {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "sql01.corp.test", Certificates: certs}}
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &wire{Conn: conn, reader: bufio.NewReader(conn)}
}

// endPoint is the channel binding to a certificate.
func endPoint(cert *tls.Certificate) *ntlmssp.ChannelBindings {
	hash := sha256.Sum256(cert.Certificate[0])
	return &ntlmssp.ChannelBindings{ApplicationData: bytes.Join([][]byte{[]byte("tls-server-end-point:"), hash[:]}, nil)}
}
