package winrm

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestChallengeIsFoundAmongOthers(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		headers []string
		want    string
		wrong   string
	}{
		"alone":                 {401, []string{"Negotiate YWJj"}, "abc", ""},
		"with the account":      {200, []string{"Negotiate YWJj"}, "abc", ""},
		"in a line with others": {401, []string{`Kerberos, negotiate YWJj, Basic realm="a,b"`}, "abc", ""},
		"in one of several":     {401, []string{"Kerberos", "Negotiate", `Basic realm="W"`, "Negotiate YWJj"}, "abc", ""},
		"not offered":           {401, []string{`Basic realm="W"`, "Kerberos"}, "", "offers Basic, Kerberos"},
		"nothing offered":       {401, nil, "", "offers nothing"},
		"no base64":             {401, []string{"Negotiate !"}, "", "no base64"},
		"too long":              {401, []string{"Negotiate " + strings.Repeat("AAAA", 100_000)}, "", "too long"},
		"no proof of its own":   {200, nil, "", "without a proof of its own"},
		"no WS-Man":             {404, nil, "", "HTTP 404"},
		"a moved door":          {302, nil, "", "HTTP 302"},
		"with another status":   {500, []string{"Negotiate YWJj"}, "abc", ""},
		"hostile words":         {401, []string{"Evil\x1b[31m scheme"}, "", "offers Evil[31m"},
	} {
		tr := &transport{entry: entry{user: "u"}}
		got, err := tr.challenge(&reply{status: c.status, header: http.Header{"Www-Authenticate": c.headers}})
		var fault *Fault
		switch {
		case c.wrong == "" && (err != nil || string(got) != c.want):
			t.Errorf("%s: %q, error %v", name, got, err)
		case c.wrong != "" && (!errors.As(err, &fault) || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v, want it to say %q", name, err, c.wrong)
		case err != nil && strings.ContainsAny(err.Error(), "\r\n\x1b"):
			t.Errorf("%s: control characters in %q", name, err)
		}
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(401, `Kerberos, Negotiate YWJj, Basic realm="a"`)
	f.Add(200, "Negotiate YWJj")
	f.Fuzz(func(t *testing.T, status int, offers string) {
		tr := &transport{entry: entry{user: "u"}}
		got, err := tr.challenge(&reply{status: status, header: http.Header{"Www-Authenticate": {offers}}})
		var fault *Fault
		if err != nil && (!errors.As(err, &fault) || strings.ContainsAny(err.Error(), "\r\n\x1b")) {
			t.Errorf("error %q, want a fault on one line", err)
		}
		if err == nil && !strings.Contains(strings.ToLower(offers), "negotiate ") || len(got) > maxToken {
			t.Errorf("%d: a token of %d bytes", status, len(got))
		}
	})
}

// FuzzRelated reads what a reply says that it is about.
func FuzzRelated(f *testing.F) {
	for _, name := range []string{"first.xml", "fault_wmi.xml"} {
		f.Add(recorded(f, name))
	}
	f.Add(`<Envelope><Header><RelatesTo>uuid:1</RelatesTo></Header><Body/></Envelope>`)
	f.Fuzz(func(t *testing.T, text string) {
		err := related("uuid:1", text, false)
		var fault *Fault
		if err != nil && (!errors.As(err, &fault) || strings.ContainsAny(err.Error(), "\r\n\x1b")) {
			t.Errorf("error %q, want a fault on one line", err)
		}
		if err == nil && !strings.Contains(text, "1") {
			t.Errorf("related to ours: %q", text)
		}
	})
}
