package webtalk_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/webtalk"
)

// site is a web server, and how often it was shown something.
type site struct {
	target probes.Target
	shown  atomic.Int32
	ended  []host.Shown
}

// serve starts a web server whose certificate is good, and an account with a proof of two
// steps that calls itself by the mechanism.
func serve(t testing.TB, mechanism string, handle http.HandlerFunc) (*webtalk.Talk, *site) {
	t.Helper()
	s := &site{}
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			s.shown.Add(1)
		}
		handle(w, r)
	}))
	t.Cleanup(web.Close)
	credential := host.Credential{User: "probe", Password: host.NewSecret("swordfish"), Mail: &host.Mail{
		Prove: func(context.Context, host.WebService) (host.Proof, error) {
			return &proof{mechanism: mechanism, site: s}, nil
		},
	}}
	s.target = probes.Target{
		Host: "example.com", Address: "example.com", Roots: x509.NewCertPool(), Accounts: &host.Accounts{},
		Credential: func(string) (host.Credential, error) { return credential, nil },
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, web.Listener.Addr().String())
		},
	}
	s.target.Roots.AddCert(web.Certificate())
	talk := webtalk.New(webtalk.Server{Target: s.target, Address: "example.com:443", Name: "example.com", Port: 443})
	t.Cleanup(talk.Close)
	return talk, s
}

// proof says "one", and "two" to whoever answers "go on".
type proof struct {
	mechanism string
	site      *site
	step      int
}

func (p *proof) Step(_ context.Context, token []byte) (out []byte, done bool, err error) {
	switch p.step++; {
	case p.step == 1:
		return []byte("one"), false, nil
	case string(token) == "go on":
		return []byte("two"), true, nil
	default:
		return nil, false, fmt.Errorf("the challenge is cut short: %d bytes", len(token))
	}
}

func (p *proof) Used() (mechanism, why string) { return p.mechanism, "" }
func (p *proof) Ended(s host.Shown)            { p.site.ended = append(p.site.ended, s) }

// token is what the client's header carries.
func token(r *http.Request) string {
	_, encoded, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	text, _ := base64.StdEncoding.DecodeString(encoded)
	return string(text)
}

// challenge answers 401 with a token.
func challenge(w http.ResponseWriter, scheme, text string) {
	w.Header().Set("WWW-Authenticate", strings.TrimSpace(scheme+" "+base64.StdEncoding.EncodeToString([]byte(text))))
	w.WriteHeader(http.StatusUnauthorized)
}

// TestLogOn goes to servers that do all the wrong things.
func TestLogOn(t *testing.T) {
	const refusal = "the account was refused"
	for name, tt := range map[string]struct {
		mechanism string
		handle    http.HandlerFunc
		status    int    // of the answer; 0 for none
		err       string // part of it
		shown     int32  // how often something was shown
		ended     []host.Shown
	}{
		"all is well": {"NTLM", func(w http.ResponseWriter, r *http.Request) {
			switch token(r) {
			case "one":
				challenge(w, "NTLM", "go on")
			case "two":
			default:
				challenge(w, "NTLM", "")
			}
		}, 200, "", 2, []host.Shown{host.Taken}},
		"nobody wants a logon": {"NTLM", func(http.ResponseWriter, *http.Request) {}, 200, "", 0, nil},
		"a 401 whatever comes": {
			"NTLM", func(w http.ResponseWriter, _ *http.Request) { challenge(w, "NTLM", "") },
			401, "answers it with no challenge", 1,
			[]host.Shown{host.Later},
		},
		"a loop of challenges": {"NTLM", func(w http.ResponseWriter, r *http.Request) {
			challenge(w, "NTLM", map[bool]string{true: "go on"}[token(r) != ""])
		}, 401, refusal, 2, []host.Shown{host.Refused}},
		"a loop of Kerberos": {"Kerberos", func(w http.ResponseWriter, r *http.Request) {
			challenge(w, "Negotiate", map[bool]string{true: "go on"}[token(r) != ""])
		}, 401, "the server rejects the proof", 2, []host.Shown{host.Later}},
		"a challenge cut short": {"NTLM", func(w http.ResponseWriter, r *http.Request) {
			challenge(w, "NTLM", map[bool]string{true: "go"}[token(r) != ""])
		}, 0, "cut short", 1, []host.Shown{host.Later}},
		"no base64": {"NTLM", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", "NTLM "+map[bool]string{true: "!!!"}[token(r) != ""])
			w.WriteHeader(http.StatusUnauthorized)
		}, 401, "no base64", 1, []host.Shown{host.Later}},
		"an answer before the proof": {"NTLM", func(w http.ResponseWriter, r *http.Request) {
			if token(r) == "" {
				challenge(w, "NTLM", "")
			}
		}, 200, "answers before the account is proved", 1, []host.Shown{host.Later}},
		"closed amid the proof": {"NTLM", func(w http.ResponseWriter, r *http.Request) {
			if w.Header().Set("Connection", "close"); token(r) == "one" {
				challenge(w, "NTLM", "go on")
				return
			}
			challenge(w, "NTLM", "")
		}, 401, "closes the connection amid the proof", 1, []host.Shown{host.Later}},
		"a proof of the server's that is none": {"Kerberos", func(w http.ResponseWriter, r *http.Request) {
			if token(r) == "" {
				challenge(w, "Negotiate", "")
				return
			}
			w.Header().Set("WWW-Authenticate", "Negotiate "+base64.StdEncoding.EncodeToString([]byte("me")))
		}, 200, "the server does not prove itself", 1, []host.Shown{host.Later}},
		"trouble after the proof": {"NTLM", func(w http.ResponseWriter, r *http.Request) {
			switch token(r) {
			case "one":
				challenge(w, "NTLM", "go on")
			case "two":
				w.WriteHeader(http.StatusServiceUnavailable)
			default:
				challenge(w, "NTLM", "")
			}
		}, 503, "", 2, []host.Shown{host.Later}},
		"a redirection to another host": {"NTLM", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.test/", http.StatusTemporaryRedirect)
		}, 307, "", 0, nil},
		"an endless body": {"NTLM", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, 0, "longer than", 0, nil},
		"an endless head": {"NTLM", func(w http.ResponseWriter, _ *http.Request) {
			for i := range 100 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 1000))
			}
		}, 0, "longer than", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			talk, s := serve(t, tt.mechanism, tt.handle)
			answer, _, err := talk.LogOn(t.Context(), "a site", webtalk.Request{Method: http.MethodPost, Path: "/", Body: "x"})
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			status := 0
			if answer != nil {
				status = answer.Status
			}
			if status != tt.status || s.shown.Load() != tt.shown {
				t.Errorf("status %d, shown %d times, want %d and %d", status, s.shown.Load(), tt.status, tt.shown)
			}
			if d := cmp.Diff(tt.ended, s.ended); d != "" {
				t.Errorf("endings (-want +got):\n%s", d)
			}
			if refused := errors.Is(err, probes.ErrRefused); refused != (tt.err == refusal) {
				t.Errorf("refused: %t", refused)
			}
		})
	}
}

func TestSchemes(t *testing.T) {
	h := http.Header{"Www-Authenticate": {
		`Negotiate`, "ntlm", `Basic realm="a, b", Bearer client_id="x", trusted_issuers="y"`, "NTLM", "X-New y", "",
	}}
	if d := cmp.Diff([]string{"Negotiate", "NTLM", "Basic", "Bearer"}, webtalk.Schemes(h)); d != "" {
		t.Errorf("schemes (-want +got):\n%s", d)
	}
}

func FuzzSchemes(f *testing.F) {
	f.Add(`Negotiate, NTLM, Basic realm="a"`)
	f.Fuzz(func(t *testing.T, value string) {
		if got := webtalk.Schemes(http.Header{"Www-Authenticate": {value, value}}); len(got) > 5 {
			t.Errorf("%q", got)
		}
	})
}

// The user who runs this program has no password, and is proved within TLS and by nothing else.
func TestTheCurrentUser(t *testing.T) {
	offers := func(schemes ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch token(r) {
			case "one":
				challenge(w, "Negotiate", "go on")
			case "two":
			default:
				w.Header()["Www-Authenticate"] = schemes
				w.WriteHeader(http.StatusUnauthorized)
			}
		}
	}
	for name, test := range map[string]struct {
		offered []string
		status  int
		shown   int32
	}{
		"negotiate":  {[]string{"Basic", "Negotiate"}, 200, 2},
		"basic only": {[]string{"Basic"}, 401, 0},
	} {
		_, s := serve(t, "Negotiate", offers(test.offered...))
		known, err := s.target.Credential("mail")
		if err != nil {
			t.Fatal(err)
		}
		known.User, known.Password, known.Current = "", host.Secret{}, true
		s.target.Credential = func(string) (host.Credential, error) { return known, nil }
		talk := webtalk.New(webtalk.Server{Target: s.target, Address: "example.com:443", Name: "example.com", Port: 443})
		answer, _, err := talk.LogOn(t.Context(), "a site", webtalk.Request{Method: http.MethodGet, Path: "/"})
		if answer == nil || answer.Status != test.status || s.shown.Load() != test.shown ||
			(err == nil) != (test.status == 200) {
			t.Errorf("%s: %+v, shown %d times, %v", name, answer, s.shown.Load(), err)
		}
		talk.Close()
	}
}
