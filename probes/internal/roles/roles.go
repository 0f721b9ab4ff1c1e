// Package roles tells whether a role of Windows Server is on a host: by its service,
// which has the same name in every language.
package roles

import (
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/parts"
)

// Specs declares what Read reports of a role called so.
func Specs(role string) []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the host has " + role + ".",
		},
		{
			Name: "running", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
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
	rows, ok := r.Rows("the service "+service, Question(service))
	if !ok {
		return false
	}
	for _, row := range rows {
		if !strings.EqualFold(gather.Text(row, "Name"), service) {
			continue // another check's
		}
		state := parts.Line(gather.Text(row, "State"), 40)
		if state == "" {
			r.Failf("the service "+service, "it has no state")
			return false
		}
		r.Add("", "present", fact.Bool(true))
		r.Add("", "running", fact.Bool(strings.EqualFold(state, "Running")))
		return true
	}
	r.Add("", "present", fact.Bool(false))
	return false
}
