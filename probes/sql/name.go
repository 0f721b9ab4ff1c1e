package sql

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// defaultInstance is what the instance without a name is called where it has to have one.
const defaultInstance = "MSSQLSERVER"

// isNamed says whether the suite names an instance that has to be looked for by its name.
func (p probe) isNamed() bool {
	return p.Instance != "" && !strings.EqualFold(p.Instance, defaultInstance)
}

// locate finds out where the instance listens. Where the suite gives a port, that is where,
// as it is to every other client, and the Browser is not asked.
func (p probe) locate(ctx context.Context, t probes.Target) (at probe, readings []fact.Reading, err error) {
	if !p.isNamed() || p.Port != 0 {
		return p, nil, nil
	}
	f, err := browse(ctx, t, p.name(t), p.Instance)
	if err != nil {
		return p, nil, err
	}
	p.Port, p.found = f.port, f.port
	return p, f.readings(), nil
}

// nameReadings are about which instance it is.
func nameReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "instance", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The instance's own name; MSSQLSERVER for the default one.",
		},
		{
			Name: "right_instance", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: "yes",
			Doc: "Whether what answers at the port is the instance that the suite names: yes, or no and which it is. " +
				"Nothing else is read of another one.",
		},
	}
}

// whose tells which instance answered. It is another where ports were given away anew.
func (p probe) whose(name string) (readings []fact.Reading, right bool) {
	if name == "" {
		name = defaultInstance
	}
	readings = []fact.Reading{probes.Read("", "instance", fact.Text(name))}
	if p.Instance == "" {
		return readings, true
	}
	word := "yes"
	if right = strings.EqualFold(name, p.Instance); !right {
		word = "no, it is " + name
	}
	return append(readings, probes.Read("", "right_instance", fact.Text(word))), right
}

// checkNames refuses what cannot be connected to by its name, and says how to write it.
func checkNames(p params) error {
	if reason := badAddress(p.Address); reason != "" {
		return probes.Fieldf("address", "%s, got %q", reason, p.Address)
	}
	if p.Instance == "" {
		return nil
	}
	if host, instance, both := strings.Cut(p.Instance, `\`); both {
		return probes.Fieldf("instance", "want the instance's name alone: instance: %s, and address: %s where that is "+
			"not the host", instance, host)
	}
	if reason := badInstance(p.Instance, p.Port != 0); reason != "" {
		return probes.Fieldf("instance", "%s, got %q", reason, p.Instance)
	}
	return nil
}

// badAddress is why no connection over TCP can be made to what other clients understand;
// empty where one can.
func badAddress(address string) string {
	lower := strings.ToLower(strings.TrimSpace(address))
	host, behind, backslash := strings.Cut(address, `\`)
	_, port, comma := strings.Cut(address, ",")
	switch {
	case strings.HasPrefix(lower, "(localdb)"):
		return "LocalDB has no TCP port: it is a user's own program, and ends with it"
	case strings.HasPrefix(lower, "(local)"), lower == ".", strings.HasPrefix(lower, `.\`):
		return "want a name or an IP address that leads there from the runner"
	case strings.HasPrefix(lower, "np:"), strings.HasPrefix(lower, `\\`), strings.HasPrefix(lower, "lpc:"):
		return "only TCP is spoken, no named pipes or shared memory"
	case strings.HasPrefix(lower, "tcp:"), strings.HasPrefix(lower, "admin:"):
		return "want the name or IP address alone"
	case backslash:
		return fmt.Sprintf("want the name or IP address alone: address: %s, instance: %s", host, behind)
	case comma:
		return "want the name or IP address alone, and port: " + strings.TrimSpace(port)
	default:
		return ""
	}
}

// badInstance holds an instance's name against what setup allows.
// Source: Microsoft, "Instance Configuration" of SQL Server's setup.
func badInstance(name string, hasPort bool) string {
	const most = 16
	runes := []rune(name)
	for i, r := range runes {
		isFirst := unicode.IsLetter(r) || r == '_'
		if !isFirst && (i == 0 || !unicode.IsDigit(r) && r != '$') {
			return "a name of an instance has letters, digits, _ and $, and begins with a letter or _"
		}
		if r > unicode.MaxASCII && !hasPort {
			return "SQL Server Browser knows it in a code page that nobody tells: give the port as well"
		}
	}
	switch {
	case len(runes) > most:
		return fmt.Sprintf("a name of an instance has %d characters at most", most)
	case strings.EqualFold(name, "default"):
		return "leave it out for the default instance"
	default:
		return ""
	}
}

// number16 reads a port, which is never 0.
func number16(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err == nil && n == 0 {
		err = strconv.ErrRange
	}
	return int(n), err
}
