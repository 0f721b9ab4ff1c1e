package exchangeclient_test

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
)

// stub is a web server that answers OWA's form and its mailbox as the functions do.
func stub(t *testing.T, form, box http.HandlerFunc) probes.Target {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /owa/{$}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") == "" {
			w.Header().Set("Location", "/owa/auth/logon.aspx?url=x&reason=0")
			w.WriteHeader(http.StatusFound)
			return
		}
		w.Header().Set("X-OWA-Version", "15.2.1748.10")
		box(w, r)
	})
	mux.HandleFunc("POST /owa/auth.owa", form)
	web := httptest.NewUnstartedServer(mux)
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	t.Cleanup(web.Close)
	target := probes.Target{
		Host: "example.com", Address: "example.com", Roots: x509.NewCertPool(), Accounts: &host.Accounts{},
		Credential: func(string) (host.Credential, error) {
			return host.Credential{User: mailbox, Password: host.NewSecret(password)}, nil
		},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, web.Listener.Addr().String())
		},
	}
	target.Roots.AddCert(web.Certificate())
	return target
}

// leads answers the form with cookies and a redirection.
func leads(to string, cookies ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Set-Cookie"] = cookies
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

func shows(page string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) }
}

// TestOWA holds that nothing but a mailbox passes for one.
func TestOWA(t *testing.T) {
	const session = "cadata=YWJj; path=/; secure; HttpOnly"
	const inbox = "<html><title>Mail</title></html>"
	const again = `<html><form action="/owa/auth.owa" method="POST"></form></html>`
	for name, tt := range map[string]struct {
		form, box http.HandlerFunc
		want      string // reading; "" for none but an error
		err       string
	}{
		"a mailbox":            {leads("https://example.com/owa/", session), shows(inbox), "owa state=ok", ""},
		"the logon page again": {leads("/owa/", session), shows(again), "owa state=error", ""},
		"back to the logon":    {leads("/owa/", session), leads("/owa/auth/logon.aspx?reason=0"), "owa state=error", ""},
		"a wrong password":     {leads("/owa/auth/logon.aspx?url=x&reason=2"), nil, "owa state=login refused", ""},
		"a rule for clients": {
			leads("/owa/auth/logon.aspx?reason=5"), nil,
			`owa reason=the logon leads back to its page, with the reason "5"`, "",
		},
		"no session":    {leads("/owa/"), nil, "owa reason=the logon leads to /owa/ without a session", ""},
		"led elsewhere": {leads("https://evil.test/owa/", session), nil, "", "leads to another server, \"evil.test\""},
		"mailbox led away": {
			leads("/owa/", session), leads("https://evil.test/"), "", "it sends its users on to \"evil.test\"",
		},
		"an error page": {leads("/owa/", session), leads("/owa/auth/errorFE.aspx?httpCode=500"), "owa state=error", ""},
		"a language to choose": {
			leads("/owa/", session), leads("/owa/languageselection.aspx"),
			"owa reason=HTTP 302 leads to /owa/languageselection.aspx", "",
		},
		"a cookie with control characters": {
			leads("/owa/", "bad=\x01\x1b[31m; path=/", session), nil, "", "malformed MIME header line",
		},
		"a cookie that no request may have": {
			leads("/owa/", "bad=\xff\xfe; path=/", "b a d=x", session), func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Cookie"); got != "cadata=YWJj" {
					http.Error(w, got, http.StatusTeapot)
				}
			}, "owa state=ok", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			box := tt.box
			if box == nil {
				box = func(http.ResponseWriter, *http.Request) { t.Error("the mailbox was asked for") }
			}
			c := corp{target: stub(t, tt.form, box)}
			got, err := observe(t, c, map[string]any{"endpoint": []string{"owa"}})
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if tt.want != "" && !slices.Contains(got, tt.want) {
				t.Errorf("no %q in %q", tt.want, got)
			}
			if slices.Contains(got, "owa state=ok") != (tt.want == "owa state=ok") {
				t.Errorf("got %q", got)
			}
		})
	}
}
