//go:build real

package nameserver_test

import (
	"net"
	"os/exec"
	"strings"
	"testing"
)

// dig asks as an administrator would: +tcp follows by itself after TC.
func TestDig(t *testing.T) {
	addr, _ := start(t, corp())
	ip, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"chain":      {[]string{"+short", "webmail.corp.test"}, []string{"mail.corp.test.\nex01.corp.test.\n10.0.0.5\n"}},
		"NXDOMAIN":   {[]string{"nope.corp.test"}, []string{"status: NXDOMAIN", "flags: qr aa", "AUTHORITY: 1", "SOA\tdc01.corp.test."}},
		"refused":    {[]string{"www.example.org"}, []string{"status: REFUSED"}},
		"truncation": {[]string{"+noedns", "many.corp.test"}, []string{"Truncated, retrying in TCP mode", "ANSWER: 40", "(TCP)"}},
		"kept cut":   {[]string{"+noedns", "+ignore", "many.corp.test"}, []string{"flags: qr aa tc;"}},
		"EDNS":       {[]string{"+bufsize=1232", "many.corp.test"}, []string{"ANSWER: 40", "udp: 4000", "(UDP)"}},
		"service":    {[]string{"_ldap._tcp.corp.test", "SRV"}, []string{"0 100 389 dc01.corp.test.", "ADDITIONAL: 2"}},
		"reverse":    {[]string{"+short", "-x", "10.0.0.5"}, []string{"ex01.corp.test.\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"@" + ip, "-p", port, "+norecurse", "+tries=1", "+time=5"}, test.args...)
			out, err := exec.CommandContext(t.Context(), "dig", args...).CombinedOutput()
			if err != nil {
				t.Fatalf("dig: %v\n%s", err, out)
			}
			for _, want := range test.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("want %q in\n%s", want, out)
				}
			}
			if strings.Contains(string(out), "WARN") {
				t.Errorf("dig warns:\n%s", out)
			}
		})
	}
}
