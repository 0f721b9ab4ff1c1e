package cells

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
)

const (
	// MostRows is more than people compare, and keeps a snapshot small.
	MostRows = 2000
	// MostValues is so of rows times columns.
	MostValues = 20_000
	// longestKey is in bytes; no key that tells rows apart comes near it.
	longestKey = 1024
	// Null is what a value reads as that is not there.
	Null = "null"
)

// Words are what a kind calls its rows, in an error.
type Words struct {
	One  string // "an instance"
	Many string // "instances"
	Or   string // what helps instead of another key: ", or leave it out by where"
}

// Keyed is a row with what tells it from the others.
type Keyed struct {
	Key string
	Row host.Row
}

// ByKey finds the key of every row and sorts by it: nobody promises an order, and two
// rows of one key could not be compared with their own past.
func ByKey(rows []host.Row, key string, w Words) ([]Keyed, error) {
	all := make([]Keyed, 0, len(rows))
	for _, row := range rows {
		cell := row.Get(key)
		switch {
		case cell.List != nil:
			return nil, fmt.Errorf("the key %s holds a list: choose one that holds one value", key)
		case cell.Null, strings.TrimSpace(cell.Text) == "":
			return nil, fmt.Errorf("%s has no %s: choose a key that each one has%s", w.One, key, w.Or)
		case len(cell.Text) > longestKey:
			return nil, fmt.Errorf("the key %s %.80q has %d bytes, more than %d", key, cell.Text, len(cell.Text), longestKey)
		}
		all = append(all, Keyed{Steady(cell.Text), row})
	}
	slices.SortFunc(all, func(a, b Keyed) int { return cmp.Compare(a.Key, b.Key) })
	for i := 1; i < len(all); i++ {
		if k := all[i].Key; k == all[i-1].Key {
			return nil, fmt.Errorf("two %s have the %s %.200q: choose a key that tells them apart", w.Many, key, k)
		}
	}
	return all, nil
}

// Fields are the readings of a row's columns, each with the prefix before its name.
func Fields(prefix string, row host.Row, columns, lists []string) []fact.Reading {
	var readings []fact.Reading
	for _, column := range columns {
		readings = append(readings, Value(prefix+column, row.Get(column), Null)...)
	}
	for _, column := range lists {
		readings = append(readings, Elements(prefix+column, row.Get(column)))
	}
	return readings
}
