package wsman

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/psrp"
)

// usualEnd is how long the collector snapin takes for all where nobody limits it.
const usualEnd = 300 * time.Second

// snapIn answers the collector of the same name: commands of the endpoint
// Microsoft.Exchange, run within this process.
func (p *process) snapIn(h estate.Host, q packed.Question) ([]host.Row, error) {
	var rows []host.Row
	tell := func(index, stream, text string) {
		rows = append(rows, host.Row{"Index": cell(index), "Stream": cell(stream), "Text": cell(text)})
	}
	endpoint, found := exchange(h)
	calls, err := callsOf(q)
	switch {
	case err != nil:
		return nil, err
	case !found || endpoint.SnapIn == estate.SnapInAbsent:
		tell("", "absent", "")
		return rows, nil
	}
	tell("", "loaded", "Microsoft.Exchange.Management.PowerShell.SnapIn")
	end := usualEnd
	if p.end > 0 {
		end = p.end
	}
	for i, c := range calls {
		index := strconv.Itoa(i)
		if end-p.thought < time.Second {
			tell(index, "late", "not begun: what came before it took all the time")
			continue
		}
		written, took, err := psrp.Run(endpoint, c)
		if err != nil {
			return nil, err
		}
		if left := end - p.thought; took > left {
			p.thought = end
			tell(index, "late", fmt.Sprintf("not done within %d s", int(left.Seconds())))
			continue
		}
		p.thought += took
		for _, w := range written {
			tell(index, w.Stream, w.Text)
		}
	}
	return rows, nil
}

func exchange(h estate.Host) (estate.Endpoint, bool) {
	for name, e := range h.PowerShell {
		if strings.EqualFold(name, "Microsoft.Exchange") {
			return e, true
		}
	}
	return estate.Endpoint{}, false
}

// callsOf reads the collector's arguments, and refuses those that it does not know.
func callsOf(q packed.Question) ([]psrp.Call, error) {
	calls := make([]psrp.Call, len(q.Arg("cmdlet")))
	for i, name := range q.Arg("cmdlet") {
		calls[i] = psrp.Call{Name: name, Params: map[string][]string{}}
	}
	for _, a := range q.Args {
		if a.Name == "cmdlet" {
			continue
		}
		index, of, _ := strings.Cut(a.Name, " ")
		i, err := strconv.Atoi(index)
		param, isParam := strings.CutPrefix(of, "-")
		switch {
		case err != nil || i < 0 || i >= len(calls):
			return nil, fmt.Errorf("the collector snapin has no argument %q", a.Name)
		case of == "properties":
			calls[i].Properties = a.Values
		case isParam && param != "":
			calls[i].Params[param] = a.Values
		default:
			return nil, fmt.Errorf("the collector snapin has no argument %q", a.Name)
		}
	}
	if slices.ContainsFunc(calls, func(c psrp.Call) bool { return c.Name == "" || len(c.Properties) == 0 }) {
		return nil, fmt.Errorf("the collector snapin wants a name and properties of each command")
	}
	return calls, nil
}
