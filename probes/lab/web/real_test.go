//go:build real

package web_test

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
)

// curl runs curl against the lab, verifying nothing.
func (l *lab) curl(args ...string) (string, error) {
	_, port, err := net.SplitHostPort(l.addr)
	if err != nil {
		l.t.Fatal(err)
	}
	all := append([]string{
		"--silent", "--show-error", "--insecure", "--include", "--max-time", "3", "--noproxy", "*",
		"--connect-to", "::127.0.0.1:" + port,
	}, args...)
	out, err := exec.CommandContext(l.t.Context(), "curl", all...).CombinedOutput()
	return string(out), err
}

func TestCurl(t *testing.T) {
	l := start(t, exchange(), 443)
	const page = "https://ex01.corp.test/owa/healthcheck.htm"
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"over HTTP/1.1": {[]string{"--http1.1", page}, []string{
			"HTTP/1.1 200 OK\r\n", "Server: Microsoft-IIS/10.0\r\n", "X-FEServer: EX01\r\n", "\r\n200 OK<br/>ex01.corp.test",
		}},
		"over HTTP/2":     {[]string{"--http2", page}, []string{"HTTP/2 200", "x-feserver: EX01\r\n"}},
		"only headers":    {[]string{"--head", page}, []string{" 200", "ontent-"}},
		"out of service":  {[]string{"--http1.1", "https://ex01.corp.test/ecp/healthcheck.htm"}, []string{"HTTP/1.1 503 Service Unavailable\r\n"}},
		"asks to sign in": {[]string{"--http1.1", "https://ex01.corp.test/EWS/Exchange.asmx"}, []string{"HTTP/1.1 401", "WWW-Authenticate: Negotiate\r\n", "WWW-Authenticate: NTLM\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := l.curl(test.args...)
			if err != nil {
				t.Fatalf("curl: %v\n%s", err, out)
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("want %q in\n%s", want, out)
				}
			}
		})
	}
}

// TestCurlMeetsFaults names the faults in curl's own words.
func TestCurlMeetsFaults(t *testing.T) {
	l := start(t, estate.Host{}, 80)
	for fault, want := range map[estate.Fault]string{
		"silent":  "Operation timed out",
		"stall":   "bytes received",
		"drop":    "Empty reply from server",
		"garbage": "HTTP/0.9",
		"endless": "Operation timed out",
		"error":   "500 Internal Server Error",
	} {
		t.Run(string(fault), func(t *testing.T) {
			l.set(func(h *estate.Host) { h.HTTP = []estate.Site{{Port: 80, Fault: fault}} })
			out, _ := l.curl("--max-time", "1", "http://web01.corp.test/")
			if !strings.Contains(out, want) && !strings.Contains(out, "reset by peer") {
				t.Errorf("want %q in\n%.500q", want, out)
			}
		})
	}
}
