package dhcp

import (
	"fmt"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/parts"
)

// What the counters come to. A word for not knowing, since a reading that is not
// there would be a finding.
const (
	answering = "answering"
	silent    = "silent"
	notJudged = "not judged"
)

// countSpecs are told by the server itself: they show one that receives and answers
// nobody, and not one that receives nothing, or whose answers get lost.
func countSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "serving", Type: fact.TypeText, Rule: ignore, Severity: fact.Fail, Keep: "!= " + silent,
			Doc: "By own counters, not by a round trip: answering, silent; not judged in the first hour, unasked, on standby.",
		},
		{
			Name: "counted", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "What the server has counted since its start, and for how long.",
		},
		{
			Name: "discovers", Type: fact.TypeInt, Of: "messages", Rule: ignore,
			Doc: "How often a client has looked for a server, since the start.",
		},
		{
			Name: "offers", Type: fact.TypeInt, Of: "messages", Rule: ignore,
			Doc: "How often the server has offered an address, since the start.",
		},
		{
			Name: "acks", Type: fact.TypeInt, Of: "messages", Rule: ignore,
			Doc: "How often it has confirmed an address, since the start.",
		},
	}
}

// counts are the counters of a server. Source: the documentation of the class
// DhcpServerv4Statistics; MS-DHCPM 2.2.1.2.95 says of Offers that they are those
// which were not confirmed, so an ack stands for an offer too.
type counts struct {
	discovers, offers, requests, acks, naks int64
	inUse                                   int64 // addresses
	ran                                     time.Duration
}

// readCounts tells what the server has counted, and what that comes to.
func readCounts(r *gather.Reader, told parts.Parts) {
	row, ok := told.One("counts")
	if !ok {
		return
	}
	var c counts
	for column, n := range map[string]*int64{
		"Discovers": &c.discovers, "Offers": &c.offers, "Requests": &c.requests, "Acks": &c.acks, "Naks": &c.naks,
		"InUse": &c.inUse,
	} {
		number, known := gather.Number(row, column)
		if !known || number < 0 || number >= 1<<32 {
			r.Failf("counts", "the host does not tell all of them as numbers")
			return
		}
		*n = number
	}
	r.Add("", "discovers", fact.Int(c.discovers))
	r.Add("", "offers", fact.Int(c.offers))
	r.Add("", "acks", fact.Int(c.acks))
	now, nowErr := row.Get("Now").Time()
	started, startedErr := row.Get("Started").Time()
	if nowErr != nil || startedErr != nil {
		r.Failf("serving", "the host does not tell since when the server counts")
		return
	}
	c.ran = now.Sub(started)
	serving := notJudged
	switch {
	case !c.asked() || !answersFirst(r, told, row):
	case c.serves():
		serving = answering
	default:
		serving = silent
	}
	r.Add("", "serving", fact.Text(serving))
	r.Add("", "counted", fact.Text(c.String()))
}

// asked says whether enough has happened to judge: somebody asked, or with so many
// leases somebody would have. A lease of the usual 8 days is renewed after 4.
func (c counts) asked() bool {
	const few, many = 10, 100
	heard := c.ran >= time.Hour && c.discovers+c.requests >= few
	return heard || c.ran >= 24*time.Hour && c.inUse >= many
}

// serves says whether the server has confirmed anything, and offered for at least a
// tenth of what it was asked: some clients are none of its own.
func (c counts) serves() bool {
	return c.acks > 0 && 10*max(c.offers, c.acks) >= c.discovers
}

func (c counts) String() string {
	return fmt.Sprintf("%d discovers, %d offers, %d requests, %d acks, %d naks in %s",
		c.discovers, c.offers, c.requests, c.acks, c.naks, c.ran.Truncate(time.Minute))
}

// answersFirst says whether the server answers clients at once: one that stands by,
// or waits for another to answer, may rightly serve nobody.
func answersFirst(r *gather.Reader, told parts.Parts, counted host.Row) bool {
	if late, _ := gather.Number(counted, "Delayed"); late > 0 {
		return false
	}
	relations, whole := list(r, told, "failover")
	for _, row := range relations {
		if lower(gather.Text(row, "Mode")) == "hotstandby" && lower(gather.Text(row, "Role")) != "active" {
			return false
		}
	}
	return whole
}
