package fact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sameText compares texts and sets of texts but for upper and lower case.
func sameText(before, now Value) bool {
	switch b := before.(type) {
	case Text:
		n, ok := now.(Text)
		return ok && Fold(string(b)) == Fold(string(n))
	case Set:
		n, ok := now.(Set)
		return ok && Equal(b.folded(), n.folded())
	default:
		return Equal(before, now)
	}
}

func (s Set) folded() Set {
	elems := s.Elems()
	for i, elem := range elems {
		elems[i] = Fold(elem)
	}
	return SetOf(elems...)
}

// Fold gives texts that differ only in case one form; all that compares names without
// their case does so by it. Text that is not valid UTF-8 is left alone: mapping it would
// make different bytes the same.
func Fold(s string) string {
	if folded, is := foldASCII(s); is {
		return folded
	}
	if !utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch least := r; {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case r < utf8.RuneSelf:
			return r
		default:
			for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
				least = min(least, other)
			}
			return least
		}
	}, s)
}

// foldASCII is Fold for what is ASCII, as most names are.
func foldASCII(s string) (folded string, is bool) {
	small := false
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return "", false
		}
		small = small || 'a' <= s[i] && s[i] <= 'z'
	}
	if small {
		return strings.ToUpper(s), true
	}
	return s, true
}
