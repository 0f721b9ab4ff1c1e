// Package role tells whether a role of Windows Server is on a host, and runs: by its
// service, which has the same name in every language.
package role

import (
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

// Absent is the state of a service that the host does not have.
const Absent = "absent"

// Running is the state in which a role can be asked.
const Running = "running"

// Specs declares what Read reports of a role called so.
func Specs(role string) []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the host has " + role + ".",
		},
		{
			Name: "running", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether its service runs; what cannot be read of one that does not is no wonder.",
		},
	}
}

// Question asks for the role's service.
func Question(service string) host.WQL {
	return host.WQL{Class: "Win32_Service", Columns: []string{"Name", "State"}, Where: "Name='" + service + "'"}
}

// Read tells whether the role is there, and whether its service runs. Where it is
// not there, or not known, nothing else can be read.
func Read(r *gather.Reader, service string) (present bool) {
	state, _, known := State(r, Question(service), service)
	if !known {
		return false
	}
	r.Add("", "present", fact.Bool(state != Absent))
	if state == Absent {
		return false
	}
	r.Add("", "running", fact.Bool(state == Running))
	return true
}

// State reads how one service runs and is started, of the answer to a question
// for it. The state of one that the host does not have is Absent.
func State(r *gather.Reader, q host.WQL, service string) (state, mode string, known bool) {
	what := "the service " + service
	rows, ok := r.Rows(what, q)
	if !ok {
		return "", "", false
	}
	for _, row := range rows {
		// The answer may be of a query that another check has widened.
		if !strings.EqualFold(gather.Text(row, "Name"), service) {
			continue
		}
		if state = strings.ToLower(gather.Text(row, "State")); state == "" {
			r.Failf(what, "the host tells no state")
			return "", "", false
		}
		return state, strings.ToLower(gather.Text(row, "StartMode")), true
	}
	return Absent, "", true
}
