package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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
		"chatter": {"", "exit status 3: " + strings.Repeat("-", 496) + "***"},
		"babble":  {"", "exit status 3: ***"},
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
	if got := plain(err); got != "no such file or directory" && runtime.GOOS != "windows" {
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

// What was printed is perhaps half the secret, and cannot be told from the rest.
func TestACommandThatHangsTellsNothing(t *testing.T) {
	t.Setenv("KEEPER_SECRET", "hunter2")
	ctx, stop := context.WithCancelCause(t.Context())
	log := filepath.Join(t.TempDir(), "log")
	done := make(chan error)
	go func() {
		_, err := commandSecret(ctx, []string{"keeper", log, "stuck"})
		done <- err
	}()
	for content := []byte(nil); string(content) != "stuck"; content, _ = os.ReadFile(log) {
		runtime.Gosched()
	}
	stop(errors.New("enough"))
	if err := <-done; plain(err) != "enough" {
		t.Errorf("got %v", err)
	}
}

func TestWhatACommandSays(t *testing.T) {
	const unsafe = " (what it said is not shown: it may hold the secret)"
	for name, test := range map[string]struct {
		said, printed string
		cut           bool
		want          string
	}{
		"nothing":                   {"", "hunter2", false, ""},
		"its reason":                {"locked\n  for you", "", false, ": locked for you"},
		"the secret":                {"got hunter2, hunter2!", "hunter2\r\n", false, ": got ***, ***!"},
		"a long secret":             {"got hunter2", "hunter\nhunter2\n", false, ": got ***"},
		"secrets that overlap":      {"got hunter2go", "hunter2\nter2go", false, ": got ***"},
		"a secret over itself":      {"abababab-", "ababab", false, ": ***-"},
		"a secret that is cut":      {"got hunt", "hunter2", true, ": got ***"},
		"the same, whole":           {"got hunt", "hunter2", false, ": got hunt"},
		"a short secret":            {"a store", "o", false, unsafe},
		"one that it does not tell": {"a store", "x", false, ": a store"},
		"far too many lines":        {"a store", numbers(mostLines + 1), false, unsafe},
		"many":                      {"a store", numbers(mostLines), false, ": a store"},
		"an escape":                 {"\x1b[2J", "", false, ": <ESC>[2J"},
		"as much as fits":           {strings.Repeat("x", maxTalk), "", false, ": " + strings.Repeat("x", maxTalk)},
		"more":                      {strings.Repeat("x", maxTalk-1) + "Ω", "", false, ": " + strings.Repeat("x", maxTalk-1) + "…"},
	} {
		if got := talkOf(test.said, test.printed, test.cut); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// numbers are so many different lines.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, 1000+i)
	}
	return b.String()
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
