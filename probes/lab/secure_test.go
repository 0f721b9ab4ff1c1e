package lab_test

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/probes/probetest"
	"postpatch/probes/tls"
)

const secureEstate = `
estate: secure
hosts:
  ca01.corp.test: {ocsp: {port: 8080}}
  web01.corp.test:
    tls:
      443: {cert: {ocsp: "http://ca01.corp.test:8080/ocsp"}, alpn: [h2, http/1.1], staple: good}
      636: {cert: {rsa: true}, versions: ["1.0", "1.2"], ciphers: [TLS_RSA_WITH_AES_128_CBC_SHA]}
states:
  renewed: {web01.corp.test: {tls: {443: {cert: {expires: 2000h}}}}}
  revoked: {ca01.corp.test: {ocsp: {status: revoked}}, web01.corp.test: {tls: {443: {staple: revoked}}}}
  later: {ca01.corp.test: {ocsp: {status: later}}, web01.corp.test: {tls: {443: {staple: expired}}}}
  dead: {ca01.corp.test: {ocsp: {fault: drop}}, web01.corp.test: {tls: {443: {staple: garbage}}}}
  declines: {web01.corp.test: {tls: {443: {fault: error}}}}
  closed: {web01.corp.test: {tls: {443: {fault: refuse}}}}
  nonsense: {web01.corp.test: {tls: {443: {fault: garbage}}}}
  endless: {web01.corp.test: {tls: {443: {fault: endless}}}}
`

// The lab's ports with TLS are, in each state, what the estate says.
func TestSecure(t *testing.T) {
	e, err := estate.Parse("secure", []byte(secureEstate))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	target := probetest.Routed("web01.corp.test", l.Routes())
	target.Roots = x509.NewCertPool()
	target.Roots.AppendCertsFromPEM(l.CA())
	look := func(port int, names ...string) []string {
		readings, err := probetest.Observe(t, tls.Kind, target,
			map[string]any{"port": []int{port}, "ocsp": true, "ciphers": port != 443})
		if err != nil && !strings.Contains(err.Error(), "asking the authority at ca01.corp.test:8080") {
			t.Error(err)
		}
		return slices.DeleteFunc(probetest.Texts(readings), func(text string) bool {
			_, rest, _ := strings.Cut(text, " ")
			name, _, _ := strings.Cut(rest, "=")
			return !slices.Contains(names, name)
		})
	}
	want := []string{
		"636 state=established", "636 alpn=none", "636 certificate=valid", "636 key=RSA 2048", "636 stapled=absent",
		"636 ocsp=none named", "636 versions=TLS 1.0, TLS 1.2",
		"636 ciphers=TLS 1.0 TLS_RSA_WITH_AES_128_CBC_SHA, TLS 1.2 TLS_RSA_WITH_AES_128_CBC_SHA",
	}
	got := look(636, "state", "alpn", "certificate", "key", "stapled", "ocsp", "versions", "ciphers")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	thumbprint := look(443, "thumbprint")
	for _, tt := range []struct{ state, want string }{
		{"before", "established, h2, good, good, TLS 1.2, TLS 1.3"},
		{"revoked", "established, h2, revoked, revoked, TLS 1.2, TLS 1.3"},
		{"later", "established, h2, out of date, TLS 1.2, TLS 1.3"},
		{"dead", "established, h2, invalid, TLS 1.2, TLS 1.3"},
		{"declines", "tls failed, "},
		{"closed", "refused"},
		{"nonsense", "tls failed"},
		{"endless", "tls failed"},
	} {
		if err := l.Switch(tt.state); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, text := range look(443, "state", "alpn", "stapled", "ocsp", "versions") {
			_, value, _ := strings.Cut(text, "=")
			got = append(got, value)
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: got %q, want %q", tt.state, got, tt.want)
		}
	}
	if err := l.Switch("renewed"); err != nil {
		t.Fatal(err)
	}
	if now := look(443, "thumbprint"); slices.Equal(now, thumbprint) {
		t.Errorf("a renewed certificate is still %q", now)
	}
}
