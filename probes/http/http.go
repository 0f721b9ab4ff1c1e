// Package http observes what web servers answer.
package http

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "http".
var Kind = probes.Define(probes.Kind{
	Name:     "http",
	Doc:      "Web pages, seen from the runner or from the host itself: what is answered, with which certificate.",
	Item:     "the URL, as the suite writes it",
	Items:    probes.Exact,
	Main:     "url",
	Words:    map[string][]string{"method": {http.MethodGet, http.MethodHead}, "from": inside.Views()},
	Example:  "- http: [/owa/, \"https://www.example.org/\"]\n  expect: {status: \"one of 200, 302\"}\n",
	Notes:    []string{note.FromHost, note.FromBoth},
	Readings: append(specs(), reach.CertificateSpecs()...),
}, params{Method: http.MethodGet, MaxBody: defaultMaxBody, From: inside.Runner}, build)

const defaultMaxBody = 1024 // KB

type params struct {
	URLs       []string          `param:"url,required" doc:"The URLs; what begins with / or : is on the host, by https."`
	Method     string            `param:"method" doc:"How the page is asked for."`
	Headers    map[string]string `param:"headers" doc:"Headers to send; never a secret."`
	Match      string            `param:"match" doc:"A regular expression that the page has to match."`
	Follow     bool              `param:"follow" doc:"Whether to follow redirects; the last answer counts."`
	HostHeader string            `param:"host_header" absent:"the URL's host" doc:"The site to ask for."`
	ServerName string            `param:"server_name" absent:"the site's name" doc:"The name for TLS."`
	MaxBody    int               `param:"max_body" unit:"KB" doc:"How much of a page is read."`
	HTTP2      bool              `param:"http2" doc:"Whether to ask by HTTP/2; https only."`
	From       string            `param:"from" doc:"Who asks; host is the host under test, by loopback."`
}

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Values:  []string{"answered", "refused", "reset", "tls failed", "no answer", "unreachable", "no address"},
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "What became of the request: answered, refused, reset, or tls failed; from the host also " +
				"no answer, unreachable or no address.",
		},
		{
			Name: "status", Type: fact.TypeInt, Of: "HTTP status", Severity: fact.Fail, Expect: "< 400",
			Doc: "The status code.",
		},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the first byte of the answer took."},
		{Name: "size", Type: fact.TypeInt, Unit: "bytes", Rule: ignore, Doc: "How long the page is."},
		{Name: "location", Type: fact.TypeText, Severity: fact.Fail, Doc: "Where a redirect leads, without its query."},
		{
			Name: "match", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the page matches the regular expression.",
		},
		{Name: "server", Type: fact.TypeText, Severity: fact.Note, Doc: "What the server calls itself."},
		{
			Name: "protocol", Type: fact.TypeText, Severity: fact.Warn,
			Doc: "HTTP/2, or HTTP/1.1 when the server agreed to no more, of a check that asks by HTTP/2.",
		},
		{
			Name: "cause", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why there is no answer: how the server ended HTTP/2, or what the host says when it asks.",
		},
		inside.ViewsSpec(),
	}
}

const (
	answered = "answered"
	mostHops = 10 // redirects that are followed
)

// probe is a check with everything parsed.
type probe struct {
	params
	pages []page
	match *regexp.Regexp
}

// page is one URL; its host is empty when it is the host under test.
type page struct {
	item string
	url  *url.URL
}

func build(p params) (probes.Probe, error) {
	built := probe{params: p}
	for _, written := range reach.Unique(p.URLs) {
		u, err := parse(written)
		if err != nil {
			return nil, err
		}
		if p.HTTP2 && u.Scheme != "https" {
			return nil, probes.Fieldf("http2", "HTTP/2 is spoken by https only, and %q is not", written)
		}
		built.pages = append(built.pages, page{written, u})
	}
	from, err := inside.View(p.From)
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	switch from {
	case inside.Host:
		return newHostProbe(built)
	case inside.Both:
		own, err := newHostProbe(built)
		return inside.Pair(built, own, inside.ByState(answered, "status", "cert_serial")), err
	}
	if p.Match != "" {
		if p.Method == http.MethodHead {
			return nil, probes.Fieldf("match", "an answer to HEAD has no page to match")
		}
		if built.match, err = regexp.Compile(p.Match); err != nil {
			return nil, probes.Fieldf("match", "%v", err)
		}
	}
	return built, nil
}

// check refuses what makes no request.
func (p params) check() error {
	switch {
	case p.Method != http.MethodGet && p.Method != http.MethodHead:
		return probes.Fieldf("method", "must be GET or HEAD, got %q", p.Method)
	case p.MaxBody < 1 || p.MaxBody > 64<<10:
		return probes.Fieldf("max_body", "must be 1 to 65536 KB, got %d", p.MaxBody)
	case !httpguts.ValidHostHeader(p.HostHeader):
		return probes.Fieldf("host_header", "%q is no host", p.HostHeader)
	}
	for name, value := range p.Headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
			return probes.Fieldf("headers", "%q: %q is no header", name, value)
		case strings.EqualFold(name, "Host"):
			return probes.Fieldf("headers", "use host_header for the header %q", name)
		}
	}
	return nil
}

// parse reads a URL as a suite writes it.
func parse(written string) (*url.URL, error) {
	full := strings.TrimSpace(written)
	if !strings.Contains(full, "://") {
		full = "https://" + full
	}
	u, err := url.Parse(full)
	if err != nil {
		return nil, probes.Fieldf("url", "%q is no URL: %v", written, err)
	}
	switch port, err := strconv.Atoi(u.Port()); {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, probes.Fieldf("url", "must be http or https, got %q", written)
	case u.User != nil:
		return nil, probes.Fieldf("url", "a user or a password has no place in a suite")
	case u.Port() != "" && (err != nil || port < 1 || port > 65535):
		return nil, probes.Fieldf("url", "%q: a port is 1 to 65535", written)
	case strings.TrimSpace(written) == "":
		return nil, probes.Fieldf("url", "a URL is empty")
	}
	u.Fragment = ""
	return u, nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string {
	aims := make([]string, len(p.pages))
	for i, page := range p.pages {
		aims[i] = page.url.Hostname()
	}
	return aims
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	return reach.Each(p.pages, func(page page) ([]fact.Reading, error) {
		readings, err := p.observe(ctx, t, page)
		if err != nil {
			err = fmt.Errorf("fetching %q: %w", page.item, err)
		}
		return readings, err
	})
}

func (p probe) observe(ctx context.Context, t probes.Target, page page) ([]fact.Reading, error) {
	got, err := p.fetch(ctx, t, p.start(t, page))
	if got == nil {
		switch state := reach.State(err); state {
		case reach.Refused, reach.Reset, reach.TLSFailed:
			readings := []fact.Reading{probes.Read(page.item, "state", fact.Text(state))}
			if p.HTTP2 && state == reach.Reset {
				readings = append(readings, probes.Read(page.item, "cause", fact.Text(bounded(err.Error()))))
			}
			return readings, nil
		}
		if state := inside.StateOf(err); p.From == inside.Both && state != "" {
			return []fact.Reading{probes.Read(page.item, "state", fact.Text(state))}, nil
		}
		return nil, err
	}
	readings := p.read(page.item, got)
	if got.TLS != nil {
		trust := reach.Trust{Name: got.name, Roots: t.Roots}
		readings = append(readings, reach.CertificateReadings(page.item, *got.TLS, trust, time.Now())...)
	}
	switch {
	case err != nil:
		return readings, err
	case p.match == nil:
		return readings, nil
	case !got.Whole:
		return readings, fmt.Errorf("the page has more than max_body, %d KB", p.MaxBody)
	default:
		return append(readings, probes.Read(page.item, "match", fact.Bool(p.match.Match(got.Body)))), nil
	}
}

// read makes readings of an answer's head and size.
func (p probe) read(item string, got *answer) []fact.Reading {
	readings := []fact.Reading{
		probes.Read(item, "state", fact.Text(answered)),
		probes.Read(item, "status", fact.Int(got.Status)),
		probes.Read(item, "latency", fact.Duration(got.Latency)),
	}
	if got.Whole && p.Method == http.MethodGet {
		readings = append(readings, probes.Read(item, "size", fact.Int(len(got.Body))))
	}
	if p.HTTP2 {
		readings = append(readings, probes.Read(item, "protocol", fact.Text(got.Protocol)))
	}
	if server := got.Header.Get("Server"); server != "" {
		readings = append(readings, probes.Read(item, "server", fact.Text(server)))
	}
	if location := got.Header.Get("Location"); location != "" {
		location, _, _ = strings.Cut(location, "?") // states and nonces are in the query
		readings = append(readings, probes.Read(item, "location", fact.Text(location)))
	}
	return readings
}
