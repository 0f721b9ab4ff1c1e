package probes

import (
	"strings"

	"postpatch/probes/fact"
)

// Naming says when two names of items mean the same item.
type Naming string

// The namings, as a suite writes them. What is not declared is exact: nothing is
// taken for the same that might not be.
const (
	Exact     Naming = "exact"      // every character counts: a URL's path
	AnyCase   Naming = "any case"   // as Windows means names: upper and lower case are the same
	HostNames Naming = "host names" // any case, and the dot at a name's end says nothing
	NoItems   Naming = "no items"   // the kind looks at one thing, and its item is empty
)

// Namings are those that a suite can choose.
func Namings() []Naming { return []Naming{AnyCase, Exact, HostNames} }

// Key is what all the names of one item have in common.
func (n Naming) Key(item string) string {
	switch n {
	case AnyCase, NoItems:
		return fact.Fold(item)
	case HostNames:
		return undotted(fact.Fold(item))
	default:
		return item
	}
}

// Doc says it in a sentence.
func (n Naming) Doc() string {
	switch n {
	case AnyCase:
		return "upper and lower case are the same"
	case HostNames:
		return "upper and lower case are the same, and so is a host name with and without a dot at its end"
	case NoItems:
		return "there are none"
	default:
		return "every character counts"
	}
}

// undotted takes the dot off the end of each name; what stands behind a name begins
// with a space or a colon: a record's type, a port. The root is a dot and stays one.
func undotted(item string) string {
	if !strings.Contains(item, ".") {
		return item
	}
	ends := func(i int) bool { return i == len(item) || item[i] == ' ' || item[i] == ':' }
	kept := make([]byte, 0, len(item))
	for i := range len(item) {
		begins := i == 0 || item[i-1] == ' '
		if item[i] != '.' || begins || !ends(i+1) {
			kept = append(kept, item[i])
		}
	}
	return string(kept)
}
