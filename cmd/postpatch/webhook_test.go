package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
)

const hookURL = "https://hooks.example.org/hunter2/T000?sig=hunter2secret"

func TestWhereAMessageMayGo(t *testing.T) {
	for address, ok := range map[string]bool{
		hookURL:                                true,
		" " + hookURL + "\n":                   true,
		"http://127.0.0.1:8080/hunter2":        true,
		"http://[::1]/hunter2":                 true,
		"http://localhost/hunter2":             false, // whoever answers for that name
		"http://hooks.example.org/hunter2":     false,
		"http://127.0.0.1.example.org/h":       false,
		"https://user:hunter2@example.org/":    false,
		"https:///hunter2":                     false,
		"https://:443/hunter2":                 false,
		"file:///etc/hunter2":                  false,
		"hunter2":                              false,
		"https://hooks.example.org/%hunter2":   false,
		"https://hooks.example.org/\x7fhunter": false,
	} {
		_, err := newWebhook(host.NewSecret(address))
		if (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter") {
			t.Errorf("the address shows: %v", err)
		}
	}
}

// transport answers in place of a server.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// reply is what a server says.
type reply struct {
	code       int
	retryAfter string
	body       string
}

func (r reply) response() *http.Response {
	h := http.Header{"Location": {"https://elsewhere.example.org/"}}
	if r.retryAfter != "" {
		h.Set("Retry-After", r.retryAfter)
	}
	return &http.Response{StatusCode: r.code, Header: h, Body: io.NopCloser(strings.NewReader(r.body))}
}

func TestOneMoreTryWhereTheServerIsBusy(t *testing.T) {
	for name, test := range map[string]struct {
		answers []reply
		tries   int
		took    time.Duration
		want    string // of the error
	}{
		"taken":           {[]reply{{202, "", ""}}, 1, 0, ""},
		"busy, then fine": {[]reply{{429, "7", ""}, {200, "", ""}}, 2, 7 * time.Second, ""},
		"busy twice": {
			[]reply{{503, "", "later"}, {502, "", ""}},
			2, 2 * time.Second,
			"the server refused it (503 Service Unavailable): later; and again: the server refused it (502 Bad Gateway)",
		},
		"for a day":   {[]reply{{429, "86400", ""}, {200, "", ""}}, 2, 30 * time.Second, ""},
		"for nothing": {[]reply{{500, "-5", ""}, {200, "", ""}}, 2, time.Second, ""},
		"for no time": {[]reply{{500, "soon", ""}, {200, "", ""}}, 2, 2 * time.Second, ""},
		"until a time": {
			[]reply{{500, "Sat, 01 Jan 2000 00:00:05 GMT", ""}, {200, "", ""}}, 2, 5 * time.Second, "",
		},
		"refused": {
			[]reply{{404, "", "no_service\x1b[2J"}},
			1, 0,
			"the server refused it (404 Not Found): no_service<ESC>[2J",
		},
		"repeats it": {
			[]reply{{400, "", "bad hook /hunter2/T000"}}, 1, 0, "the server refused it (400 Bad Request)",
		},
		"repeats the signature": {
			[]reply{{400, "", "sig hunter2secret is over"}}, 1, 0, "the server refused it (400 Bad Request)",
		},
		"leads elsewhere": {
			[]reply{{307, "", ""}},
			1, 0,
			"the server leads elsewhere (307), and a webhook is not followed: is its address right?",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				s := newSender(nil)
				s.client.Transport = transport(func(r *http.Request) (*http.Response, error) {
					if body, _ := io.ReadAll(r.Body); string(body) != "{}" || r.URL.Host != "hooks.example.org" {
						t.Errorf("%s got %q", r.URL.Host, body)
					}
					tries++
					return test.answers[tries-1].response(), nil
				})
				to, err := newWebhook(host.NewSecret(hookURL))
				if err != nil {
					t.Fatal(err)
				}
				began, got := time.Now(), ""
				if err := s.post(t.Context(), to, []byte("{}")); err != nil {
					got = err.Error()
				}
				if got != test.want || tries != test.tries || time.Since(began) != test.took {
					t.Errorf("got %q after %d tries and %v", got, tries, time.Since(began))
				}
			})
		})
	}
}

// What goes wrong on the way has the address in its text, as net/http makes it.
func TestNoErrorShowsTheAddress(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"refused": {
			&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, "dial tcp: connection refused",
		},
		"timeout":  {context.DeadlineExceeded, "no answer within 15s"},
		"its text": {errors.New("cannot parse hunter2secret"), "the connection failed"},
		"wrapped":  {&url.Error{Op: "Post", URL: hookURL, Err: errors.New("broken")}, "the connection failed"},
	} {
		s := newSender(nil)
		s.client.Transport = transport(func(*http.Request) (*http.Response, error) { return nil, test.err })
		to, bad := newWebhook(host.NewSecret(hookURL))
		if bad != nil {
			t.Fatal(bad)
		}
		if err := s.post(t.Context(), to, nil); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}
