package wsman

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/web"
)

// requests answers the collector request. By loopback the host's own web servers
// answer; anywhere else there is silence. A row of the estate that fits a page by
// its address, port, path and http2, of which it names what counts, has its say over
// both: its other cells are the answer's.
func (p *process) requests(h estate.Host, q packed.Question) ([]host.Row, error) {
	var rows []host.Row
	for i := range q.Arg("address") {
		asked, err := pageOf(q, i)
		if err != nil {
			return nil, err
		}
		answer := host.Row{"index": cell(i), "address": cell(asked.address), "stage": cell("connect")}
		own := asked.override(h)
		switch {
		case own["error"] != nil:
		case asked.loopback:
			p.visit(h, asked, answer)
		case own == nil:
			answer["error"] = cell("TimedOut")
		}
		asked.overlay(answer, own)
		rows = append(rows, answer)
	}
	return rows, nil
}

// webPage is one page that a host is to ask for.
type webPage struct {
	address, name, site, path, method string
	port                              int
	tls, http2, loopback              bool
}

func pageOf(q packed.Question, i int) (webPage, error) {
	of := func(list string) string { return slices.Concat(q.Arg(list), make([]string, i+1))[i] }
	port, err := strconv.Atoi(of("port"))
	if err != nil {
		return webPage{}, fmt.Errorf("port %q", of("port"))
	}
	page := webPage{
		address: of("address"), name: of("name"), site: of("site"), path: of("path"), method: first(q.Arg("method")),
		port: port, tls: of("tls") == "true", http2: first(q.Arg("http2")) == "true",
	}
	if page.address == "loopback" {
		page.address = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(page.address)
	page.loopback = err == nil && ip.IsLoopback()
	return page, nil
}

// override is the estate's row about a page; nil for none.
func (w webPage) override(h estate.Host) row {
	values := map[string]any{"address": w.address, "port": w.port, "path": w.path, "http2": w.http2}
	for _, r := range h.Collectors["request"] {
		fits := true
		for key, value := range values {
			fits = fits && (r[key] == nil || fmt.Sprint(r[key]) == fmt.Sprint(value))
		}
		if fits {
			return row(r)
		}
	}
	return nil
}

// overlay puts an estate's cells over an answer.
func (w webPage) overlay(answer host.Row, own row) {
	for name, value := range own {
		switch name {
		case "address", "port", "path", "http2":
		default:
			answer[name] = cell(value)
		}
	}
	if own["error"] != nil && own["stage"] == nil && strings.HasPrefix(answer["error"].Text, "HRESULT") {
		answer["stage"] = cell("http2")
	}
}

// visit asks the host's own web server.
func (p *process) visit(h estate.Host, w webPage, answer host.Row) {
	name, site, scheme := w.name, w.site, "http"
	if name == "" {
		name = fqdn(h)
	}
	if w.tls {
		scheme = "https"
		if w.http2 { // WinRT's client sends no name with an IP address
			name = ""
		} else {
			answer["name"] = cell(name)
		}
	}
	if site == "" {
		site = fqdn(h)
		if scheme == "http" && w.port != 80 || scheme == "https" && w.port != 443 {
			site += ":" + strconv.Itoa(w.port)
		}
	}
	u, err := url.Parse(scheme + "://" + site + w.path)
	if err != nil {
		answer["error"] = cell("UriFormatException")
		return
	}
	const most = 5 * time.Second // here nothing takes long
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	request := &http.Request{Method: w.method, URL: u, Header: http.Header{"User-Agent": {"postpatch"}}}
	head, err := web.Visit{Host: h, Certs: p.certs, Port: w.port, Name: name, HTTP2: w.http2}.Get(ctx, request)
	if err != nil {
		w.failed(answer, err)
		return
	}
	answer["stage"], answer["milliseconds"] = cell("answer"), cell(1)
	answer["status"], answer["protocol"] = cell(head.Status), cell(head.Protocol)
	if w.http2 {
		answer["stage"] = cell("http2")
	}
	for column, field := range map[string]string{"server": "Server", "location": "Location"} {
		if value := head.Header.Get(field); value != "" {
			answer[column] = cell(value)
		}
	}
	if head.Certificate != nil {
		answer["certificate"] = cell(base64.StdEncoding.EncodeToString(head.Certificate))
	}
}

// failed tells of a visit that found no answer as Windows does.
func (w webPage) failed(answer host.Row, err error) {
	stage, name, client := "answer", "NoHttp", "HRESULT 0x80072F78"
	switch {
	case errors.Is(err, web.ErrRefused):
		answer["error"] = cell("ConnectionRefused")
		delete(answer, "name") // it was not presented
		return
	case errors.Is(err, web.ErrSilent), errors.Is(err, context.DeadlineExceeded):
		name, client = "TimedOut", "TimedOut"
	case errors.Is(err, web.ErrTLS):
		stage, name, client = "tls", "IOException", "HRESULT 0x80072F7D"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE):
		name, client = "Ended", "HRESULT 0x80072EFE"
	}
	if w.http2 {
		stage, name = "http2", client
	}
	answer["stage"], answer["error"] = cell(stage), cell(name)
}
