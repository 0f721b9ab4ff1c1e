package pendingreboot

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// sign is one place where Windows notes that it waits for a reboot.
type sign struct {
	spec probes.ReadingSpec
	keys []key
	part string // of what the collector tells, for a sign that stands in no key
	// read makes the reading of the answers, the keys' in their order.
	read func(found []row) (fact.Value, error)
}

func (s sign) questions() []host.Question {
	if s.part != "" {
		return []host.Question{elsewhere()}
	}
	all := make([]host.Question, len(s.keys))
	for i, k := range s.keys {
		all[i] = k.question()
	}
	return all
}

// key is a registry key with the values that are read of it; with none it is
// only asked whether it is there. Windows writes several of them without a value.
type key struct {
	path   string
	values []string
}

// row is the answer for one key.
type row struct {
	there bool
	cells host.Row
}

func (k key) question() host.Collector {
	return host.Collector{Name: "registry", Args: map[string][]string{"key": {k.path}, "values": k.values}}
}

const (
	servicing   = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\`
	autoUpdate  = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\`
	sessions    = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`
	computer    = `HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\`
	netlogon    = `HKLM\SYSTEM\CurrentControlSet\Services\Netlogon`
	updateExe   = `HKLM\SOFTWARE\Microsoft\Updates\UpdateExeVolatile`
	managerBase = `HKLM\SOFTWARE\Microsoft\ServerManager`
)

// signs lists them, those that count most first. Sources: the keys that
// Microsoft's Exchange HealthChecker reads, and the list that Configuration
// Manager's prerequisite check documents.
func signs() []sign {
	return slices.Concat(hard(), milder(), afterwards())
}

// hard are the signs that fail.
func hard() []sign {
	all := []sign{
		keyThere("servicing_pending", servicing+"RebootPending",
			"Servicing has work left that a reboot has to finish."),
		keyThere("servicing_in_progress", servicing+"RebootInProgress",
			"Servicing is still at the work of a reboot."),
		keyThere("servicing_packages", servicing+"PackagesPending",
			"Packages wait to be installed or removed by a reboot."),
		keyThere("windows_update", autoUpdate+"RebootRequired",
			"Windows Update has installed something that needs a reboot."),
		configMgr("configmgr_hard", "IsHardRebootPending", fact.Fail,
			"The Configuration Manager client waits for a reboot that cannot be put off."),
	}
	for i := range all {
		// What is in progress is at the work of the reboot that was.
		if name := all[i].spec.Name; name != "servicing_in_progress" {
			all[i].spec.Role = probes.RebootPending
		}
	}
	return all
}

// milder are the signs that other programs leave as well: their change is told,
// and fails nothing.
func milder() []sign {
	return []sign{
		{
			spec: probes.ReadingSpec{
				Name: "file_renames", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset},
				Doc: "Files that the next boot renames or deletes; scanners and drivers leave some at any time.",
			},
			keys: []key{{sessions, []string{"PendingFileRenameOperations", "PendingFileRenameOperations2"}}},
			read: fileRenames,
		},
		{
			spec: probes.ReadingSpec{
				Name: "update_exe", Type: fact.TypeBool,
				Doc: "An old installer, update.exe, has left flags for the next boot.",
			},
			keys: []key{{updateExe, []string{"Flags"}}},
			read: func(found []row) (fact.Value, error) { return notZero(found[0].cells.Get("Flags"), "Flags") },
		},
		{
			spec: probes.ReadingSpec{
				Name: "computer_rename", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
				Doc: "The name that the computer takes at the next boot; empty when it keeps its own.",
			},
			keys: []key{
				{computer + "ActiveComputerName", []string{"ComputerName"}},
				{computer + "ComputerName", []string{"ComputerName"}},
			},
			read: newName,
		},
		{
			spec: probes.ReadingSpec{
				Name: "domain_join", Type: fact.TypeBool,
				Doc: "The computer joins a domain, or enters its names there, at the next boot.",
			},
			keys: []key{{netlogon, []string{"JoinDomain", "AvoidSpnSet"}}},
			read: func(found []row) (fact.Value, error) {
				cells := found[0].cells
				return fact.Bool(!cells.Get("JoinDomain").Null || !cells.Get("AvoidSpnSet").Null), nil
			},
		},
		configMgr("configmgr", "RebootPending", fact.Warn,
			"The Configuration Manager client waits for a reboot; false where there is no client."),
		servicingFile(),
		{
			// Some tools take it for a value and some for a key of its own.
			spec: probes.ReadingSpec{
				Name: "server_manager", Type: fact.TypeBool, Severity: fact.Note,
				Doc: "Server Manager has tried to reboot for a role or feature.",
			},
			keys: []key{
				{managerBase, []string{"CurrentRebootAttempts"}},
				{managerBase + `\CurrentRebootAttempts`, nil},
			},
			read: func(found []row) (fact.Value, error) {
				if found[1].there {
					return fact.Bool(true), nil
				}
				return notZero(found[0].cells.Get("CurrentRebootAttempts"), "CurrentRebootAttempts")
			},
		},
	}
}

// keyThere is a sign that is a key's mere presence, and fails.
func keyThere(name, path, doc string) sign {
	return sign{
		spec: probes.ReadingSpec{Name: name, Type: fact.TypeBool, Severity: fact.Fail, Expect: "false", Doc: doc},
		keys: []key{{path, nil}},
		read: func(found []row) (fact.Value, error) { return fact.Bool(found[0].there), nil },
	}
}

// notZero reads a number that means nothing when it is absent or 0.
func notZero(c host.Cell, name string) (fact.Value, error) {
	if c.Null {
		return fact.Bool(false), nil
	}
	n, err := c.Int()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return fact.Bool(n != 0), nil
}

// newName compares the name in use with the one for the next boot.
func newName(found []row) (fact.Value, error) {
	active, next := found[0].cells.Get("ComputerName").Text, found[1].cells.Get("ComputerName").Text
	switch {
	case active == "" || next == "":
		return nil, errors.New("want a name in use and one for the next boot, got one or none")
	case strings.EqualFold(active, next):
		return fact.Text(""), nil
	default:
		return fact.Text(next), nil
	}
}
