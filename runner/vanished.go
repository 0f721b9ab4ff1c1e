package runner

import (
	"strings"

	"postpatch/runner/report"
	"postpatch/suites"
)

// Vanished is what a host comes to that the baseline knows, and that none of the lists
// has any more in which the suites keep their hosts: unknown, since nobody looked at
// it. Suites are those that asked it at the baseline.
func Vanished(host string, asked []suites.Suite) report.Host {
	h := report.Host{Host: host, Outcome: report.Unknown, Counts: map[report.Outcome]int{}}
	for _, s := range asked {
		var lists []string
		for _, l := range s.Lists {
			lists = append(lists, l.Name+" ("+l.Place()+")")
		}
		h.Checks = append(h.Checks, report.Check{
			ID: "host list", Suite: s.Name, Kind: "host", Owner: s.Owner, File: s.Lists[0].File, Line: s.Lists[0].Line,
			Outcome: report.Unknown, Why: "a server that vanished from a list has to be seen all the same",
			Error: "the baseline has this host, and it is on no list any more: " + strings.Join(lists, ", ") +
				"; put it back, or write except: [" + host + "] there, if it is gone for good",
		})
		h.Counts[report.Unknown]++
	}
	return h
}
