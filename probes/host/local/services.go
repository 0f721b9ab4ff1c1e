package local

import (
	"strconv"
	"strings"

	"postpatch/probes/host"
)

// service is what the service control manager says of one service. A part that it did
// not tell is nil: of what was not told nothing is said.
type service struct {
	name, display string
	status        status
	config        *config
	description   *string
	delayed       *bool
}

// parts are those of a service that take a call each, and that somebody asks for.
type parts struct{ config, description, delayed bool }

func partsOf(columns []string) parts {
	var want parts
	for _, column := range columns {
		switch strings.ToLower(column) {
		case "startmode", "startname", "pathname":
			want.config = true
		case "description":
			want.description = true
		case "delayedautostart":
			want.delayed = true
		}
	}
	return want
}

// status is SERVICE_STATUS_PROCESS.
type status struct {
	kind, state, accepts, process uint32
	exitCode, specific            uint32
}

// config is QUERY_SERVICE_CONFIG.
type config struct {
	start         uint32
	path, account string
}

// The numbers of the service control manager. Source: the Windows SDK's winsvc.h and
// winnt.h.
const (
	stateStopped = 1
	stateRunning = 4

	kindService     = 0x30 // the bits of what is no driver
	kindInteractive = 0x100

	acceptStop  = 1
	acceptPause = 2
)

// WMI's words for the numbers. Source: Microsoft's documentation of Win32_Service.
func stateWord(state uint32) string {
	return word(state, "Unknown", "Stopped", "Start Pending", "Stop Pending", "Running",
		"Continue Pending", "Pause Pending", "Paused")
}

func startWord(start uint32) string {
	if start > 4 {
		return "Unknown"
	}
	return word(start, "Boot", "System", "Auto", "Manual", "Disabled")
}

func word(number uint32, words ...string) string {
	if int(number) < len(words) {
		return words[number]
	}
	return words[0]
}

func typeWord(kind uint32) string {
	switch kind &^ kindInteractive {
	case 0x10:
		return "Own Process"
	case 0x20:
		return "Share Process"
	default:
		return "Unknown"
	}
}

// column is how one column of Win32_Service is made of a service.
type column func(s service) host.Cell

func text(value string) host.Cell { return host.Cell{Text: value} }

func number(n uint32) host.Cell { return host.Cell{Text: strconv.FormatUint(uint64(n), 10)} }

func boolean(is bool) host.Cell { return host.Cell{Text: strconv.FormatBool(is)} }

// configured makes a column of what may not have been told.
func configured(make func(c config) host.Cell) column {
	return func(s service) host.Cell {
		if s.config == nil {
			return host.Cell{Null: true}
		}
		return make(*s.config)
	}
}

// serviceColumn returns how a column is made, by its name in lower case; nil for one
// that the service control manager does not have.
func serviceColumn(lower string) column {
	switch lower {
	case "name":
		return func(s service) host.Cell { return text(s.name) }
	case "displayname", "caption":
		return func(s service) host.Cell { return text(s.display) }
	case "state":
		return func(s service) host.Cell { return text(stateWord(s.status.state)) }
	case "started":
		return func(s service) host.Cell { return boolean(s.status.state != stateStopped) }
	case "exitcode":
		return func(s service) host.Cell { return number(s.status.exitCode) }
	case "servicespecificexitcode":
		return func(s service) host.Cell { return number(s.status.specific) }
	case "processid":
		return func(s service) host.Cell { return number(s.status.process) }
	case "servicetype":
		return func(s service) host.Cell { return text(typeWord(s.status.kind)) }
	case "acceptstop":
		return func(s service) host.Cell { return boolean(s.status.accepts&acceptStop != 0) }
	case "acceptpause":
		return func(s service) host.Cell { return boolean(s.status.accepts&acceptPause != 0) }
	case "startmode":
		return configured(func(c config) host.Cell { return text(startWord(c.start)) })
	case "startname":
		return configured(func(c config) host.Cell { return text(c.account) })
	case "pathname":
		return configured(func(c config) host.Cell { return text(c.path) })
	case "description":
		return func(s service) host.Cell {
			if s.description == nil {
				return host.Cell{Null: true}
			}
			return text(*s.description)
		}
	case "delayedautostart":
		return func(s service) host.Cell {
			if s.delayed == nil {
				return host.Cell{Null: true}
			}
			return boolean(*s.delayed)
		}
	default:
		return nil
	}
}

// answersServices says whether the service control manager has all that a query asks
// for, and of which services.
func answersServices(q host.WQL) (allowed names, ok bool) {
	namespace := strings.ToLower(strings.ReplaceAll(q.Namespace, `\`, "/"))
	if namespace != "" && namespace != "root/cimv2" || !strings.EqualFold(q.Class, "Win32_Service") || q.Most > 0 {
		return nil, false
	}
	if !columnsOf(q, func(lower string) bool { return serviceColumn(lower) != nil }) {
		return nil, false
	}
	return namesIn(q.Where)
}

// serviceRows are the rows of Win32_Service.
func serviceRows(q host.WQL, services []service, allowed names) []host.Row {
	rows := []host.Row{}
	for _, s := range services {
		if !allowed.allow(s.name) {
			continue
		}
		row := make(host.Row, len(q.Columns))
		for _, name := range q.Columns {
			row[name] = serviceColumn(strings.ToLower(name))(s)
		}
		rows = append(rows, row)
	}
	return rows
}
