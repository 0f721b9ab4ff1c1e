package suites

import (
	"strings"
	"testing"
)

// A backslash outside of double quotes means itself, wherever it stands.
func TestTheHintOnWindowsPathsFindsTheBackslash(t *testing.T) {
	for text, column := range map[string]int{
		`a: "C:\Windows"`:                     7,
		`a: [C:\, "C:\Windows"]`:              13,
		`a: ['C:\"x', b, "C:\Windows"]`:       20,
		`a: ["C:\\Temp\n\x41", "C:\Windows"]`: 26,
		`a: ["", "C:\Users"]`:                 12,
	} {
		_, problems := LoadBytes("x", []byte(text+"\n"), testKinds())
		if len(problems) != 1 || problems[0].Hint != windowsHint || problems[0].Column != column {
			t.Errorf("%s: got %+v, want column %d", text, problems, column)
		}
	}
	_, problems := LoadBytes("x", []byte(`a: {b: C:\, c: "d"`+"\n"), testKinds())
	if len(problems) != 1 || problems[0].Hint == windowsHint {
		t.Errorf("nothing is wrong with this backslash: %+v", problems)
	}
}

// The parser's own line is often that of the block around the mistake.
func TestSyntaxErrorsAreAtTheLineToBlame(t *testing.T) {
	list := "hosts: [\n" + strings.Repeat("  srv01,\n", 40) + "]\n"
	for name, c := range map[string]struct {
		text string
		line int
	}{
		"indentation":                   {"a:\n  - b\n c: d\ne: f\n", 3},
		"a quote open to the end":       {"a: b\nc: \"d\ne: f\ng: h\n", 2},
		"after a list of many lines":    {list + "a: b\n c: d\ne: f\n" + strings.Repeat("g: h\n", 60), 44},
		"in a list, where it begins":    {"a: b\n" + strings.Replace(list, "  srv01,\n]", "  srv01 }\n]", 1) + "c: d\n", 2},
		"after a text of many lines":    {"a: \"b\n" + strings.Repeat("  c\n", 30) + "  d\"\ne: f: g\n", 33},
		"the first line":                {"@a: b\nc: d\n", 1},
		"no line end at the file's":     {"a: b\n\tc: d", 2},
		"a tab below a mapping":         {"a:\n  b: c\n\td: e\n", 3},
		"an alias without its anchor":   {"a: b\nc: *d\ne: f\n", 2},
		"an escape in a Windows path":   {"a: b\nc: \"C:\\Windows\"\ne: f\n", 2},
		"a mapping's value out of line": {"a: b\nc:\n  d: e\n f: g\n", 4},
	} {
		_, problems := LoadBytes(name, []byte(c.text), testKinds())
		if len(problems) != 1 || problems[0].Line != c.line {
			t.Errorf("%s: got %v, want line %d", name, problems, c.line)
		}
	}
}
