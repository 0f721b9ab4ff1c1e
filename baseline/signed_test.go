package baseline

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// sealOf is a signature of this test: the manifest behind a name.
func sealOf(name string) Signer {
	return func(manifest []byte) ([]byte, error) { return append([]byte(name+"\n"), manifest...), nil }
}

// known takes the signatures of ann.
func known(manifest, signature []byte) (string, error) {
	if !bytes.Equal(signature, append([]byte("ann\n"), manifest...)) {
		return "", errors.New("it is not ann's")
	}
	return "ann", nil
}

func signed(t *testing.T, sign Signer) *Store {
	t.Helper()
	s := open(t, t.TempDir())
	w := begin(t, s, "before")
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(t.Context(), finishedAt(), sign); err != nil {
		t.Fatal(err)
	}
	return s
}

// Whose signature counts, and what of a run that has none.
func TestWhoSigned(t *testing.T) {
	const ask, must = "ask", "must"
	for _, tt := range []struct {
		name  string
		sign  Signer
		trust string
		by    string
		want  string // the error
	}{
		{"nobody is asked, and nobody signed", nil, "", "", ""},
		{"nobody is asked", sealOf("ann"), "", "", ""},
		{"nobody signed", nil, ask, "", ""},
		{"the right one", sealOf("ann"), ask, "ann", ""},
		{"the right one, as must be", sealOf("ann"), must, "ann", ""},
		{"another", sealOf("eve"), ask, "", "baseline before is not to be trusted: it is not ann's"},
		{
			"nobody, and somebody must", nil, must, "",
			"baseline before is not signed, and only signed ones are trusted; leave --trust out to take it all the same",
		},
	} {
		s := signed(t, tt.sign)
		if tt.trust != "" {
			s.Trust(known, tt.trust == must)
		}
		snapshot, err := s.Read(t.Context(), "before")
		switch {
		case tt.want != "":
			wantDamage(t, err, Untrusted, tt.want)
		case err != nil || snapshot.SignedBy() != tt.by:
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestASignatureThatCannotBeRead(t *testing.T) {
	s := signed(t, nil)
	if err := os.Mkdir(s.path("before", signatureName), 0o700); err != nil {
		t.Fatal(err)
	}
	s.Trust(known, false)
	_, err := s.Read(t.Context(), "before")
	wantDamage(t, err, Unreadable, "the signature of baseline before cannot be read")
}

// No run counts without the signature that it was to have, and none has that of a try
// before.
func TestFinishSigns(t *testing.T) {
	s := cutOff(t)
	s.Trust(known, true)
	w, err := s.Resume(t.Context(), head("before"))
	if err != nil {
		t.Fatal(err)
	}
	refuses := func([]byte) ([]byte, error) { return nil, errors.New("the key is locked") }
	err = w.Finish(t.Context(), finishedAt(), refuses)
	if err == nil || !strings.HasSuffix(err.Error(), "the key is locked") {
		t.Errorf("got %v", err)
	}
	_, err = s.Read(t.Context(), "before")
	wantDamage(t, err, Unfinished)
	write(t, s.path("before", signatureName), []byte("of a try before"))
	if err := w.Finish(t.Context(), finishedAt(), sealOf("ann")); err != nil {
		t.Fatal(err)
	}
	if snapshot, err := s.Read(t.Context(), "before"); err != nil || snapshot.SignedBy() != "ann" {
		t.Errorf("got %v", err)
	}
}

// Who takes a run up may not want it signed: what a try before left is none of its own.
func TestResumeDropsTheSignature(t *testing.T) {
	s := cutOff(t)
	path := s.path("before", signatureName)
	write(t, path, []byte("of a try before"))
	if _, err := s.Resume(t.Context(), head("before")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("it stays: %v", err)
	}
}
