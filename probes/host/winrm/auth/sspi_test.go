package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// answerOf is one answer of fakeSecur32.
type answerOf struct {
	out          string
	kept, status uint32
}

// fakeSecur32 answers as it is told, and seals by turning the bytes round.
type fakeSecur32 struct {
	answers  []answerOf
	came     []string // tokens
	bindings [][]byte
	numbers  []uint32
	quality  uint32
	status   uint32 // of messages
}

func (f *fakeSecur32) next(token, bindings []byte) (out []byte, kept, status uint32) {
	f.came, f.bindings = append(f.came, string(token)), append(f.bindings, bindings)
	a := f.answers[0]
	f.answers = f.answers[1:]
	return []byte(a.out), a.kept, a.status
}

func (f *fakeSecur32) seal(plain []byte, n uint32) (signature, sealed []byte, status uint32) {
	f.numbers = append(f.numbers, n)
	sealed = slices.Clone(plain)
	slices.Reverse(sealed)
	return []byte("sig"), sealed, f.status
}

func (f *fakeSecur32) open(_, sealed []byte, n uint32) (plain []byte, quality, status uint32) {
	f.numbers = append(f.numbers, n)
	plain = slices.Clone(sealed)
	slices.Reverse(plain)
	return plain, f.quality, f.status
}

func proofBy(f *fakeSecur32, p Peer) *sspiContext {
	c := &sspiContext{
		system: f, named: func() string { return "Kerberos" }, wanted: sspiFlags(p),
		explain: func(status uint32) error { return fmt.Errorf("status %#x", status) },
	}
	if len(p.Bindings) > 0 {
		c.bindings = sspiBindings(p.Bindings)
	}
	return c
}

const allKept = sspiSealing | sspiIntegrity | sspiMutual

func TestTheCurrentUsersProof(t *testing.T) {
	system := &fakeSecur32{answers: []answerOf{{"one", 0, sspiGoOn}, {"two", allKept, sspiDone}}}
	c := proofBy(system, Peer{Host: "web01", Bindings: []byte("tls-server-end-point:x")})
	if _, _, err := c.Seal([]byte("too early")); err == nil {
		t.Error("it seals before it is complete")
	}
	first, done, err := c.Step(t.Context(), nil)
	if string(first) != "one" || done || err != nil {
		t.Fatalf("got %q, %t, %v", first, done, err)
	}
	second, done, err := c.Step(t.Context(), []byte("from the host"))
	if string(second) != "two" || !done || err != nil || c.mechanism() != "Kerberos" {
		t.Fatalf("got %q, %t, %v", second, done, err)
	}
	if !slices.Equal(system.came, []string{"", "from the host"}) {
		t.Errorf("tokens %q", system.came)
	}
	for _, b := range system.bindings {
		if !bytes.Contains(b, []byte("tls-server-end-point:x")) {
			t.Errorf("a leg is not bound: %q", b)
		}
	}
	for range 2 {
		signature, sealed, err := c.Seal([]byte("plain"))
		if string(signature) != "sig" || string(sealed) != "nialp" || err != nil {
			t.Errorf("got %q %q %v", signature, sealed, err)
		}
		if plain, err := c.Open(signature, sealed); string(plain) != "plain" || err != nil {
			t.Errorf("got %q %v", plain, err)
		}
	}
	if !slices.Equal(system.numbers, []uint32{0, 0, 1, 1}) {
		t.Errorf("numbers %v", system.numbers)
	}
	if _, _, err := c.Step(t.Context(), []byte("more")); err == nil {
		t.Error("it goes on after the end")
	}
}

func TestTheCurrentUserIsNotProved(t *testing.T) {
	for name, test := range map[string]struct {
		answers []answerOf
		peer    Peer
		is      error
		want    string // "" for no error
	}{
		"refused":            {answers: []answerOf{{"", 0, sspiLogonDenied}}, is: ErrAccount, want: "0x8009030c"},
		"no password kept":   {answers: []answerOf{{"", 0, sspiNoCredentials}}, want: "a task has to run as a user whose password Windows keeps"},
		"no such host":       {answers: []answerOf{{"", 0, sspiUnknownTarget}}, want: "is the host's name the one"},
		"no KDC":             {answers: []answerOf{{"", 0, sspiNoAuthority}}, want: "is the host's name the one"},
		"something else":     {answers: []answerOf{{"", 0, 0x80090304}}, want: "proving the current user: status 0x80090304"},
		"signed alone":       {answers: []answerOf{{"x", sspiIntegrity | sspiMutual, sspiDone}}, is: ErrDowngrade, want: "flags"},
		"neither":            {answers: []answerOf{{"x", 0, sspiComplete}}, is: ErrDowngrade, want: "flags"},
		"neither is wanted":  {answers: []answerOf{{"x", 0, sspiDone}}, peer: Peer{Unsealed: true}},
		"complete by itself": {answers: []answerOf{{"x", allKept, sspiComplete}}},
	} {
		out, done, err := proofBy(&fakeSecur32{answers: test.answers}, test.peer).Step(t.Context(), nil)
		switch {
		case test.want == "" && (err != nil || !done || string(out) != "x"):
			t.Errorf("%s: %q, %t, %v", name, out, done, err)
		case test.want != "" && (err == nil || done || out != nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %q, %t, %v, want %q", name, out, done, err, test.want)
		case test.is != nil && !errors.Is(err, test.is):
			t.Errorf("%s: %v is no %v", name, err, test.is)
		}
	}
}

// What a host sends may be anything.
func TestTheCurrentUserAndABadHost(t *testing.T) {
	system := &fakeSecur32{answers: []answerOf{{"one", 0, sspiGoOn}}}
	c := proofBy(system, Peer{})
	if _, _, err := c.Step(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Step(t.Context(), nil); !errors.Is(err, errRejected) {
		t.Errorf("no token: %v", err)
	}
	if _, _, err := c.Step(t.Context(), make([]byte, maxToken+1)); err == nil || len(system.came) != 1 {
		t.Errorf("a token over the limit: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := c.Step(stopped, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
	unsealed := proofBy(&fakeSecur32{answers: []answerOf{{"x", 0, sspiDone}}}, Peer{Unsealed: true})
	if _, _, err := unsealed.Step(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := unsealed.Seal([]byte("x")); err == nil {
		t.Error("a proof that seals nothing seals")
	}
	sealed := proofBy(&fakeSecur32{answers: []answerOf{{"x", allKept, sspiDone}}, quality: sspiNotSealed}, Peer{})
	if _, _, err := sealed.Step(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Open([]byte("sig"), []byte("x")); err == nil || !strings.Contains(err.Error(), "not sealed") {
		t.Errorf("a message in clear: %v", err)
	}
}
