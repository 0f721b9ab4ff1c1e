// Package exchange observes the health pages of an Exchange server.
package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "exchange".
var Kind = probes.Define(probes.Kind{
	Name:  "exchange",
	Doc:   "Exchange's own health pages, by which load balancers decide: does each virtual directory take users.",
	Item:  "the endpoint: owa, ews, mapi…",
	Items: probes.AnyCase,
	Main:  "endpoint",
	Words: map[string][]string{
		"endpoint": {"owa", "ecp", "ews", "mapi", "oab", "rpc", "autodiscover", "eas", "powershell"},
	},
	Settles:  "exchange",
	Example:  "- exchange: [owa, ews, mapi, autodiscover]\n  why: Outlook and phones\n",
	Readings: append(specs(), certificateSpecs()...),
}, params{
	Endpoints: []string{"owa", "ecp", "ews", "mapi", "oab", "rpc", "autodiscover", "eas"},
	Port:      443,
}, build)

type params struct {
	Endpoints  []string `param:"endpoint" doc:"The virtual directories; eas is Microsoft-Server-ActiveSync."`
	Address    string   `param:"address" absent:"the host under test" doc:"Where the server is."`
	Port       int      `param:"port" doc:"The port; 444 is the back end's."`
	ServerName string   `param:"server_name" absent:"the address" doc:"The public name, in TLS and in the request."`
	Node       string   `param:"node" absent:"the host's name" doc:"The server that the page has to name."`
}

func specs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "health", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: healthy,
			Values:  []string{"ok", "down", "refused", "reset", "tls failed"},
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc:     "What the page says: ok, down (any other answer), refused, reset, or tls failed.",
		},
		{
			Name: "status", Type: fact.TypeInt, Of: "HTTP status", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "The page's status code; what it means for the page is in health.",
		},
		{Name: "node", Type: fact.TypeText, Doc: "The server that the page names, in lower case."},
		{
			Name: "right_node", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the page comes from the server under test and not from another behind a load balancer.",
		},
		{
			Name: "latency", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long the first byte of the page took.",
		},
	}
}

// certificateSpecs expects no particular name: load balancers ask for these
// pages by the node's name, and certificates bear the public ones.
func certificateSpecs() []probes.ReadingSpec {
	specs := reach.CertificateSpecs()
	for i := range specs {
		if specs[i].Name == "certificate" {
			specs[i].Expect = "one of " + reach.Valid + ", " + reach.WrongName
		}
	}
	return specs
}

const healthy = "ok"

func build(p params) (probes.Probe, error) {
	p.Endpoints = slices.Clone(p.Endpoints)
	for i, endpoint := range p.Endpoints {
		p.Endpoints[i] = strings.ToLower(endpoint)
		if directory(endpoint) == "" {
			return nil, probes.Fieldf("endpoint",
				"must be owa, ecp, ews, mapi, oab, rpc, autodiscover, eas or powershell, got %q", endpoint)
		}
	}
	if len(p.Endpoints) == 0 {
		return nil, probes.Fieldf("endpoint", "the list is empty")
	}
	if strings.ContainsAny(p.ServerName, "/:? \t\r\n") {
		return nil, probes.Fieldf("server_name", "%q is no name", p.ServerName)
	}
	p.Endpoints = reach.Unique(p.Endpoints)
	return probe(p), reach.CheckPorts("port", p.Port)
}

// directory is the virtual directory of an endpoint.
func directory(endpoint string) string {
	switch endpoint := strings.ToLower(endpoint); endpoint {
	case "owa", "ecp", "ews", "mapi", "oab", "rpc", "autodiscover", "powershell":
		return endpoint
	case "eas":
		return "Microsoft-Server-ActiveSync"
	default:
		return ""
	}
}

type probe params

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	return reach.Each(p.Endpoints, func(endpoint string) ([]fact.Reading, error) {
		readings, err := p.observe(ctx, t, endpoint)
		if err != nil {
			err = fmt.Errorf("reading the health page of %s: %w", endpoint, err)
		}
		return readings, err
	})
}

func (p probe) observe(ctx context.Context, t probes.Target, endpoint string) ([]fact.Reading, error) {
	name := cmp.Or(p.ServerName, p.Address, reach.Name(t))
	url := "https://" + reach.JoinPort(name, p.Port) + "/" + directory(endpoint) + "/healthcheck.htm"
	request, err := reach.NewRequest(ctx, http.MethodGet, url)
	if err != nil {
		return nil, err
	}
	if p.Port == reach.DefaultPort("https") {
		request.Host = strings.TrimSuffix(request.Host, ":443")
	}
	const most = 16 << 10 // the page is two lines
	got, err := reach.Fetch(ctx, t, reach.Request{
		HTTP: request, Address: reach.JoinPort(reach.Address(t, p.Address), p.Port), Name: name, MaxBody: most,
	})
	if got == nil {
		switch state := reach.State(err); state {
		case reach.Refused, reach.Reset, reach.TLSFailed:
			return []fact.Reading{probes.Read(endpoint, "health", fact.Text(state))}, nil
		}
		return nil, err
	}
	readings := []fact.Reading{
		probes.Read(endpoint, "status", fact.Int(got.Status)),
		probes.Read(endpoint, "latency", fact.Duration(got.Latency)),
	}
	if got.TLS != nil {
		trust := reach.Trust{Name: name, Roots: t.Roots}
		readings = append(readings, reach.CertificateReadings(endpoint, *got.TLS, trust, time.Now())...)
	}
	switch {
	case got.Status == http.StatusUnauthorized:
		return readings, errors.New("inconclusive: the server asked for credentials")
	case got.Status != http.StatusOK:
		return append(readings, probes.Read(endpoint, "health", fact.Text("down"))), nil
	case err != nil:
		return readings, err
	}
	return append(readings, p.read(endpoint, got.Body, t)...), nil
}

// read makes readings of a page that came with status 200.
func (p probe) read(endpoint string, body []byte, t probes.Target) []fact.Reading {
	ok, node := parse(body)
	if !ok {
		return []fact.Reading{probes.Read(endpoint, "health", fact.Text("down"))}
	}
	readings := []fact.Reading{probes.Read(endpoint, "health", fact.Text(healthy))}
	if node == "" {
		return readings
	}
	readings = append(readings, probes.Read(endpoint, "node", fact.Text(node)))
	if want := p.expected(t); want != "" {
		readings = append(readings, probes.Read(endpoint, "right_node", fact.Bool(exchangehost.SameServer(node, want))))
	}
	return readings
}

// expected is the server that a page has to name; empty when nobody can tell.
func (p probe) expected(t probes.Target) string {
	if p.Node != "" {
		return p.Node
	}
	if _, err := netip.ParseAddr(t.Host); err == nil || p.Address != "" {
		return ""
	}
	return t.Host
}

// parse reads a health page, "200 OK<br/>EX01.example.org": whether it says so,
// and the server's name in lower case.
func parse(body []byte) (ok bool, node string) {
	page := strings.TrimPrefix(string(body), "\ufeff")
	rest, ok := strings.CutPrefix(strings.TrimSpace(page), "200 OK")
	if !ok || rest != "" && !strings.ContainsAny(rest[:1], "< \t\r\n") {
		return false, ""
	}
	rest = strings.TrimSpace(rest)
	if end := strings.IndexByte(rest, '>'); end >= 0 && strings.HasPrefix(strings.ToLower(rest), "<br") {
		rest = rest[end+1:]
	}
	rest = strings.TrimSpace(rest)
	if end := strings.IndexAny(rest, "<\r\n \t"); end >= 0 {
		rest = rest[:end]
	}
	const longest = 255 // that a name can be
	return true, strings.ToLower(rest[:min(len(rest), longest)])
}
