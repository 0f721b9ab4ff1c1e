package pop3

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"+OK", "+OK ready", "-ERR", "-ERR [SYS/TEMP] later", "-ERR [", "-ERR []", "+OK [x] y", "+OKAY", "", "\xff",
		"-ERR " + strings.Repeat("[", 1000),
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		a, err := parse(line)
		if err != nil {
			return
		}
		if said := a.says(); !utf8.ValidString(said) || utf8.RuneCountInString(said) > 310 {
			t.Errorf("%q is told as %q", line, said)
		}
		if a.ok && a.code != "" {
			t.Errorf("%q: a code %q of what went well", line, a.code)
		}
	})
}
