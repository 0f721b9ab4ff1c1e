// Package inside puts from the host under test itself what the kinds ping, tcp
// and dns ask from the runner: both views side by side tell a dead service from a
// closed firewall.
package inside

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// Who asks.
const (
	Runner = "runner"
	Host   = "host"
	Both   = "both"
)

// Names that stand for what the host knows.
const (
	Loopback   = "loopback"
	Gateway    = "gateway"
	DNSServers = "dns_servers"
)

// most and longest bound what one check asks of the host, which asks one after the
// other, and for all checks together in one process that a session waits for.
const (
	most    = 64
	longest = 45 * time.Second
)

// Views are the words of a check's from.
func Views() []string { return []string{Runner, Host, Both} }

// View says who asks. The error is for the check's author.
func View(from string) (string, error) {
	if !slices.Contains(Views(), from) {
		return "", probes.Fieldf("from", "must be %s, %s or %s, got %q", Runner, Host, Both, from)
	}
	return from, nil
}

// CheckNames refuses names that only the host itself can put an address to.
func CheckNames(field string, names ...string) error {
	for _, name := range names {
		if name == Loopback || name == Gateway || name == DNSServers {
			return probes.Fieldf(field, "%s is known to the host alone: write from: host", name)
		}
	}
	return nil
}

// Call is what a host is to do.
type Call struct {
	How     string // ping, tcp or dns
	To      []string
	Ports   []int
	Queries []string // of dns: base64 of messages
	Count   int      // echoes
	Wait    time.Duration
}

// Check refuses what takes a host too long.
func (c Call) Check(field string) error {
	if n := len(c.To) * max(1, len(c.Ports)) * max(1, len(c.Queries)) * max(1, c.Count); n > most {
		return probes.Fieldf(field, "a host does not more than %d such things in one check, got %d", most, n)
	} else if worst := time.Duration(n) * c.each(); worst > longest {
		return probes.Fieldf(field, "without an answer a host would be busy for %s, and it may be for %s: "+
			"ask less in one check", worst, longest)
	}
	return nil
}

// each is how long one thing takes that nobody answers: a DNS query is put twice.
func (c Call) each() time.Duration {
	if c.How == "dns" {
		return 2 * c.Wait
	}
	return c.Wait
}

// Question is the call as it is put to the host.
func (c Call) Question() host.Collector {
	args := map[string][]string{
		"how": {c.How}, "to": c.To, "wait": {strconv.FormatInt(c.Wait.Milliseconds(), 10)},
	}
	for _, port := range c.Ports {
		args["port"] = append(args["port"], strconv.Itoa(port))
	}
	if len(c.Queries) > 0 {
		args["query"] = c.Queries
	}
	if c.Count > 0 {
		args["count"] = []string{strconv.Itoa(c.Count)}
	}
	return host.Collector{Name: "reach", Args: args}
}

// Reply is what came of one address.
type Reply struct {
	To, Address string // Address is empty when the host knows none for To
	Row         host.Row
	Err         string // .NET's name of the error; empty when there was an answer
}

// Replies reads the answer to the call. A host that names nothing at all has cut
// it off.
func (c Call) Replies(answers host.Answers) ([]Reply, error) {
	rows, err := answers.To(c.Question())
	if err != nil {
		return nil, err
	}
	replies := make([]Reply, 0, len(rows))
	told := map[string]bool{}
	for _, row := range rows {
		r := Reply{To: row.Get("to").Text, Address: row.Get("address").Text, Row: row, Err: row.Get("error").Text}
		if r.To == "" {
			return nil, fmt.Errorf("asking from the host: a row that does not say whom it is about")
		}
		told[r.To] = true
		replies = append(replies, r)
	}
	for _, to := range c.To {
		if !told[to] {
			return nil, fmt.Errorf("asking from the host: nothing came of %q", to)
		}
	}
	return replies, nil
}

// Item names what a reply is about: as the suite writes it, or for a name that
// stands for several addresses with the address. The number of the interface in
// an IPv6 address is another one after each boot.
func (r Reply) Item() string {
	address, _, _ := strings.Cut(r.Address, "%")
	if r.To != Gateway && r.To != DNSServers || address == "" {
		return r.To
	}
	return r.To + " " + address
}

// NoAddress is the state of what the host finds no address for.
const NoAddress = "no address"

// State is what became of an attempt, in the words that the runner uses; empty
// when there was an answer, or when the error tells nothing about the other side.
func (r Reply) State() string {
	if r.Address == "" {
		return NoAddress
	}
	switch r.Err {
	case "HostNotFound", "NoData", "TryAgain":
		return NoAddress
	case "ConnectionRefused":
		return reach.Refused
	case "ConnectionReset", "ConnectionAborted":
		return reach.Reset
	case "TimedOut":
		return reach.NoAnswer
	case "HostUnreachable", "NetworkUnreachable", "HostDown", "NetworkDown", "AddressNotAvailable":
		return reach.Unreachable
	default:
		return ""
	}
}

// Cause is the reason in words, for evidence; empty when there was an answer.
func (r Reply) Cause() string {
	switch {
	case r.Address == "":
		return "the host knows none"
	case r.State() == NoAddress:
		return "the host finds no address for the name (" + r.Err + ")"
	case r.State() != "": // which says it all
		return ""
	default:
		return r.Err
	}
}

// NotObserved is the error of a reply that tells nothing about the other side. What
// a name stands for may be more than Check could know.
func (r Reply) NotObserved() error {
	if r.Err == "NotReached" {
		return fmt.Errorf("asking from the host for %q: it had no time left, since all before took %s", r.Item(), longest)
	}
	return fmt.Errorf("asking from the host for %q: %s", r.Item(), cmp.Or(r.Err, "it does not say what came of it"))
}
