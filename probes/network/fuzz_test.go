package network_test

import (
	"slices"
	"testing"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/network"
	"postpatch/probes/probetest"
)

// Whatever a host writes into a column, its readings are declared ones, each
// comes once, and nothing else breaks.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		"", "0", "2", "-1", "65536", "18446744073709551616", "10.0.0.1", "::ffff:127.0.0.1", "fe80::1%6", "Backup",
		"Backup (2)", "firewall/domain", "tcp/443", "\x00\xff", "0.0.0.0/0", "true",
	} {
		f.Add(uint8(0), "Name", seed, false)
		f.Add(uint8(7), "LocalAddress", seed, true)
		f.Add(uint8(9), "InterfaceIndex", seed, false)
	}
	f.Fuzz(func(t *testing.T, at uint8, column, value string, isList bool) {
		r := recorded(t)
		var classes []string
		for _, q := range probetest.Questions(t, network.Kind, nil) {
			class := q.String()
			if wql, is := q.(host.WQL); is {
				class = wql.Class
			}
			classes = append(classes, class)
		}
		slices.Sort(classes)
		for i, row := range r.Answer(classes[int(at)%len(classes)]).Rows {
			switch {
			case isList:
				row[column] = host.Cell{List: []string{value, value}}
			case i%2 == 0:
				row[column] = host.Cell{Text: value}
			default:
				delete(row, column)
			}
		}
		readings, err := r.Observe(nil)
		if len(readings) == 0 && err == nil {
			t.Error("no readings and no error")
		}
		seen := map[fact.Key]bool{}
		for _, reading := range readings {
			spec, declared := network.Kind.Reading(reading.Key.Name)
			if !declared || spec.Type != reading.Value.Type() || seen[reading.Key] {
				t.Errorf("%+v: declared %t, twice %t", reading, declared, seen[reading.Key])
			}
			seen[reading.Key] = true
		}
	})
}
