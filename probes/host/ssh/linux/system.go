package linux

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/host"
)

// OSType is the one of CIM_OperatingSystem for Linux.
const OSType = "36"

// operatingSystem is what runs, since when, by the distribution's own words: the caption
// is without the number of a service pack or a point release, which updates move.
func operatingSystem(t Told) ([]host.Row, error) {
	lines, err := t.of(partClock)
	if err != nil {
		return nil, err
	}
	boot, now, err := readClock(lines)
	if err != nil {
		return nil, err
	}
	return []host.Row{{
		"Caption": text(caption(t)), "BuildNumber": text(t.setting(partSystem, "release")),
		"Version":        text(t.setting(partSystem, "VERSION_ID")),
		"LastBootUpTime": moment(boot), "LocalDateTime": moment(now),
		"CSName": text(t.setting(partSystem, "name")), "OSArchitecture": text(t.setting(partSystem, "machine")),
		"OSType": {Text: OSType}, "SecureBoot": secureBoot(t),
	}}, nil
}

func caption(t Told) string {
	name, version := t.setting(partSystem, "NAME"), t.setting(partSystem, "VERSION_ID")
	if name == "" {
		return "Linux"
	}
	// Ubuntu's releases are named by year and month: 24.04 and 24.10 are two.
	if id := t.setting(partSystem, "ID"); id != "ubuntu" {
		version, _, _ = strings.Cut(version, ".")
	}
	return strings.TrimSpace(name + " " + version)
}

// readClock reads "btime 1764300000" and "now 1764301234".
func readClock(lines []string) (boot, now time.Time, err error) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, " ")
		n, bad := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if bad != nil || n <= 0 || n > 1<<40 {
			return boot, now, fmt.Errorf("reading the clock: want seconds, got %.40q", line)
		}
		switch name {
		case "btime":
			boot = time.Unix(n, 0)
		case "now":
			now = time.Unix(n, 0)
		}
	}
	if boot.IsZero() || now.IsZero() {
		return boot, now, errors.New("reading the clock: the host told no boot or no time")
	}
	return boot, now, nil
}

func moment(at time.Time) host.Cell { return host.Cell{Text: at.UTC().Format(time.RFC3339)} }

// secureBoot is the last byte of the firmware's variable, in words.
func secureBoot(t Told) host.Cell {
	switch t.setting(partHardware, "secure_boot") {
	case "1":
		return host.Cell{Text: "on"}
	case "0":
		return host.Cell{Text: "off"}
	case "unsupported":
		return host.Cell{Text: "unsupported"}
	}
	return host.Cell{Null: true}
}

func computerSystem(t Told) ([]host.Row, error) {
	if _, err := t.of(partHardware); err != nil {
		return nil, err
	}
	return []host.Row{{
		"Name": text(t.setting(partSystem, "name")), "Manufacturer": text(t.setting(partHardware, "sys_vendor")),
		"Model": text(t.setting(partHardware, "product_name")),
	}}, nil
}

// product tells machines apart by their machine-id, which everybody may read: the UUID of
// the board is root's alone, and an account that is changed must not look like another
// machine.
func product(t Told) ([]host.Row, error) {
	lines, err := t.of(partIdentity)
	if err != nil {
		return nil, err
	}
	id := ""
	if len(lines) > 0 {
		id = strings.ToLower(strings.TrimSpace(lines[0]))
	}
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		return nil, fmt.Errorf("reading the machine-id: want 32 digits, got %.40q", id)
	}
	uuid := strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
	return []host.Row{{"UUID": text(uuid)}}, nil
}

// processes are those that the account sees, which is all unless /proc hides others'.
func processes(t Told) ([]host.Row, error) {
	lines, err := t.of(partProcesses)
	if err != nil {
		return nil, err
	}
	var rows []host.Row
	for _, line := range lines {
		id, name, _ := strings.Cut(line, " ")
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			rows = append(rows, host.Row{"ProcessId": number(n), "Name": text(name)})
		}
	}
	return rows, nil
}
