// Package winsvc reads Win32_Service rows for the kinds that look at services.
package winsvc

import (
	"fmt"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// Question asks for the named services, or for all of them when there are no
// names. DelayedAutoStart is left out: the class has it only since Windows
// Server 2016, and a query that names an unknown column fails as a whole.
func Question(names ...string) host.WQL {
	q := host.WQL{
		Class:   "Win32_Service",
		Columns: []string{"Name", "State", "StartMode", "StartName", "PathName", "ExitCode"},
	}
	// WMI refuses conditions with many terms; asking for all is cheap enough.
	const mostTerms = 20
	if len(names) <= mostTerms {
		terms := make([]string, len(names))
		for i, name := range names {
			terms[i] = "Name='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name) + "'"
		}
		q.Where = strings.Join(terms, " OR ")
	}
	return q
}

// Service is one row, in the words that suites use.
type Service struct {
	Name     string
	State    string // running, stopped, start pending…
	Mode     string // auto, manual, disabled, boot, system
	Account  string
	Path     string
	ExitCode int64
}

// Auto says whether the service is meant to start by itself.
func (s Service) Auto() bool { return s.Mode == "auto" }

// Read makes services of the answer's rows.
func Read(rows []host.Row) ([]Service, error) {
	services := make([]Service, 0, len(rows))
	for _, row := range rows {
		s := Service{
			Name:    row.Get("Name").Text,
			State:   strings.ToLower(row.Get("State").Text),
			Mode:    strings.ToLower(row.Get("StartMode").Text),
			Account: row.Get("StartName").Text,
			Path:    row.Get("PathName").Text,
		}
		if s.Name == "" || s.State == "" {
			return nil, fmt.Errorf("reading the services: a row without a name or a state")
		}
		if code := row.Get("ExitCode"); !code.Null {
			n, err := code.Int()
			if err != nil {
				return nil, fmt.Errorf("reading the exit code of %q: %w", s.Name, err)
			}
			s.ExitCode = n
		}
		services = append(services, s)
	}
	return services, nil
}

// Config are the readings that tell how a service is set up.
func (s Service) Config(item string) []fact.Reading {
	return []fact.Reading{
		probes.Read(item, "start_mode", fact.Text(s.Mode)),
		probes.Read(item, "account", fact.Text(s.Account)),
		probes.Read(item, "path", fact.Text(s.Path)),
		probes.Read(item, "exit_code", fact.Int(s.ExitCode)),
	}
}

// ConfigSpecs declares what Config reports. A changed start mode fails: it is
// the strongest sign of an update that was rolled back half-way.
func ConfigSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "start_mode", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "How it is started: auto, manual or disabled.",
		},
		{
			Name: "account", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The account it runs as.",
		},
		{
			Name: "path", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Note,
			Doc: "The command line it is started with; patches move it.",
		},
		{
			Name: "exit_code", Type: fact.TypeInt, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Why it stopped last: 0 on purpose, 1077 never started since the boot.",
		},
	}
}
