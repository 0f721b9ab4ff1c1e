package winrm

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

// WinRM is asked as often as one likes, and no account is shown to it.
func TestAlive(t *testing.T) {
	h := labHost()
	server, o := lab(t, h)
	o.Credential = host.Credential{User: `LAB\nobody`, Password: host.NewSecret("wrong")}
	for range 3 {
		if err := Alive(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if s := server.Stats(); s.Refused > 0 || len(s.Auth) > 0 || s.Requests != 3 {
		t.Errorf("it was logged on to: %+v", s)
	}
}

// What answers otherwise is not WinRM, or not yet.
func TestNotAlive(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string // "" is alive
	}{
		"starting":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "HTTP 503"},
		"not found":    {http.NotFound, "HTTP 404"},
		"wants a user": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, ""},
		"another page": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello") }, "who it is"},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			for range 64 {
				_, _ = io.WriteString(w, strings.Repeat("a", 1<<20))
			}
		}, "who it is"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.answer)
			defer server.Close()
			u, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			port, _ := strconv.Atoi(u.Port())
			err = Alive(t.Context(), Options{
				Host: "srv01", Address: u.Hostname(), Port: port, Auth: Basic, AllowPlain: true,
				Credential: host.Credential{User: "u", Password: host.NewSecret("p")},
			})
			switch {
			case c.want == "" && err != nil, c.want != "" && err == nil:
				t.Errorf("got %v, want %q", err, c.want)
			case c.want != "" && !strings.Contains(err.Error(), c.want) && name != "endless":
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A host that is off, or mute, is not waited for longer than its caller waits.
func TestNobodyAlive(t *testing.T) {
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	o := Options{
		Host: "srv01", Address: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Auth: Basic, AllowPlain: true,
		Credential: host.Credential{User: "u", Password: host.NewSecret("p")},
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := Alive(ctx, o); err == nil || ctx.Err() == nil {
		t.Errorf("a mute host: %v", err)
	}
	o.Port = int(netip.MustParseAddrPort(probetest.Refused(t)).Port())
	if err := Alive(t.Context(), o); !errors.Is(err, host.ErrNoAnswer) {
		t.Errorf("a host that is off: %v", err)
	}
}
