//go:build unix

package suites

import (
	"strings"
	"syscall"
	"testing"
)

// To open a pipe is to wait for who writes, and a suite of a stranger could name one.
func TestAPipeIsNoList(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe.txt", 0o600); err != nil {
		t.Skip(err)
	}
	for _, kind := range []string{"file", "csv", "ansible"} {
		text := "suite: a\nhosts: [{" + kind + ": pipe.txt}]\nchecks: [{ping: {}}]\n"
		_, problems := LoadBytes("a.suite.yaml", []byte(text), testKinds())
		if len(problems) != 1 || !strings.Contains(problems[0].Msg, `"pipe.txt" cannot be read: it is no file`) {
			t.Errorf("%s: %v", kind, problems)
		}
	}
}
