package iis_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/iis"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func TestKind(t *testing.T) { probetest.RunRecorded(t, iis.Kind, "webserver.json", nil) }

func TestObserve(t *testing.T) {
	const thumbprint = "A1B2C3D4E5F60718293A4B5C6D7E8F9001122334"
	readings, err := probetest.Load(t, iis.Kind, "webserver.json", nil).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		" present=true", " web_service=running", " activation_service=running", " version=10.0",
		"site/Default Web Site state=started", "site/Default Web Site autostart=true",
		"site/Default Web Site pool=DefaultAppPool", `site/Default Web Site path=%SystemDrive%\inetpub\wwwroot`,
		"site/Default Web Site config_valid=true",
		"site/Exchange of files ftp_state=started", "site/Exchange of files autostart=true",
		"site/Exchange of files pool=DefaultAppPool", `site/Exchange of files path=\\fs01\ftp`,
		"site/Shop state=started", "site/Shop autostart=true", "site/Shop pool=ShopPool", `site/Shop path=D:\Sites\Shop`,
		"site/Shop config_valid=true",
		"site/Test state=stopped", "site/Test autostart=false", "site/Test pool=TestPool", `site/Test path=D:\Sites\Test`,
		"site/Test config_valid=true",
		"pool/DefaultAppPool state=started", "pool/DefaultAppPool autostart=true", "pool/DefaultAppPool runtime=v4.0",
		"pool/DefaultAppPool identity=ApplicationPoolIdentity",
		"pool/ShopPool state=started", "pool/ShopPool autostart=true", "pool/ShopPool runtime=",
		`pool/ShopPool identity=CORP\svc-shop$`,
		"pool/TestPool state=stopped", "pool/TestPool autostart=false", "pool/TestPool runtime=v2.0",
		"pool/TestPool identity=NetworkService",
		"binding/Default Web Site/http/*:80: protocol=http",
		"binding/Exchange of files/ftp/*:21: protocol=ftp",
		"binding/Shop/http/*:80:shop.example.org protocol=http",
		"binding/Shop/https/*:443:shop.example.org protocol=https", "binding/Shop/https/*:443:shop.example.org sni=true",
		"binding/Shop/https/*:443:shop.example.org certificate=" + thumbprint,
		"binding/Shop/https/*:443:shop.example.org expires=2027-03-01T00:00:00Z",
		"binding/Shop/https/*:443:shop.example.org certificate_state=good",
		"binding/Shop/https/10.20.0.10:8443: protocol=https", "binding/Shop/https/10.20.0.10:8443: sni=false",
		"binding/Shop/https/10.20.0.10:8443: certificate=" + thumbprint,
		"binding/Shop/https/10.20.0.10:8443: expires=2027-03-01T00:00:00Z",
		"binding/Shop/https/10.20.0.10:8443: certificate_state=good",
		"binding/Test/https/*:443:test.example.org protocol=https", "binding/Test/https/*:443:test.example.org sni=true",
		"binding/Test/https/*:443:test.example.org certificate_state=central",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestAHostWithoutIIS(t *testing.T) {
	readings, err := probetest.Load(t, iis.Kind, "absent.json", nil).Observe(nil)
	if d := cmp.Diff([]string{" present=false"}, probetest.Texts(readings)); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
}

// What the host does not tell is named, never guessed.
func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, iis.Kind, "odd.json", nil).Observe(nil)
	for _, want := range []string{
		"activation_service: the host does not tell the state of the service WAS",
		`state of site/a'; Remove-Item "x" $(calc): Zugriff verweigert (0x80070005)`,
		`autostart of site/Shop, autostart of site/a'; Remove-Item "x" $(calc), state of pool/P: the host does not tell it`,
		"config_valid of site/Shop: Zugriff verweigert", `ftp_state of site/Shop: want a state, got "7"`,
		"ftp_state of site/shop (2): Klasse nicht registriert",
		"certificate_state of binding/Shop/https/*:443:: the host does not tell all of the certificate",
		"certificate_state of binding/Shop/https/*:444:: Der Speicher wurde nicht gefunden",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in the error\n%v", want, err)
		}
	}
	const odd = "site/a'; Remove-Item \"x\"\n$(calc) "
	want := []string{
		" present=true", " web_service=running",
		"site/Shop state=starting", "site/Shop pool=P", `site/Shop path=D:\Shop`,
		odd + "config_valid=false", odd + `config_error=Die Datei ist "kaputt"`,
		"site/shop (2) autostart=true", `site/shop (2) path=D:\Shop`, "site/shop (2) config_valid=true",
		"pool/ state=unknown", "pool/ autostart=true",
		"pool/P autostart=true", "pool/P identity=SpecificUser",
		"binding/Shop/https/*:443: protocol=https", "binding/Shop/https/*:443: expires=2027-03-01T00:00:00Z",
		"binding/Shop/https/*:444: protocol=https", "binding/Shop/https/*:444: sni=false",
		"binding/Shop/https/*:445: protocol=https", "binding/Shop/https/*:445: sni=false",
		"binding/Shop/https/*:445: certificate_state=missing",
		"binding/Shop/https/*:446: protocol=https", "binding/Shop/https/*:446: sni=false",
		"binding/Shop/https/*:446: certificate_state=none",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "certificate")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestNoAnswerSaysNothing(t *testing.T) {
	for name, answer := range map[string]host.Answer{
		"refused":       {Err: host.ErrDenied},
		"no rows":       {},
		"no host":       {Rows: []host.Row{{"part": {Text: "site"}, "name": {Text: "Shop"}}}},
		"no presence":   {Rows: []host.Row{{"part": {Text: "host"}}}},
		"several hosts": {Rows: []host.Row{{"part": {Text: "host"}}, {"part": {Text: "host"}}}},
	} {
		var answers host.Answers
		answers.Put(host.Collector{Name: "iis"}, answer)
		got, err := probetest.Observe(t, iis.Kind, probes.Target{Answers: answers}, nil)
		if err == nil || len(got) > 0 {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestExcept(t *testing.T) {
	args := map[string]any{"except": []string{"SITE/*", "pool/Test*", "binding/*"}}
	readings, err := probetest.Load(t, iis.Kind, "webserver.json", nil).Observe(args)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(probetest.Texts(readings), "\n")
	for text, want := range map[string]bool{"site/": false, "TestPool": false, "binding/": false, "ShopPool": true} {
		if strings.Contains(all, text) != want {
			t.Errorf("%s: want %v in\n%s", text, want, all)
		}
	}
	var field *probes.FieldError
	if _, err := iis.Kind.Build(map[string]any{"except": []string{""}}); !errors.As(err, &field) {
		t.Errorf("got %v, want a FieldError", err)
	}
}

// changed is the web server with cells of one row, found by its name or address,
// set; a nil map takes the row away.
func changed(t *testing.T, of string, cells host.Row) runnertest.Seen {
	t.Helper()
	found := false
	seen := edited(t, func(rows []host.Row) []host.Row {
		kept := []host.Row{}
		for _, row := range slices.Backward(rows) { // in another order, too
			name := row.Get("part").Text + "/" + row.Get("name").Text + row.Get("binding").Text
			if name == of {
				found = true
				if cells == nil {
					continue
				}
				maps.Copy(row, cells)
			}
			kept = append(kept, row)
		}
		return kept
	})
	if of != "" && !found {
		t.Fatalf("no row %q", of)
	}
	return seen
}

// edited is the web server with other rows.
func edited(t *testing.T, edit func(rows []host.Row) []host.Row) runnertest.Seen {
	t.Helper()
	r := probetest.Load(t, iis.Kind, "webserver.json", nil)
	return runnertest.See(r.With(probetest.Edit(func(_ string, rows []host.Row) []host.Row { return edit(rows) })), nil)
}

func TestWhatAPatchBreaks(t *testing.T) {
	const shop, https = "site/Shop", "binding/*:443:shop.example.org"
	const binding = "binding/Shop/https/*:443:shop.example.org"
	text := func(s string) host.Cell { return host.Cell{Text: s} }
	for name, tt := range map[string]struct {
		of    string
		cells host.Row
		want  []string
	}{
		"nothing but another order": {"", nil, []string{"passed"}},
		"a renewed certificate": {
			https, host.Row{"expires": text("2028-03-01T00:00:00Z"), "begins": text("2026-11-01T00:00:00Z")}, []string{"passed"},
		},
		"a stopped site that starts": {"site/Test", host.Row{"state": text("Started")}, []string{
			"drifted failing", "site/Test state: drifted stopped -> started",
		}},
		"a pool that rapid-fail protection stopped": {"pool/ShopPool", host.Row{"state": text("Stopped")}, []string{
			"regressed failing", "pool/ShopPool state: regressed started -> stopped",
		}},
		"a pool that starts no more by itself": {"pool/ShopPool", host.Row{"autostart": text("false")}, []string{
			"drifted failing", "pool/ShopPool autostart: drifted true -> false",
		}},
		"a site that is gone": {shop, nil, []string{
			"drifted failing", "site/Shop: drifted there -> gone",
		}},
		"a binding that is gone": {"binding/*:80:", nil, []string{
			"drifted failing", "binding/Default Web Site/http/*:80:: drifted there -> gone",
		}},
		"a web.config that is broken": {
			shop,
			host.Row{"config": text("malformed"), "config_code": text("8007000D")},
			[]string{"regressed failing", "site/Shop config_valid: regressed true -> false"},
		},
		"a certificate that lost its key": {https, host.Row{"key": text("false")}, []string{
			"regressed failing", binding + " certificate_state: regressed good -> no private key",
		}},
		"a certificate that is gone": {https, host.Row{"found": text("false")}, []string{
			"regressed failing", binding + " certificate_state: regressed good -> missing",
		}},
		"a certificate that ended": {https, host.Row{"expires": text("2026-11-10T19:59:59Z")}, []string{
			"regressed failing", binding + " expires: drifted 2027-03-01T00:00:00Z -> 2026-11-10T19:59:59Z",
			binding + " certificate_state: regressed good -> expired",
		}},
		"a certificate of tomorrow": {https, host.Row{"begins": text("2026-11-11T00:00:00Z")}, []string{
			"regressed failing", binding + " certificate_state: regressed good -> not yet valid",
		}},
		"FTP that does not start": {"site/Exchange of files", host.Row{"ftp_state": text("3")}, []string{
			"regressed failing", "site/Exchange of files ftp_state: regressed started -> stopped",
		}},
		"IIS that is gone": {"host/", host.Row{"present": text("false")}, []string{
			"regressed failing", " present: regressed true -> false",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			seen := [2]runnertest.Seen{changed(t, "", nil), changed(t, tt.of, tt.cells)}
			got := runnertest.Told(t, iis.Kind, "- iis: {}", seen)
			for i := range tt.want {
				tt.want[i] = strings.TrimSpace(tt.want[i])
			}
			for i := range got {
				got[i] = strings.TrimSpace(got[i])
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// A service that an update left disabled takes all its sites along; that is a
// failure and not an unknown, although the library cannot tell a state any more.
func TestAStoppedServiceStopsItsSites(t *testing.T) {
	stopped := func(service string) runnertest.Seen {
		return edited(t, func(rows []host.Row) []host.Row {
			rows[0]["w3svc"] = host.Cell{Text: service}
			for _, row := range rows {
				if row.Get("part").Text == "site" && !row.Get("state").Null {
					row["state"], row["state_problem"] = host.Cell{Null: true}, host.Cell{Text: "Der Dienst wurde nicht gestartet."}
				}
			}
			return rows
		})
	}
	for service, want := range map[string][]string{
		"Stopped": {
			"regressed failing", "web_service: regressed running -> stopped",
			"site/Default Web Site state: regressed started -> stopped", "site/Shop state: regressed started -> stopped",
		},
		"Running": {"unknown"},
	} {
		got := runnertest.Told(t, iis.Kind, "- iis: {}", [2]runnertest.Seen{changed(t, "", nil), stopped(service)})
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", service, d)
		}
	}
}

func TestAStoppedFTPServiceStopsItsSites(t *testing.T) {
	for service, want := range map[string][]string{
		"Stopped": {"regressed failing", "site/Exchange of files ftp_state: regressed started -> stopped"},
		"Running": {"unknown"},
	} {
		stopped := edited(t, func(rows []host.Row) []host.Row {
			rows[0]["ftpsvc"] = host.Cell{Text: service}
			for _, row := range rows {
				if !row.Get("ftp_state").Null {
					row["ftp_state"], row["ftp_problem"] = host.Cell{Null: true}, host.Cell{Text: "RPC-Server nicht verfügbar"}
				}
			}
			return rows
		})
		seen := [2]runnertest.Seen{changed(t, "", nil), stopped}
		if d := cmp.Diff(want, runnertest.Told(t, iis.Kind, "- iis: {}", seen)); d != "" {
			t.Errorf("%s (-want +got):\n%s", service, d)
		}
	}
}

// A number that is no state is no state of FTP, and no mistake of ours.
func TestFTPStatesAreKnownOnes(t *testing.T) {
	for number, want := range map[string]string{"0": "starting", "3": "stopped", "4": "", "-1": ""} {
		seen := changed(t, "site/Exchange of files", host.Row{"ftp_state": {Text: number}})
		lines := strings.Join(probetest.Texts(seen.Readings), "\n")
		known := strings.Contains(lines, "ftp_state=")
		if known != (want != "") || !strings.Contains(lines, "ftp_state="+want) && known || known == (seen.Err != nil) {
			t.Errorf("%s: want %q, %v, in\n%s", number, want, seen.Err, lines)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, iis.Kind, nil, "webserver.json", "odd.json")
}
