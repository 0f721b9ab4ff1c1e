package packed

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFeedAndUnfeed(t *testing.T) {
	env, boot, err := Pack(questions())
	if err != nil {
		t.Fatal(err)
	}
	env[Limit] = "20"
	command, input := Feed(env, boot)
	gotEnv, gotBoot, err := Unfeed(command, "noise before\r\n"+input+"what follows")
	if err != nil || gotBoot != boot {
		t.Fatalf("boot differs, or %v", err)
	}
	if d := cmp.Diff(env, gotEnv); d != "" {
		t.Errorf("environment (-want +got):\n%s", d)
	}
	if _, _, err := Unpack(gotEnv, gotBoot); err != nil {
		t.Error(err)
	}
	// cmd.exe takes 8,191 characters in all, and a DefaultShell has some of its own.
	if len(command) > 4000 {
		t.Errorf("the command has %d characters", len(command))
	}
	for _, r := range command + input {
		if r >= 0x80 {
			t.Fatalf("%q is not ASCII", r)
		}
	}
	// A quote, a space or a percent sign would mean something to one of the shells.
	if strings.Trim(command, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != "" {
		t.Errorf("a shell may read %q in its own way", command)
	}
	// With it PowerShell reads standard input itself, before the script can.
	if strings.Contains(strings.ToLower(script("feed.ps1")), "$input") {
		t.Error("the script names $input")
	}
}

func TestUnfeedRefusesWhatIsNotOurs(t *testing.T) {
	command, input := Feed(map[string]string{"A": "b"}, "boot")
	for name, given := range map[string][2]string{
		"another command": {"AAAA", input},
		"cut off":         {command, strings.TrimSuffix(input, ".\r\n")},
		"nothing":         {command, ""},
	} {
		if _, _, err := Unfeed(given[0], given[1]); !errors.Is(err, ErrNotOurs) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
