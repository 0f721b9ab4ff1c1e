package suites

import (
	"strings"
	"unicode/utf8"

	"postpatch/probes/fact"
)

// Glob says whether a text is as a pattern with * and ? has it, in any case.
func Glob(pattern, s string) bool { return match(fact.Fold(pattern), fact.Fold(s)) }

// match reports whether s matches a pattern in which * stands for any text and ? for
// one character. No pattern is an error and none takes more than len(pattern) × len(s)
// steps.
func match(pattern, s string) bool {
	p, i := 0, 0
	star, from := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			i += first(s[i:])
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0: // let the last star stand for one character more
			from += first(s[from:])
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// first is how many bytes the first character of s has.
func first(s string) int {
	_, size := utf8.DecodeRuneInString(s)
	return size
}

// isName reports whether s is made of letters, digits, ".", "_" and "-" and
// begins with a letter or digit.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		isWord := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !isWord && (i == 0 || !strings.ContainsRune("._-", rune(c))) {
			return false
		}
	}
	return s != "" && len(s) <= 253
}
