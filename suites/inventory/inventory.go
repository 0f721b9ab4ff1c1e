// Package inventory reads lists of hosts that others keep: names in a file, CSV
// tables, Ansible inventories. It takes bytes and gives hosts, each with its
// place; nothing in a list is ever run or evaluated.
package inventory

import (
	"fmt"
	"slices"
	"strings"
)

// The bounds of one list. A hostile file cannot cost more than these.
const (
	MaxBytes     = 20 << 20 // of a file of names or a table
	MaxInventory = 5 << 20  // of an Ansible inventory
	MaxHosts     = 50_000

	maxValue    = 64 << 10  // of a variable's text, in bytes
	maxGiven    = 1_000_000 // variables and groups of all hosts together
	maxProblems = 100       // no one reads more
)

// Host is one host of a list.
type Host struct {
	Name    string
	Address string   // "" where the list gives none
	Groups  []string // that it is in, directly or not, or its tags; sorted
	// Vars are its variables; hosts may share them, so they are not to be changed.
	Vars map[string]string
	// Unread are variables that the list gives it in a way that is no plain text,
	// and why, like "a template of Ansible". The same names are not in Vars.
	Unread map[string]string
	Line   int
	Column int
}

// Problem is something wrong in a list. Its texts hold no value of a variable.
type Problem struct {
	Line, Column int // from 1; 0 when it concerns the list as a whole
	Msg          string
	Hint         string // the way out; may be empty
}

// problems gathers what is wrong in a list.
type problems struct{ list []Problem }

func (ps *problems) add(at place, hint, format string, args ...any) {
	if len(ps.list) < maxProblems {
		ps.list = append(ps.list, Problem{at.line, at.column, fmt.Sprintf(format, args...), hint})
	}
}

// place is where something stands in a list.
type place struct{ line, column int }

// NamesSecret reports a variable's name behind which a secret is likely to stand.
func NamesSecret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{
		"password", "passwd", "passphrase", "passwort", "kennwort", "secret", "token", "credential", "keytab", "ccache",
		"privatekey", "private_key", "apikey", "api_key", "accesskey", "access_key",
	} {
		if strings.Contains(name, part) {
			return true
		}
	}
	words := strings.FieldsFunc(name, func(c rune) bool { return !isLetter(c) })
	return slices.ContainsFunc(words, func(word string) bool { return word == "pass" || word == "pwd" || word == "pw" })
}

func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// shorten cuts a text to at most 80 characters.
func shorten(s string) string {
	if runes := []rune(s[:min(len(s), 400)]); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return s
}
