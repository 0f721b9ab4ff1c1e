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

func queuesPart() part {
	return part{
		name: "queues", read: readQueues,
		asks: func(p probe) []host.Question { return []host.Question{queues(p)} },
		specs: []probes.ReadingSpec{
			{
				Name: "queue", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: "one of ready, active",
				Waits: texts("connecting"),
				Doc:   "Of the queues that every server has, such as Submission: ready, active, retry, suspended.",
			},
			{
				Name: "messages", Type: fact.TypeInt, Of: "messages", Rule: fact.Rule{Op: fact.Ignore}, Keep: "< 500", Trend: 50,
				Doc: "How many messages wait in such a queue. Submission grows where a filter or a rule lets none through.",
			},
			{
				Name: "waiting", Type: fact.TypeInt, Of: "messages", Rule: fact.Rule{Op: fact.Ignore}, Trend: 50,
				Doc: "How many messages wait for delivery in all others together, but for shadow copies.",
			},
			{
				Name: "retrying", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
				Doc: "The queues with messages to databases, servers and smart hosts that cannot be reached; that the " +
					"server of some other organization cannot be is no news.",
			},
			{
				Name: "suspended", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
				Doc: "The queues that somebody has suspended.",
			},
			{
				Name: "queue_error", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
				Doc: "What the retrying queues say is wrong; of the first five.",
			},
		},
	}
}

func queues(p probe) host.Cmdlet {
	return exchangehost.Command("Get-Queue", "Server", p.Server,
		"Identity", "DeliveryType", "Status", "MessageCount", "NextHopDomain", "LastError")
}

// isPermanent knows the queues that have a name of their own; all others come, go and are
// numbered anew. Source: Microsoft, "Queues and messages in queues". Unreachable is there
// only while it holds a message, and Poison mostly so.
func isPermanent(name string) bool { return strings.EqualFold(name, "Submission") }

const mostErrors = 5

// tally is what all queues but the permanent ones come to.
type tally struct {
	waiting             int64
	retrying, suspended []string
	errors              []string
}

func readQueues(v visit) {
	rows, ok := v.Some("queues", queues(v.probe))
	if !ok {
		return
	}
	var t tally
	for _, row := range v.rows("queues", "queue/", rows, queueName) {
		delivery := strings.ToLower(gather.Text(row.Row, "DeliveryType"))
		status, known := v.word(row, "Status")
		count, counted := gather.Number(row.Row, "MessageCount")
		switch {
		case delivery == "shadowredundancy":
			continue // copies of what another server delivers
		case !known:
			continue
		case !counted || count < 0:
			row.Odd(v.Reader, "MessageCount")
			continue
		case isPermanent(row.Name):
			v.Add(row.Item, "queue", fact.Text(status))
			v.Add(row.Item, "messages", fact.Int(count))
			continue
		}
		t.add(row, delivery, status, count)
	}
	v.Add("", "waiting", fact.Int(t.waiting))
	v.Add("", "retrying", fact.SetOf(t.retrying...))
	v.Add("", "suspended", fact.SetOf(t.suspended...))
	if len(t.errors) > 0 {
		v.Add("", "queue_error", fact.SetOf(t.errors...))
	}
}

func (t *tally) add(row named.Row, delivery, status string, count int64) {
	t.waiting += count
	const toOthers = "dnsconnectordelivery" // to whom a message happens to be for
	name := strings.TrimSuffix(named.Within(gather.Text(row.Row, "NextHopDomain"), exchangehost.MostName), ".")
	if name == "" {
		name = row.Name
	}
	switch {
	case status == "suspended":
		t.suspended = append(t.suspended, name)
	case status == "retry" && count > 0 && delivery != toOthers:
		t.retrying = append(t.retrying, name)
		if problem := named.Line(gather.Text(row.Row, "LastError")); problem != "" && len(t.errors) < mostErrors {
			t.errors = append(t.errors, name+": "+problem)
		}
	}
}

// queueName is a queue's name without its server's: EX01\Submission, EX01\1234.
func queueName(row host.Row) string {
	name := column("Identity")(row)
	return name[strings.LastIndex(name, `\`)+1:]
}
