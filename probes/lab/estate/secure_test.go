package estate

import (
	"strings"
	"testing"
)

func TestSecureProblems(t *testing.T) {
	for text, want := range map[string]string{
		"tls: {443: {}, 636: {versions: [\"1.2\"], ciphers: [TLS_RSA_WITH_AES_128_CBC_SHA]}}": "",
		"ocsp: {port: 8080, status: later, fault: silent}":                                    "",
		"tls: {0: {}}":                        "tls: 0 is no port",
		"tls: {443: {versions: [\"0.9\"]}}":   `want 1.0, 1.1, 1.2, 1.3, got "0.9"`,
		"tls: {443: {ciphers: [AES128-SHA]}}": `tls: 443: ciphers: the lab has no "AES128-SHA"`,
		"tls: {443: {staple: later}}":         `want good, revoked, unknown, expired, garbage, got "later"`,
		"ocsp: {port: 70000}":                 "ocsp: 70000 is no port",
	} {
		_, err := Parse("x", []byte("estate: x\nhosts:\n  srv:\n    "+text+"\n"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
