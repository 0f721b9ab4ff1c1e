package wsman

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

// asked puts the collector's question about one page and shows the row without the
// certificate.
func asked(t *testing.T, h estate.Host, args map[string]string) string {
	t.Helper()
	q := packed.Question{Collector: "request"}
	for name, value := range map[string]string{
		"address": "loopback", "port": "443", "tls": "true", "name": "", "site": "", "path": "/", "method": "GET",
		"http2": "false", "wait": "8000",
	} {
		if own, is := args[name]; is {
			value = own
		}
		q.Args = append(q.Args, packed.Arg{Name: name, Values: []string{value}})
	}
	p := &process{certs: func(estate.TLS) (*tls.Certificate, error) { return nil, errors.New("none here") }}
	rows, err := p.answer(h, q)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v, %v", rows, err)
	}
	return shown(rows[0])
}

func shown(r host.Row) string {
	var texts []string
	for name, c := range r {
		if name != "certificate" && !c.Null {
			texts = append(texts, name+"="+c.Text)
		}
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

func TestRequests(t *testing.T) {
	moved := estate.Page{Status: 301, Headers: map[string]string{"Location": "/b"}}
	plain := []estate.Site{{Pages: map[string]estate.Page{"/a": moved}}}
	h := estate.Host{
		Name: "web01", HTTP: append(plain, estate.Site{TLS: &estate.TLS{}}, estate.Site{Port: 81, Fault: estate.Drop},
			estate.Site{Port: 82, Fault: estate.Silent}, estate.Site{Port: 83, Fault: estate.Garbage}),
		Collectors: map[string][]map[string]any{"request": {
			{"http2": true, "path": "/reset", "error": "HRESULT 0x80072EFF"},
			{"port": 80, "path": "/other", "status": 503},
			{"address": "www.test", "status": 200},
		}},
	}
	for name, tt := range map[string]struct {
		args map[string]string
		want string
	}{
		"its own site": {
			map[string]string{"port": "80", "tls": "false", "path": "/a"},
			"address=127.0.0.1 index=0 location=/b milliseconds=1 protocol=HTTP/1.1" +
				" server=Microsoft-IIS/10.0 stage=answer status=301",
		},
		"the estate knows better": {
			map[string]string{"port": "80", "tls": "false", "path": "/other"},
			"address=127.0.0.1 index=0 milliseconds=1 protocol=HTTP/1.1 server=Microsoft-IIS/10.0 stage=answer status=503",
		},
		"a TLS that fails": {nil, "address=127.0.0.1 error=IOException index=0 name=WEB01 stage=tls"},
		"a TLS that fails for HTTP/2": {
			map[string]string{"http2": "true"}, "address=127.0.0.1 error=HRESULT 0x80072F7D index=0 stage=http2",
		},
		"HTTP/2 that is reset": {
			map[string]string{"http2": "true", "path": "/reset"},
			"address=127.0.0.1 error=HRESULT 0x80072EFF index=0 stage=http2",
		},
		"the same by HTTP/1.1": {
			map[string]string{"path": "/reset"}, "address=127.0.0.1 error=IOException index=0 name=WEB01 stage=tls",
		},
		"nothing listens": {
			map[string]string{"port": "84"}, "address=127.0.0.1 error=ConnectionRefused index=0 stage=connect",
		},
		"a server that closes": {
			map[string]string{"port": "81", "tls": "false"}, "address=127.0.0.1 error=Ended index=0 stage=answer",
		},
		"a server that is silent": {
			map[string]string{"port": "82", "tls": "false"}, "address=127.0.0.1 error=TimedOut index=0 stage=answer",
		},
		"a server of nonsense": {
			map[string]string{"port": "83", "tls": "false"}, "address=127.0.0.1 error=NoHttp index=0 stage=answer",
		},
		"elsewhere is silence": {
			map[string]string{"address": "a.test"}, "address=a.test error=TimedOut index=0 stage=connect",
		},
		"elsewhere, as the row says": {
			map[string]string{"address": "www.test"}, "address=www.test index=0 stage=connect status=200",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, asked(t, h, tt.args)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	if rows, err := new(process).answer(h, packed.Question{Collector: "request", Args: []packed.Arg{
		{Name: "address", Values: []string{"loopback"}},
	}}); err == nil {
		t.Errorf("no port: got %v", rows)
	}
}
