package rdp_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
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

// serve answers each connection's request by what the protocols that it offers call for.
func serve(t *testing.T, answer func(protocols uint32) []byte) probes.Target {
	t.Helper()
	return probetest.Target(probetest.Serve(t, func(conn net.Conn) {
		request := make([]byte, 19)
		if _, err := io.ReadFull(conn, request); err == nil {
			_, _ = conn.Write(answer(binary.LittleEndian.Uint32(request[15:])))
		}
	}))
}

// confirms is a connection confirmed: by a protocol, of kind 2, or declined, of kind 3.
func confirms(kind, value byte) []byte {
	return []byte{3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, kind, 0, 8, 0, value, 0, 0, 0}
}

func TestOddAnswers(t *testing.T) {
	const tls = 1
	for name, tt := range map[string]struct {
		answer func(protocols uint32) []byte
		want   string
	}{
		"it breaks off amid the head": {func(uint32) []byte { return confirms(2, 0)[:3] }, "state=reset"},
		"it breaks off":               {func(uint32) []byte { return confirms(2, 0)[:15] }, "state=reset"},
		"TLS is not to be had alone": {
			func(protocols uint32) []byte {
				switch protocols {
				case 0:
					return confirms(3, 1)
				case tls:
					return confirms(3, 6)
				default:
					return confirms(2, 0)
				}
			},
			"state=ready protocol=rdp reason=offered only TLS, the server wants TLS and a client's certificate",
		},
	} {
		readings, err := probetest.Observe(t, rdp.Kind, serve(t, tt.answer), map[string]any{})
		if got := strings.Join(probetest.Texts(readings, "latency"), " "); err != nil ||
			strings.ReplaceAll(got, "3389 ", "") != tt.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, tt.want)
		}
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
