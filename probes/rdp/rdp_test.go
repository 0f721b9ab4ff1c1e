package rdp_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/lab/labtest"
	"postpatch/probes/probetest"
	"postpatch/probes/rdp"
)

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: rdp.Kind, Args: map[string]any{},
		Healthy: func(t *testing.T) probes.Target { return labtest.Start(t, "{rdp: {tls: {}}, os: {domain: corp.test}}") },
	})
}

func TestWhatServersWant(t *testing.T) {
	for name, tt := range map[string]struct {
		yaml string
		want string
	}{
		"a server as it comes": {"{rdp: {}, os: {domain: corp.test}}", "state=ready protocol=credssp early tls=TLS 1.3 " +
			"certificate=unknown authority credssp=answers credssp_version=6 computer=srv01.corp.test build=10.0.20348 security=nla"},
		"with a good certificate": {"{rdp: {tls: {}}, os: {domain: corp.test}}", "state=ready protocol=credssp early tls=TLS 1.3 " +
			"certificate=valid credssp=answers credssp_version=6 computer=srv01.corp.test build=10.0.20348 security=nla"},
		"an expired certificate": {"{rdp: {tls: {expires: -24h}, no_credssp: true}}", "state=ready protocol=credssp early tls=TLS 1.3 " +
			"certificate=expired credssp=failed reason=the server ended the connection when CredSSP began security=nla"},
		"without NLA": {"{rdp: {tls: {}, security: tls}, os: {domain: corp.test}}", "state=ready protocol=credssp early tls=TLS 1.3 " +
			"certificate=valid credssp=answers credssp_version=6 computer=srv01.corp.test build=10.0.20348 security=tls"},
		"the old encryption, too": {"{rdp: {tls: {}, security: rdp}, os: {domain: corp.test}}", "state=ready protocol=credssp early tls=TLS 1.3 " +
			"certificate=valid credssp=answers credssp_version=6 computer=srv01.corp.test build=10.0.20348 security=rdp"},
		"no certificate": {"{rdp: {no_certificate: true}}", "state=declined reason=the server has no certificate for TLS"},
		"in trouble":     {"{rdp: {fault: error}}", "state=declined reason=the server finds the flags inconsistent"},
		"stopped":        {"{rdp: {fault: refuse}}", "state=refused"},
		"hanging up":     {"{rdp: {fault: drop}}", "state=reset"},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Observe(t, rdp.Kind, labtest.Start(t, tt.yaml), map[string]any{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range readings {
				if n := r.Key.Name; n != "latency" && !strings.HasPrefix(n, "cert_") {
					got = append(got, n+"="+r.Value.String())
				}
			}
			if d := cmp.Diff(tt.want, strings.Join(got, " ")); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestNoRDP(t *testing.T) {
	_, err := probetest.Observe(t, rdp.Kind, labtest.Start(t, "{rdp: {fault: garbage}}"), map[string]any{})
	if err == nil || errors.Is(err, probes.ErrNoAnswer) || !strings.Contains(err.Error(), "no answer of RDP") {
		t.Errorf("garbage: %v", err)
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, rdp.Kind, map[string]map[string]any{
		"no port": {"port": []int{}}, "too high": {"port": []int{65536}},
	})
}
