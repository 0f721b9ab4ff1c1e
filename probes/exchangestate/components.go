package exchangestate

import (
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

func componentsPart() part {
	return part{
		name: "components", read: readComponents,
		asks: func(p probe) []host.Question { return []host.Question{componentStates(p)} },
		specs: []probes.ReadingSpec{
			{
				Name: "component", Type: fact.TypeText, Expect: exchangehost.Active,
				Doc: "Of a component: active, inactive or draining; one that is not active serves nobody, whatever runs.",
			},
			{
				Name: "held_by", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
				Doc: "Of one that is not active: the requesters that hold it so, here or in the directory. Each has to ask for " +
					"active again; Functional is the one that a failed setup leaves behind, and most forget.",
			},
			{
				Name: "optional_component", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
				Doc: "The same of ForwardSyncDaemon and ProvisioningRps, which are inactive on every server of one's own.",
			},
			{
				Name: "requested", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Expect: exchangehost.Active,
				Doc: "Where the endpoint does not tell of components: what the host's registry says that one is to be.",
			},
		},
	}
}

const componentPrefix = "component/"

func componentStates(p probe) host.Cmdlet {
	return exchangehost.Command("Get-ServerComponentState", "Identity", p.Server,
		"Component", "State", "LocalStates", "RemoteStates", "ServerWideOfflineIsOffline")
}

// isOptional knows the components that are inactive outside of Microsoft's own data
// centres. Source: HealthChecker, which leaves them out.
func isOptional(component string) bool {
	return strings.EqualFold(component, "ForwardSyncDaemon") || strings.EqualFold(component, "ProvisioningRps")
}

const wholeServer = "ServerWideOffline"

func readComponents(v visit) {
	rows, ok := v.Some("components", componentStates(v.probe))
	if !ok {
		readRequested(v)
		return
	}
	for _, row := range v.rows("components", componentPrefix, rows, column("Component")) {
		state, known := v.word(row, "State")
		if !known {
			continue
		}
		if isOptional(row.Name) {
			v.Add(row.Item, "optional_component", fact.Text(state))
			continue
		}
		v.Add(row.Item, "component", fact.Text(state))
		if state == exchangehost.Active {
			continue
		}
		if holders := holders(row.Row); len(holders) > 0 {
			v.Add(row.Item, "held_by", fact.SetOf(holders...))
		}
	}
}

// holders are the requesters that want a component to be other than active, and where
// they stand. ServerWideOffline takes all others along.
func holders(row host.Row) []string {
	var all []string
	for _, side := range []struct{ column, words string }{
		{"LocalStates", " (on the server)"}, {"RemoteStates", " (in the directory)"},
	} {
		for _, text := range gather.List(row, side.column) {
			requester, state := requestOf(text)
			if requester != "" && state != exchangehost.Active {
				all = append(all, requester+side.words)
			}
		}
	}
	offline := gather.True(row, "ServerWideOfflineIsOffline")
	if offline && !strings.EqualFold(gather.Text(row, "Component"), wholeServer) {
		all = append(all, wholeServer)
	}
	return all[:min(len(all), mostHolders)]
}

const mostHolders = 20

// requestOf reads an element of LocalStates as an object reads that has no text of its
// own: @{Requester=Functional; State=Inactive; Timestamp=…; Component=…}. A host that
// cuts such objects off sends the name of their type, which says nothing.
func requestOf(text string) (requester, state string) {
	inner, isObject := strings.CutPrefix(strings.TrimSpace(text), "@{")
	if !isObject {
		return "", ""
	}
	for field := range strings.SplitSeq(strings.TrimSuffix(inner, "}"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch strings.ToLower(name) {
		case "requester":
			requester = named.Within(value, exchangehost.MostName)
		case "state":
			state = named.Within(strings.ToLower(value), exchangehost.MostName)
		}
	}
	if state == "" {
		return "", ""
	}
	return requester, state
}

// readRequested reads of the registry what the endpoint does not tell: it is mostly dead
// when components are inactive.
func readRequested(v visit) {
	if !v.local.Asked {
		return
	}
	states, holders := map[string]string{}, map[string][]string{}
	var order []string
	for _, r := range v.local.Requests {
		if isOptional(r.Component) {
			continue
		}
		at := named.Fold(r.Component)
		if states[at] == "" {
			order, states[at] = append(order, r.Component), exchangehost.Active
		}
		if r.State != exchangehost.Active {
			states[at] = r.State
			holders[at] = append(holders[at], r.Requester+" (on the server)")
		}
	}
	for _, name := range order {
		at := named.Fold(name)
		if v.probe.leaves(name) {
			continue
		}
		v.Add(componentPrefix+name, "requested", fact.Text(states[at]))
		if some := holders[at]; len(some) > 0 {
			v.Add(componentPrefix+name, "held_by", fact.SetOf(some[:min(len(some), mostHolders)]...))
		}
	}
}
