package report

import "strings"

// mostAsked is how many hosts a command names; more would not be read.
const mostAsked = 10

// AskAgain is the command that asks some hosts again for one check, or for all of theirs
// where check is ""; it is "" where there is no such command. What no flag can name it
// leaves out, and then it asks for more.
func (s Summary) AskAgain(hosts []string, check string) string {
	if s.Again == "" {
		return ""
	}
	command := s.Again
	if len(hosts) <= mostAsked {
		command += flagFor("--hosts", hosts)
	}
	if check != "" {
		command += flagFor("--only", []string{check})
	}
	return command
}

// AwaitAgain is AskAgain for hosts that did not answer: it waits until they are back.
func (s Summary) AwaitAgain(hosts []string) string {
	command := s.AskAgain(hosts, "")
	waits := strings.Contains(command, " --wait") || strings.Contains(command, " --pass")
	if strings.HasPrefix(command, "postpatch verify ") && !waits {
		command += " --wait"
	}
	return command
}

// flagFor names hosts or checks; it is empty where one of them would be taken for a pattern
// of several, or for more than one.
func flagFor(name string, values []string) string {
	for _, v := range values {
		if v == "" || strings.HasPrefix(v, "tag:") || strings.ContainsAny(v, "*?[]\\,\"\n\r") {
			return ""
		}
	}
	if len(values) == 0 {
		return ""
	}
	return " " + name + " " + ShellWord(strings.Join(values, ","))
}

// ShellWord quotes a word for a POSIX shell where it needs it. PowerShell reads it the same,
// unless there is a quote in it.
func ShellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@,=+%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
