package packed

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A carrier that hands over no environment, as sshd does, sends it on standard input:
// a line of NAME=value for each variable, among them the boot script, and a full stop at
// the end.
const (
	bootVariable = "POSTPATCH_BOOT"
	lastLine     = "."
)

// FeedExit is the exit code of a PowerShell whose standard input ended too early.
const FeedExit = 9

// Feed makes of what Pack made an -EncodedCommand value that is short enough for every
// shell's command line, and what standard input has to hold. All of it is ASCII.
func Feed(env map[string]string, boot string) (command, input string) {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(env)) {
		lines.WriteString(name + "=" + env[name] + "\r\n")
	}
	lines.WriteString(bootVariable + "=" + boot + "\r\n" + lastLine + "\r\n")
	return EncodeCommand(script("feed.ps1")), lines.String()
}

// Unfeed reads what Feed made. Its error wraps ErrNotOurs when the command is another
// one.
func Unfeed(command, input string) (env map[string]string, boot string, err error) {
	if command != EncodeCommand(script("feed.ps1")) {
		return nil, "", ErrNotOurs
	}
	env = map[string]string{}
	for line := range strings.Lines(input) {
		line = strings.TrimRight(line, "\r\n")
		if line == lastLine {
			boot = env[bootVariable]
			delete(env, bootVariable)
			return env, boot, nil
		}
		if name, value, is := strings.Cut(line, "="); is && name != "" {
			env[name] = value
		}
	}
	return nil, "", fmt.Errorf("%w: standard input ended before its last line", ErrNotOurs)
}
