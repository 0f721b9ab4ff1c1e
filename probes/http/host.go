package http

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/reach"
)

// hostProbe lets the host under test ask: what is not elsewhere, of itself by
// loopback.
type hostProbe struct {
	pages    []page
	http2    bool
	question host.Collector
}

const (
	hostWait  = 8 * time.Second // for one page; a pool that starts takes its time
	mostPages = 16              // the host asks for one after the other
)

func newHostProbe(p probe) (hostProbe, error) {
	const onlyRunner = "only the runner reads whole pages: leave it out, or write from: runner"
	switch {
	case p.Match != "":
		return hostProbe{}, probes.Fieldf("match", onlyRunner)
	case len(p.Headers) > 0:
		return hostProbe{}, probes.Fieldf("headers", "only the runner sends headers: leave them out, or write from: runner")
	case p.Follow:
		return hostProbe{}, probes.Fieldf("follow", "only the runner follows: leave it out, or write from: runner")
	case p.MaxBody != defaultMaxBody:
		return hostProbe{}, probes.Fieldf("max_body", onlyRunner)
	case len(p.pages) > mostPages:
		return hostProbe{}, probes.Fieldf("url", "a host asks for not more than %d pages in one check, got %d",
			mostPages, len(p.pages))
	}
	args := map[string][]string{
		"method": {p.Method}, "http2": {strconv.FormatBool(p.HTTP2)},
		"wait": {strconv.FormatInt(hostWait.Milliseconds(), 10)},
	}
	for _, page := range p.pages {
		u := *page.url
		name := u.Hostname()
		port := cmp.Or(u.Port(), strconv.Itoa(reach.DefaultPort(u.Scheme)))
		site := p.HostHeader
		if site == "" && name != "" {
			site = authority(name, u.Port())
		}
		for arg, value := range map[string]string{
			"address": cmp.Or(name, inside.Loopback), "port": port, "tls": strconv.FormatBool(u.Scheme == "https"),
			"name": cmp.Or(p.ServerName, bare(p.HostHeader), name), "site": site, "path": u.RequestURI(),
		} {
			args[arg] = append(args[arg], value)
		}
	}
	return hostProbe{p.pages, p.HTTP2, host.Collector{Name: "request", Args: args}}, nil
}

// Questions implements probes.Asker.
func (p hostProbe) Questions() []host.Question { return []host.Question{p.question} }

// Observe implements probes.Probe.
func (p hostProbe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	rows, err := t.Answers.To(p.question)
	if err != nil {
		return nil, err
	}
	replies := make([]reply, len(p.pages))
	for i, page := range p.pages {
		replies[i] = reply{page: page, to: p.question.Args["address"][i]}
	}
	for _, row := range rows {
		i, err := row.Get("index").Int()
		if err != nil || i < 0 || i >= int64(len(replies)) || replies[i].row != nil {
			return nil, fmt.Errorf("asking from the host: an answer to no question, got %q", row.Get("index").Text)
		}
		replies[i].row = row
	}
	return reach.Each(replies, func(r reply) ([]fact.Reading, error) {
		readings, err := p.read(r, t)
		if err != nil {
			err = fmt.Errorf("asking from the host for %q: %w", r.item, err)
		}
		return readings, err
	})
}

// reply is what came of one page.
type reply struct {
	page
	to  string
	row host.Row
}

func (p hostProbe) read(r reply, t probes.Target) ([]fact.Reading, error) {
	if r.row == nil {
		return nil, errors.New("nothing came of it")
	}
	if state, cause, err := r.failure(); state != "" || err != nil {
		if err != nil {
			return nil, err
		}
		return []fact.Reading{
			probes.Read(r.item, "state", fact.Text(state)), probes.Read(r.item, "cause", fact.Text(bounded(cause))),
		}, nil
	}
	status, err := r.row.Get("status").Int()
	if err != nil || status < 100 || status > 999 {
		return nil, fmt.Errorf("what came is no status code: %.20q", r.row.Get("status").Text)
	}
	readings := []fact.Reading{
		probes.Read(r.item, "state", fact.Text(answered)), probes.Read(r.item, "status", fact.Int(status)),
	}
	if took, err := r.row.Get("milliseconds").Int(); err == nil {
		took := time.Duration(min(max(took, 0), time.Hour.Milliseconds())) * time.Millisecond
		readings = append(readings, probes.Read(r.item, "latency", fact.Duration(took)))
	}
	if protocol := r.row.Get("protocol").Text; p.http2 && protocol != "" {
		readings = append(readings, probes.Read(r.item, "protocol", fact.Text(bounded(protocol))))
	}
	if server := r.row.Get("server").Text; server != "" {
		readings = append(readings, probes.Read(r.item, "server", fact.Text(bounded(server))))
	}
	if location, _, _ := strings.Cut(r.row.Get("location").Text, "?"); location != "" {
		readings = append(readings, probes.Read(r.item, "location", fact.Text(bounded(location))))
	}
	return r.certificate(readings, t)
}

// certificate adds the readings of the leaf; the chain stays with the host.
func (r reply) certificate(readings []fact.Reading, t probes.Target) ([]fact.Reading, error) {
	text := r.row.Get("certificate").Text
	if text == "" {
		return readings, nil
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return readings, errors.New("its certificate is none")
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return readings, fmt.Errorf("its certificate is none: %w", err)
	}
	trust := reach.Trust{Name: r.row.Get("name").Text, Roots: t.Roots}
	return append(readings, reach.LeafReadings(r.item, leaf, trust, time.Now())...), nil
}

// bounded keeps what others say short enough for a report.
func bounded(s string) string { return named.Short(s, 1000) }
