package wsman

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

// Answer is what a host says to a query or a collector, with nothing on a wire: for
// whoever asks many simulated hosts in one process, in simulated time.
func Answer(h estate.Host, q host.Question) host.Answer {
	var asked packed.Question
	switch q := q.(type) {
	case host.WQL:
		namespace := strings.ReplaceAll(cmp.Or(q.Namespace, cimv2), `\`, "/")
		asked = packed.Question{Namespace: namespace, Query: packed.Query(q), Columns: q.Columns, Most: q.Most}
	case host.Collector:
		asked = packed.Question{Collector: q.Name}
		for _, name := range slices.Sorted(maps.Keys(q.Args)) {
			asked.Args = append(asked.Args, packed.Arg{Name: name, Values: q.Args[name]})
		}
	default:
		return host.Answer{Err: fmt.Errorf("the lab answers no %T without a wire", q)}
	}
	rows, err := new(process).answer(h, asked)
	if err != nil {
		said := packed.Answer{Error: err.Error(), Code: codeOf(err)}
		return host.Answer{Err: said.Err(strings.TrimSpace)}
	}
	return host.Answer{Rows: rows}
}
