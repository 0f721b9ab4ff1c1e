package http

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"postpatch/probes"
	"postpatch/probes/internal/reach"
)

// place is what is asked for, and where.
type place struct {
	url     url.URL // with a host, to be shown to the server
	address string  // to dial
	name    string  // for TLS
	site    string  // the Host header when not the URL's host
	own     bool    // whether it is still the site that the suite names
}

// answer is the last answer, and the name that was presented for it.
type answer struct {
	*reach.Response
	name string
}

// start is the first place of a page.
func (p probe) start(t probes.Target, page page) place {
	u := *page.url
	host := u.Hostname()
	dialled := host
	if host == "" {
		host, dialled = reach.Name(t), t.Address
	}
	u.Host = authority(host, u.Port())
	return place{
		url: u, address: address(dialled, u), own: true,
		name: cmp.Or(p.ServerName, bare(p.HostHeader), host), site: p.HostHeader,
	}
}

// bare is a Host header without its port.
func bare(site string) string {
	if host, _, err := net.SplitHostPort(site); err == nil {
		return host
	}
	return site
}

// address is the "host:port" of a URL with the given host.
func address(host string, u url.URL) string {
	if port := u.Port(); port != "" {
		return net.JoinHostPort(host, port)
	}
	return reach.JoinPort(host, reach.DefaultPort(u.Scheme))
}

func authority(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return "[" + host + "]"
	}
	return host
}

// fetch gets a page, and where a redirect leads if it is to be followed.
func (p probe) fetch(ctx context.Context, t probes.Target, first place) (*answer, error) {
	at := first
	for range mostHops {
		request, err := reach.NewRequest(ctx, p.Method, at.url.String())
		if err != nil {
			return nil, err
		}
		request.Host = cmp.Or(at.site, request.Host)
		if at.own { // headers are not for another site
			for name, value := range p.Headers {
				request.Header.Set(name, value)
			}
		}
		got, err := reach.Fetch(ctx, t, reach.Request{
			HTTP: request, Address: at.address, Name: at.name, MaxBody: int64(p.MaxBody) << 10, HTTP2: p.HTTP2,
		})
		if got == nil {
			return nil, err
		}
		seen := &answer{got, at.name}
		location := got.Header.Get("Location")
		if err != nil || !p.Follow || location == "" || !redirects(got.Status) {
			return seen, err
		}
		if at, err = at.follow(first, location); err != nil {
			return seen, err
		}
	}
	return nil, fmt.Errorf("more than %d redirects", mostHops)
}

// follow is where a redirect leads. The suite's own site stays at the address
// where it was found, whatever its name resolves to.
func (p place) follow(first place, location string) (place, error) {
	u, err := p.url.Parse(location)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return p, fmt.Errorf("following a redirect: %.100q is no URL", location)
	}
	u.User = nil
	host := u.Hostname()
	to := place{url: *u, address: address(host, *u), name: host}
	if host == first.url.Hostname() || host == bare(first.site) {
		dialled, _, _ := net.SplitHostPort(first.address)
		to.address, to.name, to.own = address(dialled, *u), first.name, true
		if host == first.url.Hostname() {
			to.site = first.site
		}
	}
	return to, nil
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}
