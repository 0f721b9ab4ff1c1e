package inventory

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names reads a file of names: one a line, behind it after white space perhaps
// its address; what follows a # is a comment.
func Names(text string) ([]Host, []Problem) {
	var hosts []Host
	var found problems
	for i, line := range lines(text) {
		words := wordsOf(line)
		if len(words) == 0 {
			continue
		}
		if len(hosts) == MaxHosts {
			found.add(place{i + 1, 1}, "make several files of it", "the list has more than %d hosts", MaxHosts)
			break
		}
		h := Host{Name: words[0].text, Line: i + 1, Column: words[0].column}
		if len(words) > 1 {
			h.Address = words[1].text
		}
		if len(words) > 2 {
			hint := "one host a line: its name, and perhaps its address; a comment begins with #"
			if strings.ContainsRune(line, '=') {
				hint = "an Ansible inventory is read by {ansible: …}"
			}
			found.add(place{i + 1, words[2].column}, hint, "more than a name and an address")
		}
		hosts = append(hosts, h)
	}
	return hosts, found.list
}

// word is a part of a line without space in it.
type word struct {
	text   string
	column int // in characters, from 1
}

// wordsOf are those of a line that stand before a comment.
func wordsOf(line string) []word {
	line, _, _ = strings.Cut(line, "#")
	var words []word
	begin := -1
	for i, c := range line + " " {
		switch space := unicode.IsSpace(c); {
		case !space && begin < 0:
			begin = i
		case space && begin >= 0:
			words = append(words, word{line[begin:i], utf8.RuneCountInString(line[:begin]) + 1})
			begin = -1
		}
	}
	return words
}
