package wsman

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/miekg/dns"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/nameserver"
)

// reaches answers the collector reach from the estate's rows of it. A row says
// how and to whom it is, and the port where that counts; of dns it holds records,
// as a zone file has them, and an rcode, of which each query's answer is made. To
// whom no row belongs, there is silence; loopback answers, by DNS as the host's server
// does where it has one that listens, and so do a member
// server's gateway and its DNS servers, which know what the host's own server knows.
func reaches(h estate.Host, q packed.Question) ([]host.Row, error) {
	how := first(q.Arg("how"))
	var all []host.Row
	for _, to := range q.Arg("to") {
		known := false
		for _, r := range h.Collectors["reach"] {
			if r["how"] != how || r["to"] != to {
				continue
			}
			known = true
			rows, err := reached(h, q, row(r))
			if err != nil {
				return nil, err
			}
			all = append(all, rows...)
		}
		if known {
			continue
		}
		for _, r := range nobodys(h, to) {
			rows, err := reached(h, q, r)
			if err != nil {
				return nil, err
			}
			all = append(all, rows...)
		}
	}
	return all, nil
}

// nobodys is what becomes of an address that the estate does not tell of.
func nobodys(h estate.Host, to string) []row {
	switch {
	case to == "loopback":
		return []row{{"to": to, "address": "127.0.0.1", "lost": 0}}
	case to == "gateway" && h.Member && !ownNetwork(h):
		return []row{{"to": to, "address": netGateway(h)}}
	case to == "dns_servers" && h.Member && !ownNetwork(h):
		var records []any
		if h.DNS != nil {
			for _, record := range h.DNS.Records {
				records = append(records, record)
			}
		}
		var rows []row
		for _, server := range netServerAddresses(h) {
			rows = append(rows, row{"to": to, "address": server, "records": records})
		}
		return rows
	case to == "gateway", to == "dns_servers":
		return []row{{"to": to}}
	default:
		return []row{{"to": to, "address": to, "error": "TimedOut"}}
	}
}

var errNoQuestion = errors.New("want one question")

func first(values []string) string { return append(slices.Clone(values), "")[0] }

// reached are the rows of one address.
func reached(h estate.Host, q packed.Question, r row) ([]host.Row, error) {
	how := first(q.Arg("how"))
	own := how == "dns" && r["to"] == "loopback" && r["records"] == nil && r["rcode"] == nil
	if own && r["error"] == nil && (h.DNS == nil || h.DNS.Fault == estate.Refuse) {
		r = row{"to": r["to"], "address": r["address"], "error": "ConnectionReset"} // so Windows says of UDP
	}
	plain := host.Row{"to": cell(r["to"]), "address": cell(r["address"]), "error": cell(r["error"])}
	if r["address"] == nil {
		return []host.Row{plain}, nil
	}
	with := func(cells host.Row) host.Row {
		for name, c := range plain {
			if _, own := cells[name]; !own {
				cells[name] = c
			}
		}
		return cells
	}
	var all []host.Row
	switch how {
	case "ping":
		count, _ := strconv.Atoi(first(q.Arg("count")))
		lost := count
		if n, isInt := r["lost"].(int); isInt {
			lost = min(n, count)
		} else if r["error"] == nil {
			lost = 0
		}
		all = append(all, with(host.Row{
			"sent": cell(count), "received": cell(count - lost), "milliseconds": cell(count - lost),
		}))
	case "tcp":
		for _, port := range q.Arg("port") {
			if own := r["port"]; own == nil || fmt.Sprint(own) == port {
				all = append(all, with(host.Row{"port": {Text: port}}))
			}
		}
	case "dns":
		for i, query := range q.Arg("query") {
			answer, err := resolved(h, r, query)
			if err != nil {
				return nil, err
			}
			cells := host.Row{"query": cell(i), "transport": {Text: "udp"}, "milliseconds": {Text: "1"}, "answer": answer}
			if answer.Null && r["error"] == nil {
				cells["error"] = host.Cell{Text: "TimedOut"}
			}
			all = append(all, with(cells))
		}
	default:
		return nil, fmt.Errorf("how %q", how)
	}
	return all, nil
}

// resolved is the answer of the host's own server, by loopback, or of one whose records
// the row has.
func resolved(h estate.Host, r row, query string) (host.Cell, error) {
	if r["to"] != "loopback" || r["records"] != nil || r["rcode"] != nil || r["error"] != nil {
		return resolve(r, query)
	}
	packed, err := base64.StdEncoding.DecodeString(query)
	if err != nil {
		return host.Cell{}, err
	}
	answer := nameserver.Answer(h, packed)
	if answer == nil {
		return host.Cell{Null: true}, nil
	}
	return host.Cell{Text: base64.StdEncoding.EncodeToString(answer)}, nil
}

// resolve is a name server's answer to a message.
func resolve(r row, query string) (host.Cell, error) {
	if r["error"] != nil {
		return host.Cell{Null: true}, nil
	}
	packed, err := base64.StdEncoding.DecodeString(query)
	if err != nil {
		return host.Cell{}, err
	}
	asked := new(dns.Msg)
	if err := asked.Unpack(packed); err != nil || len(asked.Question) != 1 {
		return host.Cell{}, fmt.Errorf("a query that is none: %w", errors.Join(err, errNoQuestion))
	}
	reply := new(dns.Msg).SetReply(asked)
	reply.RecursionAvailable = true
	named := false
	records, _ := r["records"].([]any)
	for _, text := range records {
		rr, err := dns.NewRR(fmt.Sprint(text))
		if err != nil {
			return host.Cell{}, err
		}
		if dns.CanonicalName(rr.Header().Name) != dns.CanonicalName(asked.Question[0].Name) {
			continue
		}
		named = true
		if rr.Header().Rrtype == asked.Question[0].Qtype {
			reply.Answer = append(reply.Answer, rr)
		}
	}
	if !named {
		reply.Rcode = dns.RcodeNameError
	}
	if text, is := r["rcode"].(string); is {
		reply.Rcode = dns.StringToRcode[text]
		reply.Answer = nil
	}
	reply.Id = 0 // as the script hands it out
	answer, err := reply.Pack()
	if err != nil {
		return host.Cell{}, err
	}
	return host.Cell{Text: base64.StdEncoding.EncodeToString(answer)}, nil
}
