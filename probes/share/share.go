// Package share observes the shares of a Windows host and who may use them.
package share

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/wildcard"
)

// Kind is what a suite calls "share". Shares of a failover cluster move with their
// group: leave them out of the nodes' checks by except, and look at them under the
// name of their role. Shares that the system makes of itself, such as C$, are a
// reading of the host and no items.
var Kind = probes.Define(probes.Kind{
	Name:  "share",
	Doc:   "The host's shares: where they lead, and whom they let in.",
	Item:  "the share's name; empty for the host as a whole",
	Items: probes.AnyCase,
	Main:  "name",
	Example: "- share: [Profiles, Orders]\n" +
		"  why: users sign in with roaming profiles\n",
	Notes: []string{
		"WMI alone tells which shares there are; whom they let in needs PowerShell on the host.",
	},
	Readings: []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Expect: "true", Severity: fact.Fail,
			Doc: "true of every share that is there; false only of one that the suite names.",
		},
		{
			Name: "server", Type: fact.TypeText, Gate: true, Keep: "running", Severity: fact.Fail,
			Doc: "The state of the Server service, without which nothing is shared.",
		},
		{
			Name: "type", Type: fact.TypeText, Severity: fact.Fail,
			Values: []string{"disk", "printer", "device", "ipc"},
			Doc:    "disk, printer, device or ipc.",
		},
		{
			Name: "path", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The folder that is shared, or the printer.",
		},
		{
			Name: "access", Type: fact.TypeSet, Severity: fact.Fail,
			Doc: "Who may do what, by security identifier: Everyone allow read, S-1-5-21-… deny full. " +
				"The folder's own permissions count besides.",
		},
		{
			Name: "administrative", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset},
			Doc: "The shares that the system makes of itself: ADMIN$, C$, IPC$.",
		},
	},
}, params{}, newProbe)

type params struct {
	Names  []string `param:"name" absent:"all but the administrative ones" doc:"Names of shares."`
	Except []string `param:"except" doc:"Shares that this check leaves out, such as a cluster's; * is any text."`
}

type probe struct {
	names  []string
	except wildcard.Patterns
}

func newProbe(p params) (probes.Probe, error) {
	if err := wildcard.Patterns(p.Names).Check("name"); err != nil {
		return nil, err
	}
	for _, name := range p.Names {
		if strings.ContainsAny(name, `\/*?"<>|`) {
			return nil, probes.Fieldf("name", "want the name of a share, got %q", name)
		}
	}
	if err := wildcard.Patterns(p.Except).Check("except"); err != nil {
		return nil, err
	}
	return probe{p.Names, p.Except}, choice.AllBut(p.Except, "shares", "name", p.Names)
}

func shares() host.WQL {
	return host.WQL{Class: "Win32_Share", Columns: []string{"Name", "Path", "Type"}}
}

// descriptors asks for the shares' security. All of them are more than a server of home
// folders tells: of shares that the suite names, only those are asked for.
func (p probe) descriptors() host.Collector {
	q := host.Collector{Name: "shares"}
	if len(p.names) > 0 {
		q.Args = map[string][]string{"name": p.names}
	}
	return q
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question { return []host.Question{shares(), p.descriptors()} }

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	o := observing{Reader: gather.Reader{Answers: t.Answers}, probe: p, security: map[string]host.Row{}}
	state := o.server()
	rows, ok := o.Rows("shares", shares())
	switch {
	case !ok:
	case len(rows) == 0 && state != "stopped":
		// While the service runs there is IPC$.
		o.Fail("shares", errors.New("the host named none"))
	default:
		o.shares(rows)
	}
	return o.Result()
}

type observing struct {
	gather.Reader
	probe
	security map[string]host.Row // by folded name
	secured  bool                // the list of security descriptors could be read
	twins    named.Twins
}

// server takes in what the collector told, and returns the service's state.
func (o *observing) server() string {
	rows, ok := o.Some("access", o.descriptors())
	if !ok {
		return ""
	}
	state := ""
	o.secured = true
	for _, row := range rows {
		switch gather.Text(row, "part") {
		case "server":
			state = strings.ToLower(gather.Text(row, "state"))
		case "share":
			o.security[named.Fold(row.Get("name").Text)] = row
		case "error":
			o.secured = false
			o.Fail("access", errors.New(cmp.Or(named.Line(row.Get("problem").Text), "the host does not say why")))
		}
	}
	if state == "" {
		o.Fail("server", errors.New("the host does not tell the state of the service"))
		return ""
	}
	o.Add("", "server", fact.Text(state))
	return state
}

// administrative is the bit of Win32_Share.Type that marks a share of the system's.
const administrative = 1 << 31

// shares makes the readings of the shares that the check looks at.
func (o *observing) shares(rows []host.Row) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b host.Row) int {
		return cmp.Or(strings.Compare(named.Fold(a.Get("Name").Text), named.Fold(b.Get("Name").Text)),
			strings.Compare(a.Get("Path").Text, b.Get("Path").Text))
	})
	var system []string
	found := map[string]bool{}
	for _, row := range rows {
		name := named.Short(row.Get("Name").Text, 300)
		if name == "" {
			o.Fail("shares", errors.New("the host named one without a name"))
			continue
		}
		kind, known := gather.Number(row, "Type")
		if known && kind&administrative != 0 {
			system = append(system, strings.ToUpper(name))
		}
		i := slices.IndexFunc(o.names, func(n string) bool { return strings.EqualFold(n, name) })
		switch {
		case i >= 0: // under the name that the suite uses: one that is gone stays the same item
			name = o.names[i]
		case len(o.names) > 0, known && kind&administrative != 0, o.except.Match(name):
			continue
		}
		found[named.Fold(name)] = true
		o.share(o.twins.Item(name), row)
	}
	for _, name := range o.names {
		if !found[named.Fold(name)] {
			o.Add(o.twins.Item(name), "present", fact.Bool(false))
		}
	}
	if len(o.names) == 0 {
		o.Add("", "administrative", fact.SetOf(system...))
	}
}

func (o *observing) share(item string, row host.Row) {
	o.Add(item, "present", fact.Bool(true))
	kind, known := gather.Number(row, "Type")
	types := []string{"disk", "printer", "device", "ipc"}
	if low := kind &^ administrative; known && low >= 0 && low < int64(len(types)) {
		o.Add(item, "type", fact.Text(types[low]))
	} else {
		o.Failf("type of "+named.Line(item), "want a type, got %q", named.Line(row.Get("Type").Text))
	}
	o.Add(item, "path", fact.Text(named.Short(gather.Text(row, "Path"), 1000)))
	kept, there := o.security[named.Fold(row.Get("Name").Text)]
	if !o.secured || !there { // a cluster's, the system's, or not told
		return
	}
	cell := kept.Get("security")
	if cell.Null {
		o.Add(item, "access", fact.SetOf("default"))
		return
	}
	access, err := accessOf(cell.Text)
	if err != nil {
		o.Fail("access of "+named.Line(item), err)
		return
	}
	o.Add(item, "access", fact.SetOf(access...))
}
