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

func copiesPart() part {
	return part{
		name: "copies", read: readCopies,
		asks: func(p probe) []host.Question { return []host.Question{copyStatus(p)} },
		specs: []probes.ReadingSpec{
			{
				Name: "copy", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Expect: "one of mounted, healthy",
				Waits: texts("initializing", "resynchronizing", "mounting", "dismounting", "seeding", "seedingsource",
					"singlepagerestore", "disconnectedandresynchronizing"),
				Doc: "Of a copy: mounted or healthy, whichever after a move; failed, suspended, servicedown and others.",
			},
			{
				Name: "active_on", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Note,
				Doc: "The server on which the database is mounted; another one after maintenance is no fault.",
			},
			{
				Name: "copy_queue", Type: fact.TypeInt, Of: "log files",
				Rule: fact.Rule{Op: fact.Ignore}, Keep: "<= 50", Trend: 100,
				Doc: "How many log files the copy has yet to fetch.",
			},
			{
				Name: "replay_queue", Type: fact.TypeInt, Of: "log files",
				Rule: fact.Rule{Op: fact.Ignore}, Keep: "<= 200", Trend: 100,
				Doc: "How many log files it has yet to replay; a lagged copy has many on purpose.",
			},
			{
				Name: "content_index", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: "healthy",
				Waits: texts("crawling", "seeding"),
				Doc:   "The state of its search index; notapplicable since 2019, where it is a part of the database.",
			},
			{
				Name: "activation_suspended", Type: fact.TypeBool, Keep: "false",
				Doc: "Whether it may not become the active copy; maintenance that is not ended leaves it so.",
			},
			{
				Name: "copy_error", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
				Doc: "What the server says is wrong with it.",
			},
		},
	}
}

func copyStatus(p probe) host.Cmdlet {
	return exchangehost.Command("Get-MailboxDatabaseCopyStatus", "Server", p.Server,
		"Name", "Status", "ActiveDatabaseCopy", "CopyQueueLength", "ReplayQueueLength", "ContentIndexState",
		"ActivationSuspended", "ErrorMessage")
}

// readCopies reads the copies of this server alone. A server may have none.
func readCopies(v visit) {
	rows, ok := v.Rows("database copies", copyStatus(v.probe))
	if !ok {
		return
	}
	for _, row := range v.rows("database copies", "copy/", rows, func(row host.Row) string {
		return strings.ReplaceAll(column("Name")(row), `\`, "/")
	}) {
		if status, known := v.word(row, "Status"); known {
			v.Add(row.Item, "copy", fact.Text(status))
		}
		if active := column("ActiveDatabaseCopy")(row.Row); active != "" {
			v.Add(row.Item, "active_on", fact.Text(active))
		}
		v.length(row, "CopyQueueLength", "copy_queue")
		v.length(row, "ReplayQueueLength", "replay_queue")
		if index := strings.ToLower(column("ContentIndexState")(row.Row)); index != "" {
			v.Add(row.Item, "content_index", fact.Text(index))
		}
		if suspended, known := row.Get("ActivationSuspended").Bool(); known {
			v.Add(row.Item, "activation_suspended", fact.Bool(suspended))
		} else {
			row.Odd(v.Reader, "ActivationSuspended")
		}
		if problem := named.Line(gather.Text(row.Row, "ErrorMessage")); problem != "" {
			v.Add(row.Item, "copy_error", fact.Text(problem))
		}
	}
}

// length makes a reading of how long a queue is, which is null while nobody knows: the
// copy's state tells why.
func (v visit) length(row named.Row, column, reading string) {
	n, known := gather.Number(row.Row, column)
	switch {
	case known && n >= 0:
		v.Add(row.Item, reading, fact.Int(n))
	case !row.Get(column).Null:
		row.Odd(v.Reader, column)
	}
}
