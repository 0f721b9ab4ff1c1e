package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"postpatch/suites"
)

func TestCommandSecrets(t *testing.T) {
	t.Setenv("KEEPER_SECRET", "hunter2")
	log := filepath.Join(t.TempDir(), "log")
	for mode, want := range map[string]struct{ secret, err string }{
		"tell":    {"hunter2\n", ""},
		"much":    {strings.Repeat("x", maxSecret), ""},
		"listen":  {"read 0\n", ""},
		"fail":    {"", "exit status 3: the store is <ESC>[31mlocked<ESC>[0m: ***"},
		"silence": {"", "it printed nothing"},
		"flood":   {"", "it printed more than 64 KiB"},
	} {
		got, err := commandSecret(t.Context(), []string{"keeper", log, mode})
		if message := plain(err); got.Reveal() != want.secret || message != want.err {
			t.Errorf("%s: %d bytes, %q, want %q", mode, len(got.Reveal()), message, want.err)
		}
	}
	_, err := commandSecret(t.Context(), []string{"no-such-keeper", "hunter2"})
	if got := plain(err); !strings.HasPrefix(got, "executable file not found") {
		t.Errorf("no such program: %s", got)
	}
	_, err = commandSecret(t.Context(), []string{filepath.Join(t.TempDir(), "gone"), "hunter2"})
	if got := plain(err); got != "no such file or directory" {
		t.Errorf("no such path: %s", got)
	}
	// No shell takes an argument apart.
	got, err := commandSecret(t.Context(), []string{"keeper", log, "tell; echo $KEEPER_SECRET"})
	if err == nil || got.Reveal() != "" {
		t.Errorf("a shell has read it: %q, %v", got.Reveal(), err)
	}
}

func TestACommandThatHangsEnds(t *testing.T) {
	ctx, stop := context.WithCancelCause(t.Context())
	log := filepath.Join(t.TempDir(), "log")
	done := make(chan error)
	go func() {
		_, err := commandSecret(ctx, []string{"keeper", log, "hang"})
		done <- err
	}()
	stop(errors.New("enough"))
	if err := <-done; plain(err) != "enough" {
		t.Errorf("got %v", err)
	}
}

func plain(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestKeyringSecrets(t *testing.T) {
	keyring.MockInit()
	if err := keyring.Set("postpatch", "probe", "hunter2"); err != nil {
		t.Fatal(err)
	}
	got, err := keyringSecret(t.Context(), suites.Keyring{Service: "postpatch", User: "probe"})
	if err != nil || got.Reveal() != "hunter2" {
		t.Errorf("got %v", err)
	}
	_, err = keyringSecret(t.Context(), suites.Keyring{Service: "postpatch", User: "nobody"})
	if plain(err) != "the keyring has no such entry" {
		t.Errorf("got %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	keyring.MockInitWithError(errors.New("no \x1b[31mbus"))
	_, err = keyringSecret(t.Context(), suites.Keyring{Service: "postpatch", User: "probe"})
	want := "there is no keyring to ask here, or it is locked: no <ESC>[31mbus; where nobody"
	if !strings.HasPrefix(plain(err), want) {
		t.Errorf("got %v", err)
	}
	if _, err = keyringSecret(stopped, suites.Keyring{Service: "postpatch", User: "probe"}); err == nil {
		t.Error("stopped, and got something")
	}
	for text, want := range map[string]string{
		"hunter2": "hunter2", "h\x00\xA9\x03": "hΩ", "h\x00x": "h\x00x", "": "", "gr\u00fcn": "gr\u00fcn",
	} {
		if got := fromKeyring(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
