package sql

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// What the first answer of a server means, by its number and never by its text.
func TestMeaningOfTheFirstAnswer(t *testing.T) {
	for number, want := range map[int]struct{ login, hint string }{
		18401: {"waiting 18401", "update scripts"},
		17187: {"waiting 17187", "starting"},
		17188: {"waiting 17188", "shutting down"},
		18451: {"waiting 18451", "starting or stopping"},
		18456: {"failed 18456", "password"},
		18452: {"failed 18452", "secure channel"},
		18470: {"failed 18470", "ENABLE"},
		18486: {"failed 18486", "UNLOCK"},
		18487: {"failed 18487", "expired"},
		18488: {"failed 18488", "must be changed"},
		4060:  {"failed 4060", "not ONLINE"},
		4064:  {"failed 4064", "DEFAULT_DATABASE"},
		921:   {"waiting 921", "recovered"},
		922:   {"waiting 922", "recovered"},
		926:   {"failed 926", "SUSPECT"},
		927:   {"failed 927", "restore"},
		942:   {"failed 942", "ONLINE"},
		945:   {"failed 945", "disk space"},
		976:   {"waiting 976", "secondary"},
		983:   {"waiting 983", "resolving"},
		18461: {"failed 18461", "-m"},
		17142: {"failed 17142", "paused"},
		17809: {"failed 17809", "user connections"},
		17810: {"failed 17810", "administrator"},
		10928: {"failed 10928", "service tier"},
		10929: {"failed 10929", "service tier"},
		54321: {"failed 54321", ""}, // which nobody knows
	} {
		t.Run(strconv.Itoa(number), func(t *testing.T) {
			s := serve(t, changed(func(s *estate.SQL) { s.LoginError = number }), selfSigned(t, 7))
			observed, err := build(t, nil).Observe(t.Context(), s.target())
			if err != nil {
				t.Fatal(err)
			}
			got := readings(observed)
			if got[" login"] != want.login {
				t.Errorf("login is %q, want %q", got[" login"], want.login)
			}
			if hint := got[" login_hint"]; !strings.Contains(hint, want.hint) || (hint == "") != (want.hint == "") {
				t.Errorf("the hint is %q, want one with %q", hint, want.hint)
			}
			if got[" login_message"] == "" {
				t.Error("the server's own message is lost")
			}
			if n := s.simulator.Counts(); n.Connections != 1 || n.Logins != 1 || n.Batches != 0 {
				t.Errorf("a refused login cost %+v", n)
			}
		})
	}
}

// A login that could be locked is marked as such, and none that only has to wait.
func TestWhatIsNotTriedAgain(t *testing.T) {
	spec, _ := Kind.Reading("login")
	for word, want := range map[string]bool{
		"failed 18456": true, "failed 18452": true, "failed 18470": true, "failed 18486": true, "failed 18487": true,
		"failed 18488": true, "failed 4060": false, "waiting 18401": false, "refused": false, "ok": false,
	} {
		got := false
		for _, v := range spec.Refused {
			got = got || fact.Equal(v, fact.Text(word))
		}
		if got != want {
			t.Errorf("%s: %t, want %t", word, got, want)
		}
	}
}

func TestMeaningsAreTold(t *testing.T) {
	seen := map[int32]bool{}
	for _, m := range meanings() {
		if seen[m.number] || m.hint == "" || len(m.hint) > 220 || strings.HasSuffix(m.hint, ".") {
			t.Errorf("%d: %q", m.number, m.hint)
		}
		seen[m.number] = true
	}
}

func FuzzLoginMessage(f *testing.F) {
	f.Add("Login failed for user 'probe'.")
	f.Add("a\nb\x00\x1b[31m\xff\u202e" + strings.Repeat("€", 1000))
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range loginAnswer(mssql.Error{Number: 18456, Message: text}) {
			got := r.Value.String()
			if !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x00\x1b\u202e") || len([]rune(got)) > 301 {
				t.Errorf("%s is %q", r.Key.Name, got)
			}
		}
	})
}
