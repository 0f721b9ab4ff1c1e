package tlshello_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"postpatch/probes/internal/tlshello"
	"postpatch/probes/probetest"
)

// ask offers something to a server of TLS.
func ask(t *testing.T, config *tls.Config, offer tlshello.Offer) (tlshello.Answer, error) {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tls.Server(server, config).HandshakeContext(t.Context()) // which nobody finishes
		_ = server.Close()
	}()
	defer func() { <-done }()
	defer func() { _ = client.Close() }()
	hello, err := offer.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write(hello); err != nil {
		t.Fatal(err)
	}
	return tlshello.Read(client)
}

func TestOffers(t *testing.T) {
	const name = "srv.example.test"
	cert := probetest.NewAuthority(t).Issue(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), name)
	var asked string
	base := func(oldest, newest uint16) *tls.Config {
		return &tls.Config{
			MinVersion: oldest, MaxVersion: newest,
			GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				asked = hello.ServerName
				return &cert, nil
			},
		}
	}
	everything := base(tls.VersionTLS10, tls.VersionTLS13)
	for _, version := range tlshello.Versions() {
		suites := tlshello.Suites(version)
		got, err := ask(t, everything, tlshello.Offer{Version: version, Suites: suites, Name: name + "."})
		if version == tlshello.SSL30 {
			if alert, is := errors.AsType[tlshello.Alert](err); !is || alert != 70 {
				t.Errorf("SSL 3.0: got %+v, %v", got, err)
			}
			continue
		}
		if err != nil || got.Version != version || !slices.Contains(suites, got.Suite) || asked != name {
			t.Errorf("%s: got %+v, %v, for %q", tlshello.VersionName(version), got, err, asked)
		}
	}
	newer := base(tls.VersionTLS12, tls.VersionTLS13)
	_, err := ask(t, newer, tlshello.Offer{Version: tlshello.TLS11, Suites: tlshello.Suites(tlshello.TLS11)})
	if err == nil || err.Error() != "the server declines: protocol version" {
		t.Errorf("TLS 1.1 of a newer server: %v", err)
	}
	older := base(tls.VersionTLS10, tls.VersionTLS11)
	byAddress := tlshello.Offer{Version: tlshello.TLS12, Suites: tlshello.Suites(tlshello.TLS12), Name: "10.0.0.1"}
	got, err := ask(t, older, byAddress)
	if err != nil || got.Version != tlshello.TLS11 || asked != "" {
		t.Errorf("TLS 1.2 of an older server, by its address: %+v, %v, %q", got, err, asked)
	}
	one := base(tls.VersionTLS12, tls.VersionTLS12)
	one.CurvePreferences = []tls.CurveID{tls.CurveP384}
	got, err = ask(t, one, tlshello.Offer{Version: tlshello.TLS12, Suites: []uint16{0xc023, 0xc02b}})
	if got.Suite != 0xc02b {
		t.Errorf("one of two suites: %+v, %v", got, err)
	}
	if _, err = ask(t, one, tlshello.Offer{Version: tlshello.TLS12, Suites: []uint16{0xc02f}}); err == nil {
		t.Error("a suite that is not for the key of the certificate is taken")
	}
	again := base(tls.VersionTLS13, tls.VersionTLS13) // which asks for another group
	again.CurvePreferences = []tls.CurveID{tls.CurveP384}
	if got, err = ask(t, again, tlshello.Offer{Version: tlshello.TLS13, Suites: []uint16{0x1302}}); got.Suite != 0x1302 {
		t.Errorf("a hello that is to be said again: %+v, %v", got, err)
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, version := range tlshello.Versions() {
		for _, suite := range tlshello.Suites(version) {
			name := tlshello.SuiteName(suite)
			if !strings.HasPrefix(name, "TLS_") {
				t.Errorf("0x%04x of %s is called %q", suite, tlshello.VersionName(version), name)
			}
			if version == tlshello.TLS12 && seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
		if n := len(tlshello.Suites(version)); version < tlshello.TLS12 && tlshello.Suites(version)[0] != 0xc009 {
			t.Errorf("%d suites of %s begin amiss", n, tlshello.VersionName(version))
		}
	}
	if got := tlshello.SuiteName(0xfafa) + " " + tlshello.VersionName(0x7f1c); got != "0xFAFA 0x7f1c" {
		t.Errorf("the unknown are called %q", got)
	}
}

func TestRead(t *testing.T) {
	hello := append([]byte{2, 0, 0, 38, 3, 3}, make([]byte, 33)...)
	hello = append(hello, 0xc0, 0x2f, 0)
	whole := append([]byte{22, 3, 3, 0, byte(len(hello))}, hello...)
	pieces := append([]byte{22, 3, 3, 0, 3}, hello[:3]...)
	pieces = append(append(pieces, 22, 3, 3, 0, byte(len(hello)-3)), hello[3:]...)
	for name, tt := range map[string]struct {
		bytes []byte
		want  string
	}{
		"a hello":           {whole, ""},
		"in two pieces":     {pieces, ""},
		"after a warning":   {append([]byte{21, 3, 3, 0, 2, 1, 112}, whole...), ""},
		"after too many":    {append(bytes.Repeat([]byte{21, 3, 3, 0, 2, 1, 112}, 16), whole...), "the answer is no TLS"},
		"a refusal":         {[]byte{21, 3, 1, 0, 2, 2, 40}, "the server declines: handshake failure"},
		"an unknown one":    {[]byte{21, 3, 1, 0, 2, 2, 99}, "the server declines with alert 99"},
		"leave taken":       {[]byte{21, 3, 1, 0, 2, 1, 0}, "the server declines: close notify"},
		"nothing":           {nil, "EOF"},
		"a banner":          {[]byte("220 ready\r\n"), "the answer is no TLS"},
		"a short banner":    {[]byte("hi"), "the answer is no TLS"},
		"half a head":       {[]byte{22, 3}, "unexpected EOF"},
		"half a hello":      {whole[:20], "unexpected EOF"},
		"another message":   {append([]byte{22, 3, 3, 0, 4}, 11, 0, 0, 0), "the answer is no TLS"},
		"an endless hello":  {append([]byte{22, 3, 3, 0, 4}, 2, 255, 255, 255), "the answer is no TLS"},
		"an empty record":   {[]byte{22, 3, 3, 0, 0}, "the answer is no TLS"},
		"a record too long": {[]byte{22, 3, 3, 255, 255}, "the answer is no TLS"},
	} {
		got, err := tlshello.Read(bytes.NewReader(tt.bytes))
		switch {
		case tt.want == "" && (err != nil || got != tlshello.Answer{Version: 0x303, Suite: 0xc02f}):
			t.Errorf("%s: %+v, %v", name, got, err)
		case tt.want != "" && (err == nil || err.Error() != tt.want):
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

// FuzzRead wants no panic, and an end, whatever a server says.
func FuzzRead(f *testing.F) {
	f.Add([]byte{22, 3, 3, 0, 4, 2, 0, 0, 0})
	f.Add([]byte{21, 3, 3, 0, 2, 2, 40})
	f.Add(append([]byte{22, 3, 3, 0, 50, 2, 0, 0, 46, 3, 3}, make([]byte, 44)...))
	f.Fuzz(func(t *testing.T, said []byte) {
		left := bytes.NewReader(said)
		got, err := tlshello.Read(left)
		if err == nil && len(said) < 40 {
			t.Errorf("%x is taken for %+v", said, got)
		}
		if errors.Is(err, io.EOF) && left.Len() > 0 {
			t.Errorf("%d bytes are left at the end", left.Len())
		}
	})
}
