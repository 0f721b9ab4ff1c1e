package suites

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The place of "@" is found, however the text that it stands in is written.
func TestWithinFindsACharacter(t *testing.T) {
	for name, text := range map[string]string{
		"plain":                  "a: x y @ z\n",
		"plain, in a flow":       "a: {b: [c, x @ y]}\n",
		"plain, of two lines":    "a: x y\n   z\n\n   u @ v\n",
		"plain, in CRLF":         "a: x y\r\n   u @ v\r\n",
		"single quotes":          "a: 'it''s ''so'' @ z'\n",
		"single, of two lines":   "a: 'it''s\n  ''so'' @ z'\n",
		"double quotes":          `a: "x \"y\" \\ \t \u00e4 \x41 \U0001F600 @ z"` + "\n",
		"double, of two lines":   "a: \"x \\\n   y \\\"\n   @ z\"\n",
		"double, an escaped one": `a: "x \u0040 z"` + "\n",
		"literal":                "a: |\n  x\n\n    y @ z\n",
		"literal, indented":      "a: |2-\n    x\n  y @ z\n",
		"folded":                 "a: >- # as it is\n  x y\n  z\n\n  @ z\n",
		"not only ASCII":         "ä: 'ö ü @ ß'\n",
		"after a mark":           "\uFEFFa: x @\n",
		"an alias":               "a: &x u @ v\nb: *x\n",
	} {
		r := reader{file: name, found: &problems{}, source: Decoded([]byte(text))}
		root := r.document([]byte(text))
		if root == nil {
			t.Fatal(name, r.found.list)
		}
		n := last(root)
		offset := strings.Index(n.Value, "@")
		line, column := r.within(n, len([]rune(n.Value[:offset])))
		text = strings.Replace(strings.TrimPrefix(text, "\uFEFF"), `\u0040`, "@", 1)
		lines := strings.Split(text[:strings.Index(text, "@")], "\n")
		if line != len(lines) || column != len([]rune(lines[len(lines)-1]))+1 {
			t.Errorf("%s: got %d:%d, want %d:%d", name, line, column, len(lines), len([]rune(lines[len(lines)-1]))+1)
		}
		if line, column = r.within(n, len([]rune(n.Value))); line < len(lines) || column < 2 {
			t.Errorf("%s: the end is at %d:%d", name, line, column)
		}
	}
}

// last follows the last value of a document down.
func last(n *yaml.Node) *yaml.Node {
	for n = resolve(n); len(n.Content) > 0; {
		n = resolve(n.Content[len(n.Content)-1])
	}
	return n
}
