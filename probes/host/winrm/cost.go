package winrm

import (
	"strings"

	"postpatch/probes/host"
)

// Cost is what questions cost a host.
type Cost struct {
	// Messages are those of SOAP, where the host answers at once and what it says fits
	// into one reply; not those that prove the account.
	Messages int
	Script   bool // one PowerShell process answers them all, but for commands of an endpoint
}

// What a script costs, and an endpoint's pool and each command in it: mostly two
// receives each.
const (
	scriptMessages  = 5 // Create, Command, Receive, Receive, Delete
	poolMessages    = 4 // Create, Receive, Receive, Delete
	commandMessages = 3 // Command, Receive, Receive
)

// CostOf says beforehand what merged questions cost, by the way that Ask takes; where
// Exchange's commands go by the snap-in, it is less.
func CostOf(questions []host.Question) Cost {
	cost := Cost{}
	queries, commands := 0, 0
	endpoints := map[string]bool{}
	for _, q := range questions {
		switch q := q.(type) {
		case host.WQL:
			queries += messagesOf(q)
		case host.Collector, host.Script:
			cost.Script = true
		case host.Cmdlet:
			commands += commandMessages
			endpoints[strings.ToLower(q.Endpoint)] = true
		}
	}
	cost.Script = cost.Script || queries > mostMessages
	cost.Messages = queries
	if cost.Script {
		cost.Messages = scriptMessages
	}
	cost.Messages += commands + len(endpoints)*poolMessages
	return cost
}
