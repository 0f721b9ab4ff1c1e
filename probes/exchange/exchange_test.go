package exchange_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/exchange"
	"postpatch/probes/fact"
	"postpatch/probes/probetest"
)

// server answers pages by TLS, with a certificate that nobody trusts.
func server(t *testing.T, handler http.HandlerFunc) probes.Target {
	t.Helper()
	now := time.Now()
	return secured(t, probetest.NewAuthority(t).Issue(t, now.Add(-time.Hour), now.Add(time.Hour), "mail.example.test"),
		handler)
}

func secured(t *testing.T, certificate tls.Certificate, handler http.HandlerFunc) probes.Target {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return probetest.Target(s.Listener.Addr().String())
}

// page answers every health page with a text.
func page(t *testing.T, text string) probes.Target {
	t.Helper()
	return server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func observe(t *testing.T, target probes.Target, args map[string]any) ([]fact.Reading, error) {
	t.Helper()
	return probetest.Observe(t, exchange.Kind, target, args)
}

// ofPages is what the pages themselves say.
func ofPages(readings []fact.Reading) []string {
	return probetest.Texts(readings, "latency", "tls",
		"certificate", "cert_days", "cert_subject", "cert_issuer", "cert_serial")
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind:    exchange.Kind,
		Healthy: func(t *testing.T) probes.Target { return page(t, "200 OK<br/>SRV.EXAMPLE.TEST") },
	})
}

func TestPages(t *testing.T) {
	ok := func(node, right string) []string {
		return []string{"owa status=200", "owa health=ok", "owa node=" + node, "owa right_node=" + right}
	}
	down := []string{"owa status=200", "owa health=down"}
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"as Exchange writes it":              {"200 OK<br/>SRV.Example.Test", ok("srv.example.test", "true")},
		"on two lines":                       {"200 OK\r\nsrv.example.test\r\n", ok("srv.example.test", "true")},
		"with a mark of its encoding":        {"\ufeff200 OK<BR>srv", ok("srv", "true")},
		"of another member":                  {"200 OK<br/>EX02.example.test", ok("ex02.example.test", "false")},
		"of the same name in another domain": {"200 OK<br/>srv.example.org", ok("srv.example.org", "false")},
		"without a server":                   {"200 OK", []string{"owa status=200", "owa health=ok"}},
		"of a maintenance page":              {"<html>We are patching. 200 OK</html>", down},
		"that says something else":           {"200 OKAY", down},
		"that is empty":                      {"", down},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := observe(t, page(t, tt.text), map[string]any{"endpoint": []string{"owa"}})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, ofPages(readings)); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	target := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/owa/healthcheck.htm":
			_, _ = io.WriteString(w, "200 OK<br/>"+r.Host+"|"+r.TLS.ServerName)
		case "/Microsoft-Server-ActiveSync/healthcheck.htm":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	readings, err := observe(t, target, map[string]any{
		"endpoint": []string{"OWA", "eas", "mapi", "owa"}, "server_name": "mail.example.test", "node": "other",
	})
	want := []string{
		"owa status=200", "owa health=ok", "owa node=mail.example.test|mail.example.test", "owa right_node=false",
		"eas status=401",
		"mapi status=503", "mapi health=down",
	}
	if d := cmp.Diff(want, ofPages(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	if err == nil || errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("got %v, want that eas is inconclusive", err)
	}
}

// Pages are asked for by the node's name, and certificates bear public ones.
func TestCertificates(t *testing.T) {
	a, now := probetest.NewAuthority(t), time.Now()
	issue := func(from, until time.Duration, name string) tls.Certificate {
		return a.Issue(t, now.Add(from), now.Add(until), name)
	}
	month := 30*24*time.Hour + time.Hour
	for name, tt := range map[string]struct {
		certificate tls.Certificate
		args        map[string]any
		status      int
		want        []string
	}{
		"the node's own": {
			issue(-time.Hour, month, "srv.example.test"), nil, http.StatusOK, []string{"certificate=valid", "cert_days=30"},
		},
		"a public one": {
			issue(-time.Hour, month, "mail.example.test"), nil, http.StatusOK, []string{"certificate=wrong name"},
		},
		"a public one that the suite names": {
			issue(-time.Hour, month, "mail.example.test"),
			map[string]any{"server_name": "mail.example.test"},
			http.StatusOK,
			[]string{"certificate=valid", "cert_subject=CN=mail.example.test"},
		},
		"a public one that has expired": {
			issue(-month, -time.Hour, "mail.example.test"), nil, http.StatusOK, []string{"certificate=expired", "cert_days=-1"},
		},
		"of a page that is down": {
			issue(-month, -time.Hour, "srv.example.test"), nil, http.StatusServiceUnavailable,
			[]string{"certificate=expired", "health=down"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			target := secured(t, tt.certificate, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(tt.status) })
			target.Roots = a.Roots()
			args := map[string]any{"endpoint": []string{"owa"}}
			maps.Copy(args, tt.args)
			readings, err := observe(t, target, args)
			if err != nil {
				t.Fatal(err)
			}
			got := probetest.Texts(readings)
			for _, want := range tt.want {
				if !slices.Contains(got, "owa "+want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
		})
	}
	for name, want := range map[string]string{"certificate": "one of valid, wrong name", "cert_days": ">= 14"} {
		if spec, _ := exchange.Kind.Reading(name); spec.Expect != want {
			t.Errorf("of %s %q is expected, want %q", name, spec.Expect, want)
		}
	}
}

func TestElsewhere(t *testing.T) {
	args := map[string]any{"endpoint": []string{"ews"}, "address": "10.0.0.9", "port": 444}
	readings, err := observe(t, page(t, "200 OK<br/>EX09.example.test"), args)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ews status=200", "ews health=ok", "ews node=ex09.example.test"} // nobody said which node is right
	if d := cmp.Diff(want, ofPages(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	p, err := exchange.Kind.Build(args)
	if err != nil || strings.Join(p.(probes.Aimer).Aims(), "") == "" {
		t.Errorf("an address of its own is not elsewhere (%v)", err)
	}
}

func TestParameters(t *testing.T) {
	for name, args := range map[string]map[string]any{
		"endpoint":    {"endpoint": []string{"imap"}},
		"server_name": {"server_name": "a/b"},
		"port":        {"port": 0},
	} {
		var field *probes.FieldError
		if _, err := exchange.Kind.Build(args); !errors.As(err, &field) || field.Field != name {
			t.Errorf("%v: got %v, want a problem of %s", args, err, name)
		}
	}
	if _, err := exchange.Kind.Build(map[string]any{"endpoint": []string{}}); err == nil {
		t.Error("an empty list asserts nothing")
	}
}
