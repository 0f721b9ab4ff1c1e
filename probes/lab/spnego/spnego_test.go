package spnego_test

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"testing"

	"postpatch/probes/lab/spnego"
)

// The messages as Go's own ASN.1 writes them, which the package does not use.
type negInit struct {
	Mechanisms []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
	Flags      asn1.BitString          `asn1:"explicit,tag:1,optional"`
	Token      []byte                  `asn1:"explicit,tag:2,optional,omitempty"`
	MIC        []byte                  `asn1:"explicit,tag:3,optional,omitempty"`
}

type negResponse struct {
	State     asn1.Enumerated       `asn1:"explicit,tag:0,optional"`
	Mechanism asn1.ObjectIdentifier `asn1:"explicit,tag:1,optional"`
	Token     []byte                `asn1:"explicit,tag:2,optional,omitempty"`
	MIC       []byte                `asn1:"explicit,tag:3,optional,omitempty"`
}

func ntlm() asn1.ObjectIdentifier       { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 10} }
func kerberos() asn1.ObjectIdentifier   { return asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2} }
func msKerberos() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 48018, 1, 2, 2} }
func negoex() asn1.ObjectIdentifier     { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 30} }

func der(t testing.TB, v any, params string) []byte {
	t.Helper()
	out, err := asn1.MarshalWithParams(v, params)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func first(t testing.TB, m negInit) []byte {
	t.Helper()
	oid := der(t, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2}, "")
	return der(t, asn1.RawValue{
		Class: asn1.ClassApplication, IsCompound: true, Bytes: append(oid, der(t, m, "explicit,tag:0")...),
	}, "")
}

func next(t testing.TB, m negResponse) []byte {
	t.Helper()
	return der(t, m, "explicit,tag:1")
}

func parse(t *testing.T, token []byte) negResponse {
	t.Helper()
	var m negResponse
	if rest, err := asn1.UnmarshalWithParams(token, &m, "explicit,tag:1"); err != nil || len(rest) > 0 {
		t.Fatalf("the answer %x: %v", token, err)
	}
	return m
}

// echo is a mechanism of so many messages, which signs with its name.
type echo struct {
	name string
	left int
}

func (e *echo) Accept(token []byte) ([]byte, bool, error) {
	switch string(token) {
	case "bad":
		return nil, false, errors.New("refused")
	case "old":
		return []byte("skew"), false, errors.New("refused")
	}
	e.left--
	return append([]byte("re:"), token...), e.left == 0, nil
}

func (e *echo) MIC(list []byte) ([]byte, error) { return append([]byte("server:"), list...), nil }

func (e *echo) CheckMIC(list, mic []byte) error {
	if !bytes.Equal(mic, append([]byte("client:"), list...)) {
		return errors.New("wrong")
	}
	return nil
}

// silent is a mechanism that cannot sign.
type silent struct{ *echo }

func (silent) MIC()      {}
func (silent) CheckMIC() {}

func server(names ...string) *spnego.Acceptor {
	return spnego.NewAcceptor(func(name string) spnego.Mechanism {
		for _, n := range names {
			switch {
			case n != name:
			case n == spnego.NTLM:
				return &echo{n, 2}
			default:
				return silent{&echo{n, 1}}
			}
		}
		return nil
	})
}

func TestFavourite(t *testing.T) {
	a := server(spnego.NTLM)
	out, done, err := a.Accept(first(t, negInit{Mechanisms: []asn1.ObjectIdentifier{ntlm()}, Token: []byte("one")}))
	m := parse(t, out)
	if err != nil || done || m.State != 1 || !m.Mechanism.Equal(ntlm()) || string(m.Token) != "re:one" {
		t.Fatalf("got %+v, %t, %v", m, done, err)
	}
	out, done, err = a.Accept(next(t, negResponse{State: 1, Token: []byte("three")}))
	if m := parse(t, out); err != nil || !done || m.State != 0 || m.Mechanism != nil || m.MIC != nil {
		t.Errorf("got %+v, %t, %v", m, done, err)
	}
	if name, mech := a.Mechanism(); name != spnego.NTLM || mech == nil {
		t.Errorf("got %q, %v", name, mech)
	}
	if _, _, err := a.Accept(next(t, negResponse{Token: []byte("more")})); !errors.Is(err, spnego.ErrMalformed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestSecondChoiceMustBeSigned(t *testing.T) {
	offered := []asn1.ObjectIdentifier{msKerberos(), kerberos(), negoex(), ntlm()}
	list := der(t, offered, "")
	for name, test := range map[string]struct {
		mic  []byte
		want error
	}{
		"signed":         {append([]byte("client:"), list...), nil},
		"not signed":     {nil, spnego.ErrList},
		"signed another": {[]byte("client:x"), spnego.ErrList},
	} {
		t.Run(name, func(t *testing.T) {
			a := server(spnego.NTLM)
			out, done, err := a.Accept(first(t, negInit{Mechanisms: offered, Token: []byte("for Kerberos")}))
			if m := parse(t, out); err != nil || done || m.State != 3 || !m.Mechanism.Equal(ntlm()) || m.Token != nil {
				t.Fatalf("got %+v, %t, %v", m, done, err)
			}
			out, done, err = a.Accept(next(t, negResponse{State: 1, Token: []byte("one")}))
			if m := parse(t, out); err != nil || done || m.State != 1 || m.Mechanism != nil || string(m.Token) != "re:one" {
				t.Fatalf("got %+v, %t, %v", m, done, err)
			}
			out, done, err = a.Accept(next(t, negResponse{State: 1, Token: []byte("three"), MIC: test.mic}))
			if !errors.Is(err, test.want) || done != (test.want == nil) {
				t.Fatalf("got %t, %v", done, err)
			}
			if done && !bytes.Equal(parse(t, out).MIC, append([]byte("server:"), list...)) {
				t.Errorf("got %+v", parse(t, out))
			}
		})
	}
}

func TestKerberosInOneMessage(t *testing.T) {
	a := server(spnego.Kerberos, spnego.NTLM)
	offered := []asn1.ObjectIdentifier{msKerberos(), kerberos(), ntlm()}
	out, done, err := a.Accept(first(t, negInit{Mechanisms: offered, Token: []byte("ticket")}))
	m := parse(t, out)
	if err != nil || !done || m.State != 0 || !m.Mechanism.Equal(msKerberos()) || string(m.Token) != "re:ticket" {
		t.Errorf("got %+v, %t, %v", m, done, err)
	}
	if name, _ := a.Mechanism(); name != spnego.Kerberos {
		t.Errorf("got %q", name)
	}
}

func TestRefusals(t *testing.T) {
	good := first(t, negInit{Mechanisms: []asn1.ObjectIdentifier{ntlm()}, Token: []byte("one")})
	for name, token := range map[string][]byte{
		"nothing":      {},
		"cut":          good[:len(good)-3],
		"more":         append(bytes.Clone(good), 0),
		"an answer":    next(t, negResponse{Token: []byte("one")}),
		"too long":     first(t, negInit{Mechanisms: []asn1.ObjectIdentifier{ntlm()}, Token: make([]byte, 1<<17)}),
		"no mechanism": first(t, negInit{Mechanisms: []asn1.ObjectIdentifier{}}),
	} {
		if _, _, err := server(spnego.NTLM).Accept(token); !errors.Is(err, spnego.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	foreign := first(t, negInit{Mechanisms: []asn1.ObjectIdentifier{negoex(), kerberos()}})
	if _, _, err := server(spnego.NTLM).Accept(foreign); !errors.Is(err, spnego.ErrNoMechanism) {
		t.Errorf("no common mechanism: %v", err)
	}
	bad := first(t, negInit{Mechanisms: []asn1.ObjectIdentifier{ntlm()}, Token: []byte("bad")})
	if _, _, err := server(spnego.NTLM).Accept(bad); err == nil || err.Error() != "refused" {
		t.Errorf("the mechanism's error: %v", err)
	}
	old := first(t, negInit{Mechanisms: []asn1.ObjectIdentifier{kerberos()}, Token: []byte("old")})
	out, done, err := server(spnego.Kerberos).Accept(old)
	if err == nil || done || string(parse(t, out).Token) != "skew" || parse(t, out).State != 1 {
		t.Errorf("an error with a token: %x, %t, %v", out, done, err)
	}
	a := server(spnego.NTLM)
	if _, _, err := a.Accept(good); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Accept(good); !errors.Is(err, spnego.ErrMalformed) {
		t.Errorf("a second first message: %v", err)
	}
}

func TestKinds(t *testing.T) {
	own := der(t, asn1.RawValue{Class: asn1.ClassApplication, IsCompound: true, Bytes: der(t, kerberos(), "")}, "")
	if !spnego.IsKerberos(own) || spnego.IsInit(own) || spnego.IsKerberos([]byte("NTLMSSP\x00")) {
		t.Error("Kerberos' own token")
	}
	token := first(t, negInit{Mechanisms: []asn1.ObjectIdentifier{ntlm()}})
	if !spnego.IsInit(token) || spnego.IsKerberos(token) {
		t.Error("a NegTokenInit")
	}
}

func FuzzAccept(f *testing.F) {
	f.Add(first(f, negInit{Mechanisms: []asn1.ObjectIdentifier{msKerberos(), ntlm()}, Token: []byte("one")}))
	f.Add(next(f, negResponse{State: 1, Token: []byte("three"), MIC: []byte("mic")}))
	f.Add([]byte{})
	good := first(f, negInit{Mechanisms: []asn1.ObjectIdentifier{ntlm()}, Token: []byte("one")})
	f.Fuzz(func(t *testing.T, token []byte) {
		_, _, _ = server(spnego.Kerberos, spnego.NTLM).Accept(token)
		a := server(spnego.NTLM)
		if _, _, err := a.Accept(good); err != nil {
			t.Fatal(err)
		}
		_, _, _ = a.Accept(token)
	})
}
