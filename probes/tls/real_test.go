//go:build real

package tls_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/probetest"
)

// OpenSSL takes what it is told to take, and its responder is asked.
func TestRealOpenSSL(t *testing.T) {
	const weak = "@SECLEVEL=0"
	for name, tt := range map[string]struct {
		revoked bool
		args    []string
		want    []string
	}{
		"of today": {
			false,
			[]string{"-alpn", "h2", "-cipher", "ECDHE+AESGCM", "-ciphersuites", "TLS_AES_256_GCM_SHA384"},
			[]string{
				"443 state=established", "443 alpn=h2", "443 tls=TLS 1.3", "443 certificate=valid", "443 key=RSA 2048",
				"443 chain=CN=Real Authority", "443 stapled=good", "443 ocsp=good", "443 versions=TLS 1.2, TLS 1.3",
				"443 ciphers=TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS 1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, " +
					"TLS 1.3 TLS_AES_256_GCM_SHA384",
			},
		},
		"of another protocol, revoked": {
			true,
			[]string{"-alpn", "imap", "-tls1_2", "-cipher", "AES128-GCM-SHA256:CAMELLIA128-SHA"},
			[]string{
				"443 state=established", "443 alpn=none", "443 tls=TLS 1.2", "443 certificate=valid", "443 key=RSA 2048",
				"443 chain=CN=Real Authority", "443 stapled=revoked", "443 ocsp=revoked", "443 versions=TLS 1.2",
				"443 ciphers=TLS 1.2 TLS_RSA_WITH_AES_128_GCM_SHA256, TLS 1.2 TLS_RSA_WITH_CAMELLIA_128_CBC_SHA",
			},
		},
		"of long ago": {
			false,
			[]string{"-no_tls1_3", "-cipher", "AES128-SHA:AES256-SHA:" + weak},
			[]string{
				"443 state=established", "443 alpn=none", "443 tls=TLS 1.2", "443 certificate=valid", "443 key=RSA 2048",
				"443 chain=CN=Real Authority", "443 stapled=good", "443 ocsp=good",
				"443 versions=TLS 1.0, TLS 1.1, TLS 1.2",
				"443 ciphers=TLS 1.0 TLS_RSA_WITH_AES_128_CBC_SHA, TLS 1.0 TLS_RSA_WITH_AES_256_CBC_SHA, " +
					"TLS 1.1 TLS_RSA_WITH_AES_128_CBC_SHA, TLS 1.1 TLS_RSA_WITH_AES_256_CBC_SHA, " +
					"TLS 1.2 TLS_RSA_WITH_AES_128_CBC_SHA, TLS 1.2 TLS_RSA_WITH_AES_256_CBC_SHA",
			},
		},
		"of what Go does not speak": {
			false,
			[]string{"-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-SHA256"},
			[]string{
				"443 state=tls failed", "443 reason=the server declines: handshake failure", "443 versions=TLS 1.2",
				"443 ciphers=TLS 1.2 TLS_DHE_RSA_WITH_AES_128_CBC_SHA256, TLS 1.2 TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			const host = "srv.example.test"
			server := realtest.StartOpenSSL(t, host, tt.revoked, append(tt.args, "-status")...)
			target := probetest.Routed(host, probes.Routes{host: {Ports: map[string]string{"tcp/443": server.Addr}}})
			target.Roots = server.Roots
			got := read(t, target, map[string]any{"ocsp": true, "ciphers": true}, "state", "alpn", "tls", "certificate",
				"key", "chain", "stapled", "ocsp", "versions", "ciphers", "reason")
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}
