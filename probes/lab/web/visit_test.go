package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/web"
)

// A host that visits itself sees what others see, faults included.
func TestVisit(t *testing.T) {
	issue, _ := authority(t)
	site := func(fault estate.Fault) estate.Host {
		return estate.Host{Name: "web01", HTTP: []estate.Site{
			{TLS: &estate.TLS{}, Fault: fault, Pages: map[string]estate.Page{"/here": {Status: 302}}},
			{Port: 8080, Pages: map[string]estate.Page{"/here": {Body: "plain"}}},
		}}
	}
	open := estate.Host{PowerShell: map[string]estate.Endpoint{"X": {Path: "/powershell/"}}}
	for name, tt := range map[string]struct {
		host   estate.Host
		url    string
		http2  bool
		proto  string
		status int
		err    error // nil with no status is any error
	}{
		"a page":                  {site(""), "https://web01/here", false, "HTTP/1.1", 302, nil},
		"a page by HTTP/2":        {site(""), "https://web01/here", true, "HTTP/2", 302, nil},
		"no page":                 {site(""), "https://web01/there", false, "HTTP/1.1", 404, nil},
		"a page without TLS":      {site(""), "http://web01:8080/here", false, "HTTP/1.1", 200, nil},
		"Exchange":                {exchange(), "https://ex01/ecp/healthcheck.htm", true, "HTTP/2", 503, nil},
		"PowerShell":              {open, "http://web01/powershell/", false, "HTTP/1.1", 401, nil},
		"an error":                {site(estate.Error), "https://web01/here", false, "HTTP/1.1", 500, nil},
		"an endless page":         {site(estate.Endless), "https://web01/here", true, "HTTP/2", 200, nil},
		"a page that stalls":      {site(web.Stall), "https://web01/here", false, "HTTP/1.1", 200, nil},
		"no server":               {estate.Host{}, "https://web01/", false, "", 0, web.ErrRefused},
		"a server that is down":   {site(estate.Refuse), "https://web01/", false, "", 0, web.ErrRefused},
		"a server that is silent": {site(estate.Silent), "https://web01/here", false, "", 0, web.ErrSilent},
		"a server that closes":    {site(estate.Drop), "https://web01/here", true, "", 0, web.ErrTLS},
		"a server of nonsense":    {site(estate.Garbage), "https://web01/here", true, "", 0, web.ErrTLS},
		"no TLS there":            {site(""), "https://web01:8080/here", false, "", 0, web.ErrTLS},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			port := map[string]int{"https:": 443, "http:": 80, "http:8080": 8080, "https:8080": 8080}[u.Scheme+":"+u.Port()]
			visit := web.Visit{Host: tt.host, Certs: issue, Port: port, Name: "web01", HTTP2: tt.http2}
			head, err := visit.Get(t.Context(), &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}})
			if tt.status == 0 {
				if head != nil || !errors.Is(err, tt.err) {
					t.Errorf("got %v, %v, want %v", head, err, tt.err)
				}
				return
			}
			isTLS := u.Scheme == "https"
			if err != nil || head.Status != tt.status || head.Protocol != tt.proto || (head.Certificate != nil) != isTLS {
				t.Errorf("got %+v, %v", head, err)
			}
		})
	}
}
