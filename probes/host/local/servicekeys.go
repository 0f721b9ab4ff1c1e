package local

import (
	"errors"
	"strings"

	"postpatch/probes/host"
)

const (
	controlKey  = `SYSTEM\CurrentControlSet\Control`
	servicesKey = `SYSTEM\CurrentControlSet\Services`
)

// serviceKeyRows answer the collector servicekeys, whose script says at its head what is
// in them. States are by the services' names in lower case.
func serviceKeyRows(r registry, states map[string]uint32) ([]host.Row, error) {
	delay := host.Cell{Null: true}
	control, _, err := r.values("HKLM", controlKey, []string{"AutoStartDelay"})
	if err != nil {
		return nil, err
	}
	if v, there := control["AutoStartDelay"]; there {
		delay = v.cell()
	}
	rows := []host.Row{{"Name": text(""), "Delay": delay}}
	services, there, err := r.keys("HKLM", servicesKey)
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, errors.New("the registry has no key of services")
	}
	for _, name := range services {
		row, err := serviceKeyRow(r, name, states)
		if err != nil {
			row = host.Row{"Name": text(name), "Error": text(oneLine(err.Error()))}
		}
		if row != nil {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// serviceKeyRow is one service's; nil for a driver's, and for a key that is gone.
func serviceKeyRow(r registry, name string, states map[string]uint32) (host.Row, error) {
	path := servicesKey + `\` + name
	values, _, err := r.values("HKLM", path, []string{"Type", "DelayedAutostart", "DependOnService", "Start"})
	if err != nil {
		return nil, err
	}
	kind, known := values["Type"].number()
	if !known || kind&kindService == 0 {
		return nil, nil
	}
	row := host.Row{"Name": text(name), "Type": number(uint32(kind))}
	if values["DelayedAutostart"].is(1) {
		row["Delayed"] = boolean(true)
	}
	triggered, err := startsByTrigger(r, path+`\TriggerInfo`)
	if err != nil {
		return nil, err
	}
	if triggered {
		row["Trigger"] = boolean(true)
	}
	if depends := dependsOn(values["DependOnService"]); len(depends) > 0 {
		row["Depends"] = host.Cell{List: depends}
	}
	if state := states[strings.ToLower(name)]; state != stateRunning {
		row["State"], row["Start"] = number(state), host.Cell{Null: true}
		if start, there := values["Start"]; there {
			row["Start"] = start.cell()
		}
	}
	return row, nil
}

func dependsOn(v regValue) []string {
	var all []string
	switch v.kind {
	case regText, regExpand:
		all = []string{v.text()}
	case regTexts:
		all = v.texts()
	}
	var named []string
	for _, name := range all {
		if name != "" {
			named = append(named, name)
		}
	}
	return named
}

// startsByTrigger says whether a service has a trigger that starts it: one of action 1,
// or of none that is told; 2 stops it.
func startsByTrigger(r registry, path string) (bool, error) {
	triggers, there, err := r.keys("HKLM", path)
	if err != nil || !there {
		return false, err
	}
	for _, name := range triggers {
		values, there, err := r.values("HKLM", path+`\`+name, []string{"Action"})
		if err != nil {
			return false, err
		}
		if action, told := values["Action"]; there && (!told || action.is(1)) {
			return true, nil
		}
	}
	return false, nil
}
