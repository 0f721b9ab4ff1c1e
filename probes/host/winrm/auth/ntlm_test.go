package auth_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

func password(user, password string) host.Credential {
	return host.Credential{User: user, Password: host.NewSecret(password)}
}

// begin makes an NTLM proof and its first message.
func begin(t testing.TB, c host.Credential, p auth.Peer) (auth.Context, []byte) {
	t.Helper()
	m, err := auth.New(auth.Options{Method: "ntlm", Credential: c})
	if err != nil {
		t.Fatal(err)
	}
	proof, used, err := m.New(t.Context(), p)
	if err != nil || used != (auth.Used{Mechanism: "NTLM"}) {
		t.Fatal(used, err)
	}
	token, done, err := proof.Step(t.Context(), nil)
	if err != nil || done {
		t.Fatal(done, err)
	}
	return proof, token
}

// prove goes the whole way with a server; it ends the test unless both agree.
func prove(t testing.TB, c host.Credential, s *ntlmServer, bindings []byte) auth.Context {
	t.Helper()
	proof, negotiate := begin(t, c, auth.Peer{Host: "web01", Bindings: bindings})
	challenge := s.challenge()
	answer, done, err := proof.Step(t.Context(), challenge)
	if err != nil || !done {
		t.Fatal(done, err)
	}
	if wrong := s.accept(negotiate, challenge, answer, bindings); wrong != "" {
		t.Fatal(wrong)
	}
	return proof
}

func TestNTLM(t *testing.T) {
	for name, test := range map[string]struct{ credential, user, domain string }{
		"a domain in front":     {`CORP\probe`, "probe", "CORP"},
		"a domain behind":       {"probe@corp.example.org", "probe@corp.example.org", ""},
		"a user of the host":    {`.\Administrator`, "Administrator", "WEB01"},
		"a user without domain": {"probe", "probe", ""},
		"letters of any kind":   {`CORP\jürgen`, "jürgen", "CORP"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newNTLMServer(test.user, test.domain, "Pässwörd 1")
			proof := prove(t, password(test.credential, "Pässwörd 1"), s, []byte("tls-server-end-point:hash"))
			for _, text := range []string{"<one/>", "", strings.Repeat("long", 50000)} {
				signature, sealed, err := proof.Seal([]byte(text))
				if err != nil || len(sealed) != len(text) {
					t.Fatal(len(sealed), err)
				}
				plain, want := s.open(sealed)
				if string(plain) != text || !bytes.Equal(signature, want) {
					t.Fatalf("the server opens %.20q, signature %x, not %x", plain, signature, want)
				}
				back, err := proof.Open(s.seal([]byte(text)))
				if err != nil || string(back) != text {
					t.Fatalf("opened %.20q: %v", back, err)
				}
			}
		})
	}
}

// TestNTLMBindings shows that the server notices other bindings, and none.
func TestNTLMBindings(t *testing.T) {
	for _, ours := range []string{"", "tls-server-end-point:other"} {
		s := newNTLMServer("probe", "CORP", "pw")
		proof, negotiate := begin(t, password(`CORP\probe`, "pw"), auth.Peer{Bindings: []byte(ours)})
		challenge := s.challenge()
		answer, _, err := proof.Step(t.Context(), challenge)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := s.accept(negotiate, challenge, answer, []byte("tls-server-end-point:mine")); wrong == "" {
			t.Errorf("bindings %q pass", ours)
		}
	}
}

func TestNTLMRefusesWeakness(t *testing.T) {
	for what, bit := range map[string]int{
		"Unicode": 0, "signing": 4, "sealing": 5, "extended session security": 19, "target info": 23,
		"128-bit keys": 29, "key exchange": 30, "nobody's account": 11, "datagrams": 6,
	} {
		s := newNTLMServer("probe", "CORP", "pw")
		s.flags ^= 1 << bit
		proof, _ := begin(t, password(`CORP\probe`, "pw"), auth.Peer{})
		out, done, err := proof.Step(t.Context(), s.challenge())
		if !errors.Is(err, auth.ErrDowngrade) || !strings.Contains(err.Error(), what) || out != nil || done {
			t.Errorf("%s: %x %t %v", what, out, done, err)
		}
	}
}

func TestNTLMRefusesChallenges(t *testing.T) {
	good := newNTLMServer("probe", "CORP", "pw").challenge()
	change := func(at int, bytes ...byte) []byte {
		return slices.Replace(slices.Clone(good), at, at+len(bytes), bytes...)
	}
	info := func(pairs ...byte) []byte {
		s := newNTLMServer("probe", "CORP", "pw")
		s.pairs = pairs
		return s.challenge()
	}
	for name, test := range map[string]struct {
		token []byte
		want  string
	}{
		"nothing":               {nil, "sent no challenge"},
		"an answer":             {change(8, 3), "of type 3, not the challenge"},
		"a negotiate message":   {change(8, 1), "of type 1, not the challenge"},
		"something else":        {[]byte("\x60\x82 a Kerberos token"), "is not NTLM"},
		"cut off":               {good[:47], "has 47 bytes"},
		"huge":                  {append(slices.Clone(good), make([]byte, 1<<16)...), "has 65"},
		"a name out of reach":   {change(16, 0xff, 0xff, 0xff, 0xff), "target name of the host's challenge reaches to byte"},
		"pairs out of reach":    {change(44, 0xff, 0xff, 0xff, 0xff), "target info of the host's challenge reaches to byte"},
		"no end of pairs":       {info(pair(1, []byte("A\x00"))...), "has no end"},
		"no pairs":              {info(), "has no end"},
		"a pair that is longer": {info(2, 0, 9, 0, 1), "has 1 bytes of 9"},
		"short flags":           {info(6, 0, 2, 0, 1, 1, 0, 0, 0, 0), "pair 6 of the host's target info is 2 bytes long"},
		"a short time":          {info(7, 0, 1, 0, 1, 0, 0, 0, 0), "pair 7 of the host's target info is 1 bytes long"},
	} {
		t.Run(name, func(t *testing.T) {
			proof, _ := begin(t, password(`CORP\probe`, "pw"), auth.Peer{})
			out, done, err := proof.Step(t.Context(), test.token)
			if err == nil || !strings.Contains(err.Error(), test.want) || out != nil || done {
				t.Errorf("%x %t %v", out, done, err)
			}
			if _, _, err := proof.Seal(nil); err == nil {
				t.Error("seals all the same")
			}
		})
	}
}

// TestNTLMRefusesMessages changes one thing of a message from the host.
func TestNTLMRefusesMessages(t *testing.T) {
	for name, test := range map[string]struct {
		change func(signature, sealed []byte) ([]byte, []byte)
		want   string
	}{
		"a bit of the text":     {func(a, b []byte) ([]byte, []byte) { b[0] ^= 1; return a, b }, "checksum"},
		"a bit of the sum":      {func(a, b []byte) ([]byte, []byte) { a[5] ^= 1; return a, b }, "checksum"},
		"another number":        {func(a, b []byte) ([]byte, []byte) { a[12] ^= 1; return a, b }, "sequence number"},
		"another version":       {func(a, b []byte) ([]byte, []byte) { a[0] = 2; return a, b }, "version"},
		"a short signature":     {func(a, b []byte) ([]byte, []byte) { return a[:15], b }, "15 bytes"},
		"a long signature":      {func(a, b []byte) ([]byte, []byte) { return append(a, 0), b }, "17 bytes"},
		"more than any message": {func(a, _ []byte) ([]byte, []byte) { return a, make([]byte, 16<<20+1) }, "over the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newNTLMServer("probe", "CORP", "pw")
			proof := prove(t, password(`CORP\probe`, "pw"), s, nil)
			_, err := proof.Open(test.change(s.seal([]byte("text"))))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestNTLMOrder shows that a message that is lost or comes twice ends the session.
func TestNTLMOrder(t *testing.T) {
	s := newNTLMServer("probe", "CORP", "pw")
	proof := prove(t, password(`CORP\probe`, "pw"), s, nil)
	signature, sealed := s.seal([]byte("one"))
	if _, err := proof.Open(signature, sealed); err != nil {
		t.Fatal(err)
	}
	if _, err := proof.Open(signature, sealed); err == nil {
		t.Error("the same message passes twice")
	}
	if _, err := proof.Open(s.seal([]byte("two"))); err == nil || !strings.Contains(err.Error(), "an earlier message") {
		t.Errorf("after an error: %v", err)
	}
	if _, _, err := proof.Step(t.Context(), s.challenge()); err == nil {
		t.Error("the proof begins anew")
	}
}

func TestNTLMNeedsAccount(t *testing.T) {
	for want, c := range map[string]host.Credential{
		"names no user":          password("", "pw"),
		"needs the password":     {User: `CORP\probe`, Keytab: host.NewSecret("keytab")},
		`DOMAIN\user`:            password(`CORP\`, "pw"),
		"user@domain":            password("probe@", "pw"),
		`the user "CORP\\a\\b"`:  password(`CORP\a\b`, "pw"),
		`the user "\\probe"`:     password(`\probe`, "pw"),
		`the user "@corp.local"`: password("@corp.local", "pw"),
	} {
		_, err := auth.New(auth.Options{Method: "ntlm", Credential: c})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}

func FuzzChallenge(f *testing.F) {
	good := newNTLMServer("probe", "CORP", "pw").challenge()
	f.Add(good)
	f.Add(good[:48])
	f.Add([]byte("NTLMSSP\x00\x02\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, token []byte) {
		proof, _ := begin(t, password(`.\probe`, "pw"), auth.Peer{})
		out, done, err := proof.Step(t.Context(), token)
		if err != nil {
			if out != nil || done || strings.Contains(err.Error(), "make no sense") {
				t.Errorf("%x %t %v", out, done, err)
			}
			return
		}
		if flags := binary.LittleEndian.Uint32(token[20:]); flags&0x60880031 != 0x60880031 || len(out) < 88 {
			t.Errorf("flags %#x are answered with %d bytes", flags, len(out))
		}
	})
}
