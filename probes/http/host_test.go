package http_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	probe "postpatch/probes/http"
	"postpatch/probes/probetest"
)

func question(t testing.TB, args map[string]any) host.Collector {
	t.Helper()
	args["from"] = "host"
	built, err := probe.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	return built.(probes.Asker).Questions()[0].(host.Collector)
}

// fromHost reads rows as the answer to a check's question.
func fromHost(t *testing.T, target probes.Target, args map[string]any, rows ...host.Row) ([]string, error) {
	t.Helper()
	target.Answers.Put(question(t, args), host.Answer{Rows: rows})
	readings, err := probetest.Observe(t, probe.Kind, target, args)
	return probetest.Texts(readings), err
}

// cells makes a row of "column", "text" pairs; an empty text is null.
func cells(pairs ...string) host.Row {
	row := host.Row{}
	for i := 0; i < len(pairs); i += 2 {
		row[pairs[i]] = host.Cell{Text: pairs[i+1], Null: pairs[i+1] == ""}
	}
	return row
}

func TestWhatTheHostIsAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		args map[string]any
		want map[string][]string
	}{
		"of itself and of others": {
			map[string]any{
				"url": []string{"/owa/?a=b c", ":8443/", "http://[::1]:8080", "https://www.test/x"}, "http2": false,
			},
			map[string][]string{
				"address": {"loopback", "loopback", "::1", "www.test"}, "port": {"443", "8443", "8080", "443"},
				"tls": {"true", "true", "false", "true"}, "name": {"", "", "::1", "www.test"},
				"site": {"", "", "[::1]:8080", "www.test"}, "path": {"/owa/?a=b c", "/", "/", "/x"},
				"method": {"GET"}, "http2": {"false"}, "wait": {"8000"},
			},
		},
		"by other names": {
			map[string]any{
				"url": []string{"/"}, "http2": true, "method": "HEAD", "host_header": "mail.test:444", "server_name": "tls.test",
			},
			map[string][]string{
				"address": {"loopback"}, "port": {"443"}, "tls": {"true"}, "name": {"tls.test"}, "site": {"mail.test:444"},
				"path": {"/"}, "method": {"HEAD"}, "http2": {"true"}, "wait": {"8000"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := question(t, tt.args)
			if d := cmp.Diff(tt.want, got.Args); d != "" || got.Name != "request" {
				t.Errorf("%s (-want +got):\n%s", got.Name, d)
			}
		})
	}
}

func TestWhatTheHostSees(t *testing.T) {
	a := probetest.NewAuthority(t)
	target := probes.Target{Roots: a.Roots()}
	leaf := func(a *probetest.Authority, from, until time.Duration) string {
		issued := a.Issue(t, time.Now().Add(from), time.Now().Add(until), "srv.example.test")
		return base64.StdEncoding.EncodeToString(issued.Certificate[0])
	}
	good := leaf(a, -time.Hour, 49*time.Hour)
	described := []string{
		"/ cert_days=2", "/ cert_subject=CN=srv.example.test", "/ cert_issuer=CN=Test Authority", "/ cert_serial=beef",
	}
	answer := func(pairs ...string) host.Row {
		return cells(append([]string{"index", "0", "address", "127.0.0.1", "stage", "answer", "status", "200"}, pairs...)...)
	}
	for name, tt := range map[string]struct {
		http2 bool
		row   host.Row
		want  []string
	}{
		"a page": {true, answer("milliseconds", "7", "protocol", "HTTP/2", "server", "Microsoft-IIS/10.0",
			"location", "/login?x=1", "name", "srv.example.test", "certificate", good), append([]string{
			"/ state=answered", "/ status=200", "/ latency=7ms", "/ protocol=HTTP/2", "/ server=Microsoft-IIS/10.0",
			"/ location=/login", "/ certificate=valid",
		}, described...)},
		"by HTTP/1.1, which is no news": {
			false, answer("protocol", "HTTP/1.1"), []string{"/ state=answered", "/ status=200"},
		},
		"a time that is none": {false, answer("milliseconds", "-1"), []string{
			"/ state=answered", "/ status=200", "/ latency=0s",
		}},
		"no name was presented": {false, answer("certificate", good), append([]string{
			"/ state=answered", "/ status=200", "/ certificate=valid",
		}, described...)},
		"a certificate of another name": {false, answer("name", "other.test", "certificate", good), append([]string{
			"/ state=answered", "/ status=200", "/ certificate=wrong name",
		}, described...)},
		"a chain that is not known": {
			false, answer("name", "srv.example.test", "certificate", leaf(probetest.NewAuthority(t), -time.Hour, 49*time.Hour)),
			append([]string{"/ state=answered", "/ status=200"}, described...),
		},
		"nothing listens": {
			false, cells("index", "0", "stage", "connect", "error", "ConnectionRefused"),
			[]string{"/ state=refused", "/ cause="},
		},
		"a firewall drops": {
			true, cells("index", "0", "stage", "connect", "error", "TimedOut"), []string{"/ state=no answer", "/ cause="},
		},
		"a name without an address": {
			false, cells("index", "0", "stage", "connect", "error", "HostNotFound"),
			[]string{"/ state=no address", "/ cause=the host finds no address for the name (HostNotFound)"},
		},
		"no TLS": {
			false, cells("index", "0", "stage", "tls", "error", "Win32 0x80090326"),
			[]string{"/ state=tls failed", "/ cause=Win32 0x80090326"},
		},
		"TLS that is reset": {
			false, cells("index", "0", "stage", "tls", "error", "ConnectionReset"),
			[]string{"/ state=tls failed", "/ cause=ConnectionReset"},
		},
		"a server that closes": {
			false, cells("index", "0", "stage", "answer", "error", "Ended"), []string{"/ state=reset", "/ cause="},
		},
		"a server that resets": {
			false, cells("index", "0", "stage", "answer", "error", "ConnectionReset"), []string{"/ state=reset", "/ cause="},
		},
		"HTTP/2 that is reset": {
			true, cells("index", "0", "stage", "http2", "error", "HRESULT 0x80072EFF"),
			[]string{"/ state=reset", "/ cause=the server reset HTTP/2 (HRESULT 0x80072EFF)"},
		},
		"HTTP/2 that is aborted": {
			true, cells("index", "0", "stage", "http2", "error", "HRESULT 0x80072EFE"),
			[]string{"/ state=reset", "/ cause=the server reset HTTP/2 (HRESULT 0x80072EFE)"},
		},
		"what is no HTTP/2": {
			true, cells("index", "0", "stage", "http2", "error", "HRESULT 0x80072F78"),
			[]string{"/ state=reset", "/ cause=what the server sends is no HTTP/2 (HRESULT 0x80072F78)"},
		},
		"no TLS for HTTP/2": {
			true, cells("index", "0", "stage", "http2", "error", "HRESULT 0x80072F7D"),
			[]string{"/ state=tls failed", "/ cause=HRESULT 0x80072F7D"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := fromHost(t, target, map[string]any{"url": []string{"/"}, "http2": tt.http2}, tt.row)
			if d := cmp.Diff(tt.want, got); d != "" || err != nil {
				t.Errorf("(-want +got), %v:\n%s", err, d)
			}
		})
	}
	for want, text := range map[string]string{
		"expired":       leaf(a, -2*time.Hour, -time.Hour),
		"not yet valid": leaf(probetest.NewAuthority(t), time.Hour, 2*time.Hour),
	} {
		got, err := fromHost(t, target, map[string]any{"url": []string{"/"}}, answer("certificate", text))
		if err != nil || !strings.Contains(strings.Join(got, "\n"), "/ certificate="+want) {
			t.Errorf("%s: got %q, %v", want, got, err)
		}
	}
}

// What tells nothing of the server is an error, and no other page's.
func TestWhatTheHostCannotTell(t *testing.T) {
	fine := cells("index", "1", "status", "204")
	for name, tt := range map[string]struct {
		row  host.Row
		want string
	}{
		"no row":            {nil, "nothing came of it"},
		"silence":           {cells("index", "0", "stage", "answer", "error", "TimedOut"), "no answer within 8s"},
		"silence in TLS":    {cells("index", "0", "stage", "tls", "error", "TimedOut"), "no answer within 8s"},
		"silence of HTTP/2": {cells("index", "0", "stage", "http2", "error", "TimedOut"), "no answer within 8s"},
		"WinINet's silence": {
			cells("index", "0", "stage", "http2", "error", "HRESULT 0x80072EE2"), "no answer by HTTP/2 within 8s",
		},
		"no client": {
			cells("index", "0", "stage", "client", "error", "HRESULT 0x80131501"), "the host has no client of HTTP/2",
		},
		"another error of HTTP/2": {cells("index", "0", "stage", "http2", "error", "HRESULT 0x80072F0D"), "0x80072F0D"},
		"an error of the script":  {cells("index", "0", "stage", "answer", "error", "RuntimeException\n"), `"RuntimeException\n"`},
		"nonsense":                {cells("index", "0", "stage", "answer", "error", "NoHttp"), "NoHttp"},
		"no status":               {cells("index", "0"), "no status code"},
		"a strange status":        {cells("index", "0", "status", "20"), "no status code"},
		"no certificate":          {cells("index", "0", "status", "200", "certificate", "@"), "its certificate is none"},
		"a broken certificate":    {cells("index", "0", "status", "200", "certificate", "AAAA"), "its certificate is none"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := []host.Row{fine}
			if tt.row != nil {
				rows = append(rows, tt.row)
			}
			got, err := fromHost(t, probes.Target{}, map[string]any{"url": []string{"/", "/b"}}, rows...)
			const about = `asking from the host for "/": `
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), about) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if errors.Is(err, probes.ErrNoAnswer) {
				t.Errorf("%v blames the host", err)
			}
			if !strings.Contains(strings.Join(got, "\n"), "/b status=204") {
				t.Errorf("the other page is lost: %q", got)
			}
		})
	}
	for name, rows := range map[string][]host.Row{
		"one page twice":         {cells("index", "0", "status", "204"), fine, fine},
		"a page of nobody":       {cells("index", "2", "status", "200")},
		"a page before them all": {cells("index", "-1", "status", "200")},
		"no page":                {cells("status", "200")},
	} {
		if got, err := fromHost(t, probes.Target{}, map[string]any{"url": []string{"/", "/b"}}, rows...); err == nil {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if readings, err := probetest.Observe(t, probe.Kind, probes.Target{}, map[string]any{
		"url": []string{"/"}, "from": "host",
	}); err == nil {
		t.Errorf("never asked: got %v", readings)
	}
}

func TestParametersFromTheHost(t *testing.T) {
	many := make([]string, 17)
	for i := range many {
		many[i] = "/" + strings.Repeat("x", i)
	}
	for name, args := range map[string]map[string]any{
		"match":    {"url": []string{"/"}, "match": "a"},
		"headers":  {"url": []string{"/"}, "headers": map[string]string{"a": "b"}},
		"follow":   {"url": []string{"/"}, "follow": true},
		"max_body": {"url": []string{"/"}, "max_body": 1},
		"url":      {"url": many},
		"from":     {"url": []string{"/"}, "from": "elsewhere"},
		"http2":    {"url": []string{"http://srv/"}, "http2": true},
	} {
		if args["from"] == nil {
			args["from"] = "host"
		}
		var field *probes.FieldError
		if _, err := probe.Kind.Build(args); !errors.As(err, &field) || field.Field != name {
			t.Errorf("%s: got %v, want a FieldError", name, err)
		}
	}
}

// FuzzTheHostsAnswer holds that whatever a host hands back gives declared readings or
// an error.
func FuzzTheHostsAnswer(f *testing.F) {
	f.Add("0", "", "http2", "200", "HTTP/2", "/a?b", []byte{0x30, 0x82})
	f.Add("0", "HRESULT 0x80072EFF", "http2", "", "", "", []byte{})
	f.Add("1", "TimedOut", "tls", "-7", "", "\xff", []byte{})
	f.Fuzz(func(t *testing.T, index, failed, stage, status, protocol, text string, certificate []byte) {
		args := map[string]any{"url": []string{"/"}, "http2": true}
		var target probes.Target
		target.Answers.Put(question(t, args), host.Answer{Rows: []host.Row{{
			"index": {Text: index}, "error": {Text: failed}, "stage": {Text: stage}, "status": {Text: status},
			"protocol": {Text: protocol}, "location": {Text: text}, "server": {Text: text}, "milliseconds": {Text: status},
			"name": {Text: text}, "certificate": {Text: base64.StdEncoding.EncodeToString(certificate)},
		}}})
		readings, err := probetest.Observe(t, probe.Kind, target, args)
		if err == nil && len(readings) == 0 {
			t.Error("no readings and no error")
		}
		for _, r := range readings {
			if len(r.Value.String()) > 128<<10 {
				t.Errorf("%s has %d bytes", r.Key.Name, len(r.Value.String()))
			}
		}
	})
}
