package pendingreboot

import (
	"fmt"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// setup is where Windows' own setup keeps what it is at.
const setup = `HKLM\SYSTEM\Setup`

// afterwards are the signs of a host that answers after a reboot and is not done with
// it. The update agent does not say that it is busy then, and the installer's processes
// run on for hours where nothing waits for them; what smss.exe runs, from SetupExecute
// or by poqexec.exe, it runs before anybody can ask. What stays are servicing's own
// notes. Packages and sessions also wait for a reboot that is still to come, and then
// the key RebootPending is there: it is volatile, so that the reboot takes it away.
// Sources: the threads ansible#28389 and packer-plugin-windows-update#49; what scripts
// that wait for servicing have in common.
func afterwards() []sign {
	keys := []key{
		{servicing + "RebootPending", nil},
		{servicing + "RebootInProgress", nil},
		{servicing + "PackagesPending", nil},
		{servicing + "SessionsPending", []string{"Exclusive"}},
		{setup, []string{"SystemSetupInProgress", "OOBEInProgress"}},
	}
	return []sign{
		{
			spec: probes.ReadingSpec{
				Name: "configuring", Type: fact.TypeBool, Rule: fact.Rule{Op: fact.Ignore},
				Waits: []fact.Value{fact.Bool(true)},
				Doc:   "Windows answers, and is still configuring updates after a reboot; verify waits for it.",
			},
			keys: keys,
			read: func(found []row) (fact.Value, error) {
				doing, err := configuring(found)
				return fact.Bool(len(doing) > 0), err
			},
		},
		{
			spec: probes.ReadingSpec{
				Name: "configuring_what", Type: fact.TypeSet, Severity: fact.Note, Role: probes.Configuring,
				Doc: "What it is at: servicing's work of a reboot, packages, a session, or setup.",
			},
			keys: keys,
			read: func(found []row) (fact.Value, error) {
				doing, err := configuring(found)
				return fact.SetOf(doing...), err
			},
		},
	}
}

// configuring lists what the keys say, in the order of afterwards.
func configuring(found []row) ([]string, error) {
	var doing []string
	pending, inProgress, packages := found[0].there, found[1].there, found[2].there
	session, err := notZero(found[3].cells.Get("Exclusive"), "SessionsPending: Exclusive")
	if err != nil {
		return nil, err
	}
	if inProgress {
		doing = append(doing, "servicing is at the work of the reboot")
	}
	if packages && !pending {
		doing = append(doing, "packages are being installed or removed")
	}
	if session == fact.Bool(true) && !pending {
		doing = append(doing, "a servicing session has not ended")
	}
	for name, what := range map[string]string{
		"SystemSetupInProgress": "setup has not ended", "OOBEInProgress": "setup's last part has not ended",
	} {
		running, err := notZero(found[4].cells.Get(name), name)
		if err != nil {
			return nil, fmt.Errorf("key Setup: %w", err)
		}
		if running == fact.Bool(true) {
			doing = append(doing, what)
		}
	}
	return doing, nil
}
