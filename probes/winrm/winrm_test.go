package winrm_test

import (
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/probes/probetest"
	"postpatch/probes/winrm"
	"postpatch/runner/runnertest"
)

const host = `
estate: winrm-kind-test
realm: CORP.TEST
hosts:
  web01.corp.test:
    winrm: {http: true, tls: true}
states:
  before:
  closed: {web01.corp.test: {winrm: {fault: refuse}}}
  dropping: {web01.corp.test: {winrm: {fault: drop}}}
  broken: {web01.corp.test: {winrm: {fault: error}}}
  garbage: {web01.corp.test: {winrm: {fault: garbage}}}
  readable: {web01.corp.test: {winrm: {plain: true}}}
  expired: {web01.corp.test: {winrm: {cert: {expires: -24h}}}}
`

func start(t *testing.T) (*lab.Lab, probes.Target) {
	t.Helper()
	e, err := estate.Parse("test", []byte(host))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	target := probetest.Routed("web01.corp.test", l.Routes())
	target.Roots = x509.NewCertPool()
	target.Roots.AppendCertsFromPEM(l.CA())
	return l, target
}

var both = map[string]any{"port": []int{5985, 5986}}

func TestKind(t *testing.T) {
	_, target := start(t)
	probetest.Run(t, probetest.Suite{
		Kind: winrm.Kind, Args: both, Healthy: func(*testing.T) probes.Target { return target },
	})
}

func TestReadings(t *testing.T) {
	_, target := start(t)
	readings, err := probetest.Observe(t, winrm.Kind, target, both)
	if err != nil {
		t.Fatal(err)
	}
	const protocol = "protocol=http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
	want := []string{
		"5985 vendor=Microsoft Corporation", "5985 version=OS: 0.0.0 SP: 0.0 Stack: 3.0", "5985 " + protocol,
		"5985 state=ready", "5985 schemes=Kerberos, Negotiate",
		"5986 tls=TLS 1.3", "5986 certificate=valid",
		"5986 vendor=Microsoft Corporation", "5986 version=OS: 0.0.0 SP: 0.0 Stack: 3.0", "5986 " + protocol,
		"5986 state=ready", "5986 schemes=Basic, Kerberos, Negotiate",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency", "cert_days", "cert_subject", "cert_issuer",
		"cert_serial")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// TestFaults shows what is told of a listener that has one fault since the baseline.
func TestFaults(t *testing.T) {
	l, target := start(t)
	for state, tt := range map[string]struct {
		port int
		want []string
	}{
		"before":   {5985, []string{"passed"}},
		"closed":   {5985, []string{"regressed failing", "5985 state: regressed ready -> refused"}},
		"dropping": {5985, []string{"regressed failing", "5985 state: regressed ready -> reset"}},
		"broken":   {5985, []string{"regressed failing", "5985 state: regressed ready -> not winrm"}},
		"garbage":  {5985, []string{"regressed failing", "5985 state: regressed ready -> not winrm"}},
		"readable": {5985, []string{"drifted", "5985 schemes: drifted Kerberos, Negotiate -> Basic, Kerberos, Negotiate"}},
		"expired":  {5986, []string{"regressed failing", "5986 cert_days", "5986 certificate: regressed valid -> expired"}},
	} {
		t.Run(state, func(t *testing.T) {
			args, check := map[string]any{"port": []int{5985}}, "- winrm: 5985"
			if tt.port == 5986 {
				args, check = map[string]any{"port": []int{5986}}, "- winrm: 5986"
			}
			var seen [2]runnertest.Seen
			for i, now := range []string{"before", state} {
				if err := l.Switch(now); err != nil {
					t.Fatal(err)
				}
				seen[i].Readings, seen[i].Err = probetest.Observe(t, winrm.Kind, target, args)
			}
			got := runnertest.Told(t, winrm.Kind, check, seen)
			for i, line := range got {
				if strings.HasPrefix(line, "5986 cert_days: ") {
					got[i] = "5986 cert_days"
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s\nreadings: %q, %v", d, probetest.Texts(seen[1].Readings), seen[1].Err)
			}
		})
	}
}

// TestStrangers shows what is told of what is no WinRM, or one that does not serve.
func TestStrangers(t *testing.T) {
	answer := func(head, body string) string { return "HTTP/1.1 " + head + "\r\nConnection: close\r\n\r\n" + body }
	const soap = "200 OK\r\nContent-Type: application/soap+xml"
	for name, tt := range map[string]struct {
		says string
		want []string
	}{
		"a service that is stopped": {
			answer("404 Not Found\r\nServer: Microsoft-HTTPAPI/2.0", ""),
			[]string{"5985 state=stopped", "5985 reason=HTTP 404 from Microsoft-HTTPAPI/2.0: Windows listens there and WinRM " +
				"does not: its service is stopped, or its prefix is not wsman"},
		},
		"one that is starting": {
			answer("503 Service Unavailable\r\nServer: Microsoft-HTTPAPI/2.0", ""),
			[]string{"5985 state=unavailable", "5985 reason=HTTP 503 from Microsoft-HTTPAPI/2.0: WinRM is starting, stopping " +
				"or overloaded"},
		},
		"one that talks to nobody": {
			answer("401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=\"WSMAN\"", ""),
			[]string{"5985 state=wants an account", "5985 schemes=Basic, Negotiate"},
		},
		"one that wants an account": {
			answer("401 Unauthorized\r\nServer: Microsoft-HTTPAPI/2.0\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0", ""),
			[]string{"5985 state=wants an account", "5985 schemes=Negotiate"},
		},
		"one that does not say that it is Windows": {
			answer("401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0", ""),
			[]string{"5985 state=wants an account", "5985 schemes=Negotiate"},
		},
		"IIS at its port": {
			answer("401 Unauthorized\r\nServer: Microsoft-IIS/10.0\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM",
				"<html>"),
			[]string{"5985 state=not winrm", "5985 reason=HTTP 401 from Microsoft-IIS/10.0"},
		},
		"a page for people": {
			answer("401 Unauthorized\r\nWWW-Authenticate: Negotiate", "<html>"),
			[]string{"5985 state=not winrm", "5985 reason=HTTP 401"},
		},
		"a proxy": {
			answer("401 Unauthorized\r\nVia: 1.1 proxy\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0", ""),
			[]string{"5985 state=not winrm", "5985 reason=HTTP 401"},
		},
		"a proxy that reaches nobody": {
			answer("503 Service Unavailable\r\nServer: nginx", ""),
			[]string{"5985 state=not winrm", "5985 reason=HTTP 503 from nginx"},
		},
		"a web server that wants an account": {
			answer("401 Unauthorized\r\nServer: nginx\r\nWWW-Authenticate: Basic realm=\"private\"", ""),
			[]string{"5985 state=not winrm", "5985 reason=HTTP 401 from nginx"},
		},
		"a web server": {
			answer("200 OK\r\nServer: nginx\r\nContent-Type: text/html", "<html>"),
			[]string{"5985 state=not winrm", `5985 reason=HTTP 200 from nginx, with "text/html"`},
		},
		"SOAP that is nobody": {
			answer(soap, "<Envelope><Body><Fault/></Body></Envelope>"),
			[]string{"5985 state=not winrm", "5985 reason=HTTP 200: its answer to Identify has no identity"},
		},
		"control characters": {
			answer(soap, "<Envelope><Body><IdentifyResponse><ProtocolVersion>a\x7fb</ProtocolVersion>"+
				"<ProtocolVersion>second</ProtocolVersion></IdentifyResponse></Body></Envelope>"),
			[]string{"5985 protocol=a\ufffdb", "5985 state=ready"},
		},
		"a mail server": {
			"220 mail ready\r\n", []string{"5985 state=not winrm", "5985 reason=what answers does not speak HTTP"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := probetest.Serve(t, func(conn net.Conn) {
				buffer := make([]byte, 4096)
				for read := ""; !strings.Contains(read, "</s:Envelope>"); {
					n, err := conn.Read(buffer)
					if err != nil {
						return
					}
					read += string(buffer[:n])
				}
				_, _ = io.WriteString(conn, tt.says)
			})
			readings, err := probetest.Observe(t, winrm.Kind, probetest.Target(address), nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, probetest.Texts(readings, "latency")); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}

func TestRefusedParameters(t *testing.T) {
	probetest.Refuses(t, winrm.Kind, map[string]map[string]any{
		"no port": {"port": []int{}}, "a port that is none": {"port": []int{70000}}, "TLS at none": {"tls_port": []int{-1}},
	})
}
