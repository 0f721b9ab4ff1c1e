package named

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"postpatch/probes/fact"
)

// The bounds of what is taken from a host where a kind has none of its own, in
// characters.
const (
	mostName = 100
	mostLine = 300
)

// Line makes one line of a text in the host's own words, such as an error's.
func Line(text string) string { return Within(text, mostLine) }

// Why is an error in the host's own words, which may be none.
func Why(words string) error {
	return errors.New(cmp.Or(Line(words), "the host does not say why"))
}

// Within makes one line of a text, of at most so many characters.
func Within(text string, most int) string {
	return Short(strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " "), most)
}

// Short cuts a text off after so many characters, and shows it.
func Short(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

// Set is what a host named, each bounded, and at most so many: more of them are an
// error, since what is cut off would look gone.
func Set(what string, names []string, most int) (fact.Set, error) {
	if len(names) > most {
		return fact.Set{}, fmt.Errorf("%d %s, and at most %d are read", len(names), what, most)
	}
	var all []string
	for _, name := range names {
		if name = Within(name, mostName); name != "" {
			all = append(all, name)
		}
	}
	return fact.SetOf(all...), nil
}
