package linux

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
)

// unit is one service of systemd.
type unit struct {
	name    string // without .service
	aliases []string
	props   map[string]string
	start   string // the first command line
}

// services are the rows of Win32_Service, by systemd's states. A unit file that is not
// loaded is a service that does not run.
func services(t Told) ([]host.Row, error) {
	all, err := t.units()
	if err != nil {
		return nil, err
	}
	rows := make([]host.Row, 0, len(all))
	for _, u := range all {
		rows = append(rows, host.Row{
			"Name": text(u.name), "Aliases": list(u.aliases), "State": text(u.state()), "StartMode": text(u.mode()),
			"StartName": text(cmp.Or(u.props["User"], "root")), "PathName": text(u.start), "ExitCode": number(u.status()),
			"ServiceSpecificExitCode": {Null: true}, "Manager": text("systemd"), "Result": text(u.result()),
		})
	}
	return rows, nil
}

// serviceKeys are what the registry tells of Windows' services.
func serviceKeys(t Told) ([]host.Row, error) {
	all, err := t.units()
	if err != nil {
		return nil, err
	}
	rows := make([]host.Row, 0, len(all))
	for _, u := range all {
		starts := map[string]int64{"Auto": 2, "Manual": 3, "Disabled": 4}
		state := int64(1)
		if u.state() == running {
			state = 4
		}
		rows = append(rows, host.Row{
			"Name": text(u.name), "Type": number(0x10), "Start": number(starts[u.mode()]), "State": number(state),
			"Delayed": truth(false), "Trigger": truth(u.props["TriggeredBy"] != ""), "Depends": list(u.depends()),
		})
	}
	return rows, nil
}

// units are those that belong to the host: not those that come and go by themselves, with
// a login, a connection or a crash.
func (t Told) units() ([]unit, error) {
	lines, err := t.all(partUnits)
	if err != nil {
		return nil, err
	}
	files, err := t.of(partUnitFiles)
	if err != nil {
		return nil, err
	}
	byName := map[string]bool{}
	var all []unit
	for _, u := range readUnits(lines) {
		byName[u.name] = true
		for _, alias := range u.aliases {
			byName[alias] = true
		}
		if u.props["LoadState"] != "not-found" && !u.passes() {
			all = append(all, u)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("systemd names no service: an answer cut off")
	}
	for _, line := range files {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		name, is := strings.CutSuffix(fields[0], ".service")
		if is && !byName[name] && !strings.HasSuffix(name, "@") && fields[1] != "alias" {
			all = append(all, unit{name: name, props: map[string]string{"ActiveState": "inactive", "UnitFileState": fields[1]}})
		}
	}
	slices.SortFunc(all, func(a, b unit) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// readUnits reads the blocks of systemctl show, which empty lines part. The properties of a
// block come in an order of systemd's own.
func readUnits(lines []string) []unit {
	all := []unit{{props: map[string]string{}}}
	for _, line := range lines {
		if line == "" {
			all = append(all, unit{props: map[string]string{}})
			continue
		}
		name, value, is := strings.Cut(line, "=")
		if !is {
			continue
		}
		u := &all[len(all)-1]
		switch name {
		case "Id":
			u.name = strings.TrimSuffix(markup.Line(value), ".service")
		case "Names":
			for other := range strings.FieldsSeq(value) {
				u.aliases = append(u.aliases, strings.TrimSuffix(markup.Line(other), ".service"))
			}
		case "ExecStart":
			u.start = cmp.Or(u.start, commandLine(value))
		default:
			u.props[name] = strings.TrimSpace(value)
		}
	}
	for i, u := range all {
		all[i].aliases = slices.DeleteFunc(u.aliases, func(alias string) bool { return alias == u.name })
	}
	return slices.DeleteFunc(all, func(u unit) bool { return u.name == "" })
}

// commandLine is the one in "{ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D ; … }".
func commandLine(text string) string {
	_, rest, is := strings.Cut(text, "argv[]=")
	if !is {
		return ""
	}
	line, _, _ := strings.Cut(rest, " ; ignore_errors=")
	return line
}

// passes says whether a unit comes and goes by itself.
func (u unit) passes() bool {
	template, instance, isInstance := strings.Cut(u.name, "@")
	switch {
	case u.props["Transient"] == "yes":
		return true
	case !isInstance:
		return false
	case template == "user", template == "user-runtime-dir":
		return true
	}
	// One for a connection, or of a template that nobody has enabled for good.
	return strings.Contains(instance, ":") || u.mode() == "Manual" && u.state() != running
}

const running = "Running"

// state is ActiveState in Windows' words. What waits in systemd's queue is on its way.
func (u unit) state() string {
	switch u.props["ActiveState"] {
	case "active", "reloading", "refreshing":
		return running
	case "activating":
		return "Start Pending"
	case "deactivating":
		return "Stop Pending"
	case "inactive", "failed", "maintenance":
		if u.props["ActiveState"] == "inactive" && u.props["Job"] != "" && u.props["Job"] != "0" {
			return "Start Pending"
		}
		return "Stopped"
	default:
		return cmp.Or(u.props["ActiveState"], "unknown")
	}
}

// mode is how it starts: Auto of what is enabled, or what others that start want;
// Disabled of what is masked, since nobody can start it; Manual of all else.
func (u unit) mode() string {
	switch state := u.props["UnitFileState"]; {
	case strings.HasPrefix(state, "masked"), u.props["LoadState"] == "masked":
		return "Disabled"
	case state == "enabled", state == "enabled-runtime":
		return "Auto"
	case state == "static", state == "generated", state == "indirect", state == "":
		if u.props["WantedBy"] != "" || u.props["RequiredBy"] != "" {
			return "Auto"
		}
	}
	return "Manual"
}

// status is the exit status of the main process, or the number of the signal that ended
// it; 0 while it runs.
func (u unit) status() int64 {
	if u.state() == running {
		return 0
	}
	n, err := strconv.ParseInt(u.props["ExecMainStatus"], 10, 32)
	if err != nil {
		return 0
	}
	return n
}

// result is why it stopped last, in systemd's words.
func (u unit) result() string {
	result := cmp.Or(u.props["Result"], "success")
	status := u.status()
	switch {
	case result == "success" || status == 0:
		return result
	case u.props["ExecMainCode"] == "2" || u.props["ExecMainCode"] == "3": // CLD_KILLED, CLD_DUMPED
		return fmt.Sprintf("%s, signal %d", result, status)
	default:
		return fmt.Sprintf("%s, status %d", result, status)
	}
}

// depends are the services that it requires.
func (u unit) depends() []string {
	var all []string
	for name := range strings.FieldsSeq(u.props["Requires"]) {
		if name, is := strings.CutSuffix(markup.Line(name), ".service"); is {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
