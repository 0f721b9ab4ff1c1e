package exchangehost

import (
	"strings"

	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

// The states of a component, in lower case.
const (
	Active   = "active"
	Inactive = "inactive"
	Draining = "draining"
)

// Request is what one requester wants a component to be. One that wants it inactive
// keeps it so, whatever the others want.
type Request struct {
	Component, Requester, State string
}

// readRequests reads the registry's copy, whose values are "<version>:<state>:<ticks>";
// the state is ServiceState, as a number or a word. What cannot be read is noted.
func (l *Local) readRequests(r *gather.Reader, told parts.Parts) {
	rows, whole := told.Some("component")
	l.Asked = whole
	for _, row := range rows {
		component := named.Within(gather.Text(row, "Component"), MostName)
		requester := named.Within(gather.Text(row, "Requester"), MostName)
		fields := strings.Split(gather.Text(row, "Value"), ":")
		state := ""
		if len(fields) == 3 {
			state = map[string]string{
				"0": Inactive, "1": Active, "2": Draining, Inactive: Inactive, Active: Active, Draining: Draining,
			}[strings.ToLower(fields[1])]
		}
		if component == "" || requester == "" || state == "" {
			r.Failf("component states in the registry", "want <version>:<state>:<ticks> of a component and a requester, got %q",
				named.Within(gather.Text(row, "Value"), MostName))
			continue
		}
		l.Requests = append(l.Requests, Request{component, requester, state})
	}
}
