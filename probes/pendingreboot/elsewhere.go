package pendingreboot

import (
	"errors"
	"fmt"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// elsewhere asks for the signs that stand in no registry key: what the
// Configuration Manager client says, which is a method's answer, and a file.
// Sources: Microsoft's documentation of CCM_ClientUtilities; what tools that look
// for a pending reboot have in common.
func elsewhere() host.Collector { return host.Collector{Name: "pendingreboot"} }

// told finds the collector's row of a part.
func told(rows []host.Row, part string) (host.Row, error) {
	for _, row := range rows {
		if row.Get("Part").Text != part {
			continue
		}
		if text := row.Get("Error").Text; text != "" {
			return nil, errors.New(text)
		}
		return row, nil
	}
	return nil, errors.New("the host told nothing of it")
}

// configMgr is a sign that the client tells by a column. Where there is no client
// nothing waits for it.
func configMgr(name, column string, severity fact.Severity, doc string) sign {
	spec := probes.ReadingSpec{Name: name, Type: fact.TypeBool, Severity: severity, Doc: doc}
	if severity == fact.Fail {
		spec.Expect = "false"
	}
	return sign{spec: spec, part: "configmgr", read: func(found []row) (fact.Value, error) {
		cells := found[0].cells
		there, err := truth(cells, "There")
		if err != nil || !there {
			return there, err
		}
		if result := strings.TrimSpace(cells.Get("ReturnValue").Text); result != "0" {
			return nil, fmt.Errorf("the client answers with ReturnValue %.40q", result)
		}
		return truth(cells, column)
	}}
}

// servicingFile is a sign that servicing also leaves for work without a reboot.
func servicingFile() sign {
	return sign{
		spec: probes.ReadingSpec{
			Name: "servicing_file", Type: fact.TypeBool, Severity: fact.Note,
			Doc: `Servicing has left its list of work, WinSxS\pending.xml.`,
		},
		part: "pending_xml",
		read: func(found []row) (fact.Value, error) { return truth(found[0].cells, "There") },
	}
}

// truth reads a yes or a no; anything else is neither.
func truth(cells host.Row, column string) (fact.Bool, error) {
	value, known := cells.Get(column).Bool()
	if !known {
		return false, fmt.Errorf("%s: want true or false, got %.40q", column, cells.Get(column).Text)
	}
	return fact.Bool(value), nil
}
