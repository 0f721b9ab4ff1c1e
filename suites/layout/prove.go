package layout

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// prove makes sure that a text that was laid out holds the same values as before, and that
// not a character of its comments is lost.
func prove(text string, was *yaml.Node, laid string) error {
	is, err := parse(laid)
	if err != nil {
		return fmt.Errorf("what it would become is not well-formed: %w", err)
	}
	if err := same(was, is); err != nil {
		return err
	}
	if !maps.Equal(characters(text), characters(laid)) {
		return errors.New("it would not keep all comments")
	}
	return nil
}

// same compares two trees; the order of a mapping's keys means nothing.
func same(a, b *yaml.Node) error {
	if a.Kind != b.Kind || a.Value != b.Value || a.ShortTag() != b.ShortTag() || a.Anchor != b.Anchor ||
		len(a.Content) != len(b.Content) {
		return atLine(a.Line, "it would not keep what stands here")
	}
	if a.Kind != yaml.MappingNode {
		for i := range a.Content {
			if err := same(a.Content[i], b.Content[i]); err != nil {
				return err
			}
		}
		return nil
	}
	left, right := byKey(a), byKey(b)
	for i := range left {
		if err := errors.Join(same(left[i].key, right[i].key), same(left[i].value, right[i].value)); err != nil {
			return err
		}
	}
	return nil
}

func byKey(n *yaml.Node) []pair {
	return slices.SortedStableFunc(slices.Values(pairsOf(n)), func(a, b pair) int {
		return strings.Compare(a.key.Value, b.key.Value)
	})
}

// characters counts what is neither space nor a quote.
func characters(text string) map[rune]int {
	counts := map[rune]int{}
	for _, r := range text {
		if !unicode.IsSpace(r) && r != '"' && r != '\'' {
			counts[r]++
		}
	}
	return counts
}
