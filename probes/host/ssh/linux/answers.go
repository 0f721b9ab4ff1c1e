package linux

import (
	"errors"
	"fmt"
	"strings"

	"postpatch/probes/host"
)

// answered is a question that a Linux host can answer: the parts that it takes, and how
// the rows are made of them.
type answered struct {
	parts []part
	rows  func(Told) ([]host.Row, error)
}

// classes are those of WMI, in lower case.
func classes(name string) (answered, bool) {
	switch name {
	case "win32_operatingsystem":
		return answered{[]part{partClock, partHardware}, operatingSystem}, true
	case "win32_computersystem":
		return answered{[]part{partHardware}, computerSystem}, true
	case "win32_computersystemproduct":
		return answered{[]part{partIdentity}, product}, true
	case "win32_service":
		return answered{[]part{partUnits, partUnitFiles}, services}, true
	case "win32_volume":
		return answered{[]part{partVolumes}, volumes}, true
	case "win32_quickfixengineering":
		return answered{[]part{partPackages}, packages}, true
	case "win32_process":
		return answered{[]part{partProcesses}, processes}, true
	case "msft_nettcpconnection":
		return answered{[]part{partPorts, partOwners}, func(t Told) ([]host.Row, error) { return sockets(t, "tcp") }}, true
	case "msft_netudpendpoint":
		return answered{[]part{partPorts, partOwners}, func(t Told) ([]host.Row, error) { return sockets(t, "udp") }}, true
	case "msft_nettcpsetting":
		return answered{[]part{partPorts}, portRange}, true
	}
	return answered{}, false
}

// collectors are the named scripts.
func collectors(name string) (answered, bool) {
	switch name {
	case "servicekeys":
		return answered{[]part{partUnits, partUnitFiles}, serviceKeys}, true
	case "pendingreboot":
		return answered{[]part{partReboot}, pendingReboot}, true
	}
	return answered{}, false
}

// find is how a question is answered; not for what only Windows has, and for a query of a
// suite's own, whose condition nobody here can judge.
func find(q host.Question) (answered, bool) {
	switch q := q.(type) {
	case host.WQL:
		if q.Most > 0 {
			return answered{}, false
		}
		return classes(strings.ToLower(q.Class))
	case host.Collector:
		return collectors(q.Name)
	}
	return answered{}, false
}

// needs are the parts that a question takes.
func needs(q host.Question) []part {
	a, _ := find(q)
	return a.parts
}

// Answers answers questions of what was told.
func (t Told) Answers(questions []host.Question) host.Answers {
	var answers host.Answers
	for _, q := range questions {
		answers.Put(q, t.answer(q))
	}
	return answers
}

func (t Told) answer(q host.Question) host.Answer {
	if kernel := t.Kernel(); kernel != "Linux" {
		return host.Answer{Err: fmt.Errorf("%w: the host runs %q, and only Windows and Linux are known here",
			host.ErrNoClass, kernel)}
	}
	if a, is := find(q); is {
		rows, err := a.rows(t)
		if err != nil {
			return host.Answer{Err: err}
		}
		return host.Answer{Rows: rows}
	}
	return host.Answer{Err: notHere(q)}
}

// notHere says that Linux has nothing like it.
func notHere(q host.Question) error {
	what := "this"
	switch q := q.(type) {
	case host.WQL:
		what = q.Class
	case host.Collector:
		what = "the collector " + q.Name
	case host.Cmdlet:
		return errors.New("the host runs Linux, and commands of PowerShell are for Windows")
	case host.Script:
		return errors.New("the host runs Linux, and scripts of PowerShell are run on Windows alone")
	}
	return fmt.Errorf("%w: the host runs Linux, where nothing answers %s", host.ErrNoClass, what)
}
