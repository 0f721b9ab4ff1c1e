package local

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRunProcess(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "cmd", "/c", "echo well & exit 3")
	out, err := runProcess(cmd)
	if err != nil || out.code != 3 || strings.TrimSpace(string(out.stdout)) != "well" {
		t.Errorf("got %d, %q, %v", out.code, out.stdout, err)
	}
	if _, err := runProcess(exec.CommandContext(t.Context(), `C:\no such.exe`)); err == nil {
		t.Error("a program that is not there is no error")
	}
}

// What goes on and on ends with its context, and with it what it has started.
func TestRunProcessEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	out, err := runProcess(exec.CommandContext(ctx, "cmd", "/c", "ping -n 1000 127.0.0.1"))
	if err == nil && out.code == 0 {
		t.Errorf("it ended well, and said %q", out.stdout)
	}
}

func TestTooMuch(t *testing.T) {
	stopped := false
	b := &bounded{most: 3, full: func() { stopped = true }}
	if _, err := b.Write([]byte("abc")); err != nil || stopped {
		t.Errorf("%v, stopped %t", err, stopped)
	}
	if _, err := b.Write([]byte("d")); err == nil || !stopped || !b.over || b.String() != "abc" {
		t.Errorf("%v, stopped %t, kept %q", err, stopped, b.String())
	}
}

// The environment of what is run has nothing of this program's in it.
func TestEnvironment(t *testing.T) {
	t.Setenv("POSTPATCH_SIGN_PASSPHRASE", "open-sesame")
	t.Setenv("PATCH_PASSWORD", "open-sesame")
	own, err := environment(map[string]string{"POSTPATCH_0": "x"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.Join(own, "\n"), "open-sesame") {
		t.Error("a password is in it")
	}
	if !slices.Contains(own, "POSTPATCH_0=x") || !slices.ContainsFunc(own, func(variable string) bool {
		return strings.HasPrefix(strings.ToLower(variable), "systemroot=")
	}) {
		t.Errorf("got %q", own)
	}
}
