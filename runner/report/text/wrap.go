package text

import "strings"

// A sentence is told whole, over as many rows as it takes. Longer than this no
// sentence is: a host has flooded an error.
const longestSentence = 4000

// rows breaks text at spaces, and rather after a colon than in the midst of what
// one link of an error's chain says. What has no spaces is broken where it must.
func (p pen) rows(text string, room int) []string {
	room = max(room, glance)
	var all []string
	row := ""
	put := func(word string) {
		for row != "" && columns(row)+1+columns(word) > room {
			full, rest := broken(row, room)
			all, row = append(all, full), rest
		}
		if row != "" {
			row += " "
		}
		row += word
	}
	for word := range strings.FieldsSeq(p.cut(text, longestSentence)) {
		for p.Verbosity < Raw && columns(word) > room {
			head := fitting(word, room)
			put(head)
			word = word[len(head):]
		}
		put(word)
	}
	return append(all, row)
}

// broken splits a full row after its last colon, if that leaves most of it.
func broken(row string, room int) (full, rest string) {
	i := max(strings.LastIndex(row, ": "), strings.LastIndex(row, "; "))
	if i < 0 || columns(row[:i+1])*5 < room*3 {
		return row, ""
	}
	return row[:i+1], row[i+2:]
}

// fitting is the start of a word that takes no more than the room.
func fitting(word string, room int) string {
	used := 0
	for i, r := range word {
		if used += runeColumns(r); used > room && i > 0 {
			return word[:i]
		}
	}
	return word
}

// flow joins parts by three spaces, in as few rows as they fit in.
func (p pen) flow(parts []string, room int) []string {
	var all []string
	for _, part := range parts {
		last := len(all) - 1
		switch {
		case part == "":
		case last >= 0 && columns(all[last])+3+columns(part) <= room:
			all[last] += "   " + part
		case columns(part) <= room:
			all = append(all, part)
		default:
			all = append(all, p.rows(part, room)...)
		}
	}
	return all
}
