package exchange_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
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
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	now := time.Now()
	s.TLS = &tls.Config{Certificates: []tls.Certificate{
		probetest.NewAuthority(t).Issue(t, now.Add(-time.Hour), now.Add(time.Hour), "mail.example.test"),
	}}
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
	p, err := exchange.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	return p.Observe(ctx, target)
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
			if d := cmp.Diff(tt.want, probetest.Texts(readings, "latency")); d != "" {
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
	if d := cmp.Diff(want, probetest.Texts(readings, "latency")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	if err == nil || errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("got %v, want that eas is inconclusive", err)
	}
}

func TestElsewhere(t *testing.T) {
	args := map[string]any{"endpoint": []string{"ews"}, "address": "10.0.0.9", "port": 444}
	readings, err := observe(t, page(t, "200 OK<br/>EX09.example.test"), args)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ews status=200", "ews health=ok", "ews node=ex09.example.test"} // nobody said which node is right
	if d := cmp.Diff(want, probetest.Texts(readings, "latency")); d != "" {
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
