package suites

import (
	"context"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// probe keeps what it was built of.
type probe struct{ params any }

func (probe) Observe(context.Context, probes.Target) ([]fact.Reading, error) { return nil, nil }

func build[P any](p P) (probes.Probe, error) { return probe{p}, nil }

type pingParams struct {
	Address string        `param:"address" doc:"Where the echo goes; the host itself when empty."`
	Count   int           `param:"count"   doc:"How many echoes are sent."`
	Every   time.Duration `param:"every"   doc:"The time between two echoes."`
}

type serviceParams struct {
	Name []string `param:"name,required" doc:"The services' short names."`
}

type webParams struct {
	URL     string            `param:"url,required" doc:"What is fetched."`
	Status  []int             `param:"status"       doc:"Which statuses are fine."`
	Follow  bool              `param:"follow"       doc:"Go where a redirect leads."`
	Headers map[string]string `param:"headers"      doc:"Further headers."`
}

type dnsParams struct {
	Name   []string `param:"name,required" doc:"The names to look up."`
	Type   string   `param:"type"          doc:"A, AAAA or MX."`
	Server string   `param:"server"        doc:"The server that is asked."`
	From   string   `param:"from"          doc:"Who asks: runner or host."`
}

func testKinds() []probes.Kind {
	return []probes.Kind{pingKind(), serviceKind(), webKind(), dnsKind(), osKind(), runKind()}
}

func pingKind() probes.Kind {
	return probes.Define(probes.Kind{
		Name: "ping", Doc: "Sends ICMP echoes and reports how many come back, and how fast.",
		Item: "the address", Items: probes.HostNames, Main: "address",
		Example: "- ping: \"{{ host.address }}\"\n  expect: {loss: 0%, rtt: \"< 20ms\"}\n",
		Readings: []probes.ReadingSpec{
			{
				Name: "loss", Type: fact.TypeInt, Unit: "%", Doc: "Echoes that did not come back.", Expect: "0%",
				Rule: fact.Rule{Op: fact.AtMost}, Severity: fact.Fail,
			},
			{Name: "rtt", Type: fact.TypeDuration, Doc: "The median round trip.", Rule: fact.Rule{Op: fact.Ignore}},
		},
	}, pingParams{Count: 3, Every: 200 * time.Millisecond}, func(p pingParams) (probes.Probe, error) {
		if p.Count < 1 {
			return nil, probes.Fieldf("count", "must be at least 1, got %d", p.Count)
		}
		return probe{p}, nil
	})
}

func serviceKind() probes.Kind {
	return probes.Define(probes.Kind{
		Name: "service", Doc: "Looks at Windows services.", Item: "the service's name", Items: probes.AnyCase, Main: "name",
		Readings: []probes.ReadingSpec{
			{Name: "state", Type: fact.TypeText, Doc: "running, stopped.", Expect: "running", Severity: fact.Fail},
			{Name: "start_mode", Type: fact.TypeText, Doc: "auto, manual, disabled."},
			{Name: "depends_on", Type: fact.TypeSet, Doc: "What it needs.", Rule: fact.Rule{Op: fact.SameSet}},
		},
	}, serviceParams{}, build[serviceParams])
}

func webKind() probes.Kind {
	return probes.Define(probes.Kind{
		Name: "web", Doc: "Fetches a page.", Settles: "web",
		Readings: []probes.ReadingSpec{
			{Name: "status", Type: fact.TypeInt}, {Name: "size", Type: fact.TypeInt, Unit: "bytes"}, {Name: "cert_left", Type: fact.TypeInt, Unit: "days"},
		},
	}, webParams{}, func(p webParams) (probes.Probe, error) {
		if !strings.HasPrefix(p.URL, "http://") && !strings.HasPrefix(p.URL, "https://") {
			return nil, probes.Fieldf("url", "must begin with http:// or https://, got %q", p.URL)
		}
		return probe{p}, nil
	})
}

func dnsKind() probes.Kind {
	return probes.Define(probes.Kind{
		Name: "dns", Doc: "Looks names up.", Item: "the name", Items: probes.HostNames, Main: "name", Settles: "dc",
		Readings: []probes.ReadingSpec{{Name: "answers", Type: fact.TypeSet}, {Name: "ttl", Type: fact.TypeDuration}},
	}, dnsParams{Type: "A", From: "runner"}, func(p dnsParams) (probes.Probe, error) {
		if p.From != "runner" && p.From != "host" {
			return nil, probes.Fieldf("from", "must be runner or host, got %q", p.From)
		}
		return probe{p}, nil
	})
}

type runParams struct {
	Script probes.File `param:"script,required" doc:"What is run."`
}

func runKind() probes.Kind {
	return probes.Define(probes.Kind{
		Name: "run", Doc: "Runs a script.", Main: "script", RunsCode: true,
		Readings: []probes.ReadingSpec{{Name: "value", Type: fact.TypeText}},
	}, runParams{}, build[runParams])
}

func osKind() probes.Kind {
	return probes.Define(probes.Kind{
		Name: "os", Doc: "Which Windows it is.", Items: probes.NoItems,
		Readings: []probes.ReadingSpec{
			{Name: "build", Type: fact.TypeText}, {Name: "boot", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.AtLeast}},
		},
	}, struct{}{}, build[struct{}])
}
