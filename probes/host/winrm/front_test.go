package winrm

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab/estate"
	labntlm "postpatch/probes/lab/ntlm"
	"postpatch/probes/lab/wsman"
)

// front puts something before a host of the fleet. It answers in the host's place
// when it returns true.
func (f *fleet) front(t *testing.T, i int, answers func(http.ResponseWriter, *http.Request) bool) {
	t.Helper()
	server := &http.Server{
		ConnContext: wsman.Connection,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !answers(w, r) {
				f.servers[i].ServeHTTP(w, r)
			}
		}),
	}
	f.options[i].Port = serving(t, server.Serve, server.Close).Port
}

// isProof says whether a request shows the account.
func isProof(r *http.Request) bool {
	if _, _, plain := r.BasicAuth(); plain {
		return true
	}
	token, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Negotiate "))
	return err == nil && labntlm.IsMessage(token) && !labntlm.IsNegotiate(token)
}

// TestAWrongPasswordIsCountedWhateverIsSaid has every host let its domain verify a
// wrong password, and say something else to the proof than that it is wrong.
func TestAWrongPasswordIsCountedWhateverIsSaid(t *testing.T) {
	const hosts = 40
	nothing := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code) }
	}
	for name, c := range map[string]struct {
		plain       bool // by Basic
		say         func(http.ResponseWriter)
		least, most int
	}{
		"an error, and no to the message": {false, status(http.StatusInternalServerError), 3, 3},
		"a bad request, and then no":      {false, status(http.StatusBadRequest), 3, 3},
		"yes, and no to the message":      {false, status(http.StatusOK), 3, hosts}, // the refusals come late
		"nothing":                         {false, nothing, 9, 9},
		"nothing, by Basic":               {true, nothing, 9, 9},
		"an error, by Basic":              {true, status(http.StatusBadGateway), 9, 9},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, hosts, func(_ int, h *estate.Host) { h.WinRM.Plain = c.plain })
			f.as(`CORP\probe`, "wr0ng")
			for i := range hosts {
				f.front(t, i, func(w http.ResponseWriter, r *http.Request) bool {
					if isProof(r) {
						f.servers[i].ServeHTTP(httptest.NewRecorder(), r)
						c.say(w)
						return true
					}
					return false
				})
			}
			kept := 0
			for range 2 {
				for _, err := range f.ask(t.Context(), upTo(hosts)...) {
					if err == nil {
						t.Error("a wrong password was taken")
					}
					if errors.Is(err, auth.ErrAccount) {
						kept++
					}
				}
			}
			if n := f.sum(refused); n < c.least || n > c.most || kept < 2*hosts-n {
				t.Errorf("%d wrong passwords were shown, want %d to %d; %d were kept back", n, c.least, c.most, kept)
			}
		})
	}
}

// TestYesToEverythingVouchesForNothing has something that is no Windows take a
// wrong password, before the hosts are asked.
func TestYesToEverythingVouchesForNothing(t *testing.T) {
	const hosts = 40
	f := newFleet(t, hosts, nil)
	f.as(`CORP\probe`, "wr0ng")
	f.front(t, 0, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "" && !isProof(r) {
			return false // there is a challenge
		}
		w.Header().Set("Content-Type", soapType)
		_, _ = w.Write([]byte(identified))
		return true
	})
	if err := f.ask(t.Context(), 0)[0]; !isKind(err, NotWSMan) {
		t.Errorf("%v, want no WS-Man", err)
	}
	for _, err := range f.ask(t.Context(), upTo(hosts)[1:]...) {
		if err == nil {
			t.Error("a wrong password was taken")
		}
	}
	if n := f.sum(refused); n != 3 {
		t.Errorf("%d wrong passwords were shown, want 3", n)
	}
}
