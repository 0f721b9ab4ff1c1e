// Package winsvc reads what a Windows host tells of its services, for the kinds
// that look at them.
package winsvc

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
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
		Class: "Win32_Service",
		Columns: []string{
			"Name", "State", "StartMode", "StartName", "PathName", "ExitCode", "ServiceSpecificExitCode",
		},
	}
	// WMI refuses conditions with many terms; asking for all is cheap enough.
	const mostTerms = 20
	if len(names) <= mostTerms {
		terms := make([]string, len(names))
		for i, name := range names {
			terms[i] = "Name='" + strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), `'`, `\'`) + "'"
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
	Specific int64 // the service's own code, beside exit code 1066

	systemd bool     // it is a unit of systemd, not a service of Windows
	aliases []string // by which systemd knows it, too
	result  string   // why it stopped last, in systemd's words

	lower  string     // the name, once it was read
	unset  bool       // the host does not say how it is set up
	state  fact.Value // as it is, once it was read
	config []fact.Reading
}

// Reading is the state as it is.
func (s *Service) Reading() fact.Value {
	if s.state == nil {
		return fact.Text(s.State)
	}
	return s.state
}

// Lower is the name in lower case, by which Windows tells services apart.
func (s *Service) Lower() string {
	if s.lower == "" {
		return strings.ToLower(s.Name)
	}
	return s.lower
}

// Is says whether a suite means the service by a name: in any case, and of systemd also by
// one of its aliases, each with or without .service.
func (s *Service) Is(name string) bool {
	if !s.systemd {
		return strings.EqualFold(s.Name, name)
	}
	name = strings.TrimSuffix(name, ".service")
	return strings.EqualFold(s.Name, name) ||
		slices.ContainsFunc(s.aliases, func(alias string) bool { return strings.EqualFold(alias, name) })
}

// Auto says whether the service is meant to start by itself.
func (s *Service) Auto() bool { return s.Mode == "auto" }

// Running says whether the service runs.
func (s *Service) Running() bool { return s.State == "running" }

// memos are what was understood of rows that hosts share.
type memos struct {
	services host.Memo[service]
	keys     host.Memo[keyRow]
}

func newMemos() *memos { return new(memos) }

// service is one row, or why there is none in it.
type service struct {
	*Service

	err error
}

// read makes services of the answer's rows.
func read(rows []host.Row, memo *host.Memo[service]) ([]*Service, error) {
	services := make([]*Service, 0, len(rows))
	for _, row := range rows {
		s := memo.Of(row, readService)
		if s.err != nil {
			return nil, s.err
		}
		services = append(services, s.Service)
	}
	return services, nil
}

func readService(row host.Row) service {
	s := &Service{
		Name:    row.Get("Name").Text,
		State:   strings.ToLower(row.Get("State").Text),
		Mode:    strings.ToLower(row.Get("StartMode").Text),
		Account: row.Get("StartName").Text,
		Path:    row.Get("PathName").Text,
	}
	if s.Name == "" || s.State == "" {
		return service{err: fmt.Errorf("reading the services: a row without a name or a state")}
	}
	s.lower = strings.ToLower(s.Name)
	s.unset = row.Get("StartMode").Null && row.Get("StartName").Null && row.Get("PathName").Null
	if s.systemd = row.Get("Manager").Text == "systemd"; s.systemd {
		s.aliases, s.result = row.Get("Aliases").List, row.Get("Result").Text
	}
	var err, specific error
	s.ExitCode, err = codeIn(row, "ExitCode")
	s.Specific, specific = codeIn(row, "ServiceSpecificExitCode")
	if err = cmp.Or(err, specific); err != nil {
		return service{err: fmt.Errorf("reading the exit code of %q: %w", s.Name, err)}
	}
	s.state = fact.Text(s.State)
	s.config = s.Config(nil, s.Name)
	return service{Service: s}
}

// codeIn is a number of a row; 0 where it is null.
func codeIn(row host.Row, column string) (int64, error) {
	cell := row.Get(column)
	if cell.Null {
		return 0, nil
	}
	return cell.Int()
}

// Exit is why the service stopped last, in words where the number alone tells
// little. Source: Microsoft's list of system error codes, 1000 to 1299.
func (s *Service) Exit() string {
	if s.systemd { // whose codes are each program's own
		return s.result
	}
	number := strconv.FormatInt(s.ExitCode, 10)
	words := ""
	switch s.ExitCode {
	case 1053:
		words = "it did not answer the start in time"
	case 1058:
		words = "it is disabled, or has no device that is enabled"
	case 1066:
		words = fmt.Sprintf("by its own code %d", s.Specific)
	case 1067:
		words = "its process ended unexpectedly"
	case 1068:
		words = "a service that it depends on did not start"
	case 1069:
		words = "its account could not log on"
	case 1070:
		words = "it hung while starting"
	case 1075:
		words = "a service that it depends on is not there"
	case 1077:
		words = "not started since the boot"
	default:
		return number
	}
	return number + ", " + words
}

// Config appends the readings that tell how a service is set up, as far as the host
// says so; Open tells where it does not.
func (s *Service) Config(to []fact.Reading, item string) []fact.Reading {
	switch {
	case item == s.Name && s.config != nil:
		return append(to, s.config...)
	case s.unset:
		return append(to, probes.Read(item, "exit_code", fact.Text(s.Exit())))
	}
	return append(to,
		probes.Read(item, "start_mode", fact.Text(s.Mode)),
		probes.Read(item, "account", fact.Text(s.Account)),
		probes.Read(item, "path", fact.Text(s.Path)),
		probes.Read(item, "exit_code", fact.Text(s.Exit())))
}

// ConfigSpecs declares what Config, Host.Extras and Host.Due report. A changed
// start mode fails: it is the strongest sign of an update that was rolled back
// half-way.
func ConfigSpecs() []probes.ReadingSpec {
	const byScript = " It is not told where PowerShell cannot run."
	return []probes.ReadingSpec{
		{
			Name: "start_mode", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "How it is started: auto, manual or disabled.",
		},
		{
			Name: "delayed", Type: fact.TypeBool,
			Doc: "Whether an automatic service starts some minutes after the boot." + byScript,
		},
		{
			Name: "trigger", Type: fact.TypeBool, Severity: fact.Note,
			Doc: "Whether an automatic service is started by a trigger, and may stop when idle." + byScript,
		},
		{
			Name: "depends_on", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Note,
			Doc: "The services that have to run before it." + byScript,
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
			Name: "exit_code", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why it stopped last, such as 0 for on purpose, or 1069 and that its account could not log on. Or systemd's.",
		},
		{
			Name: "waits_for", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of a service that should run and does not: what at the end of its dependencies does not run." + byScript,
		},
		{
			Name: "not_yet_started", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset},
			Doc: "Of the host: the services that Windows has yet to start after its boot; the check is to be repeated " +
				"for them, and is unknown until all but the delayed ones had their time.",
		},
		{
			Name: "due", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of the host: when the last of those should have started.",
		},
	}
}
