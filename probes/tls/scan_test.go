package tls_test

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"postpatch/probes/probetest"
	kind "postpatch/probes/tls"
)

// wordless ends connections instead of declining what is offered, as Windows does.
type wordless struct{ net.Conn }

func (w wordless) Write(b []byte) (int, error) {
	const alert = 21
	if len(b) > 0 && b[0] == alert {
		return 0, w.Close()
	}
	return w.Conn.Write(b)
}

// A connection that is cut tells of a version only while others are not cut.
func TestConnectionsThatAreCut(t *testing.T) {
	a := newAuthority(t)
	for name, tt := range map[string]struct {
		most          int32 // connections that are served
		ciphers       bool
		versions, err string
	}{
		"of old versions":            {99, false, "TLS 1.2, TLS 1.3", ""},
		"of old versions and suites": {99, true, "TLS 1.2, TLS 1.3", ""},
		"from the first version on":  {1, false, "", "trying TLS 1.3: the server ends connections, now also of TLS 1.3"},
		"from an old version on":     {3, false, "", "trying TLS 1.1: the server ends connections, now also of TLS 1.2"},
		"amid the suites":            {8, true, "", "trying TLS 1.2: the server ends connections, now also of TLS 1.2"},
	} {
		var served atomic.Int32
		config := newest(a.leaf(t, nil))
		target := probetest.Target(probetest.Serve(t, func(c net.Conn) {
			if served.Add(1) > tt.most {
				return
			}
			secured := tls.Server(wordless{c}, config)
			if secured.HandshakeContext(t.Context()) == nil {
				_, _ = io.Copy(io.Discard, secured)
			}
		}))
		target.Roots = a.roots()
		readings, err := probetest.Observe(t, kind.Kind, target, map[string]any{"ciphers": tt.ciphers})
		texts := probetest.Texts(readings)
		told := slices.ContainsFunc(texts, func(text string) bool { return strings.HasPrefix(text, "443 versions=") })
		if tt.err == "" && (err != nil || !slices.Contains(texts, "443 versions="+tt.versions)) ||
			tt.err != "" && (told || !strings.Contains(probetest.Words(err), tt.err)) {
			t.Errorf("%s: got %q and %v", name, texts, err)
		}
	}
}
