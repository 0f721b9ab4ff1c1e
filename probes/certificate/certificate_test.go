package certificate_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/certificate"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func TestKind(t *testing.T) { probetest.RunRecorded(t, certificate.Kind, "mailserver.json", nil) }

func thumbprint(pair string) string { return strings.Repeat(pair, 20) }

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, certificate.Kind, "mailserver.json", nil).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	one := func(item string, lines ...string) (all []string) {
		for _, line := range lines {
			all = append(all, item+" "+line)
		}
		return all
	}
	const ca = "issuer=CN=Corp Issuing CA 2, DC=corp, DC=example"
	var want []string
	for _, lines := range [][]string{
		one("My", "count=6"),
		one("My/ex01.corp.example", "present=true", "private_key=true",
			"thumbprint="+thumbprint("05"), "expires=2026-11-20T08:00:00Z",
			"days_left=9", "warnings=ends soon", ca, "purposes=client, kdc, server, smart card logon",
			"names=ex01.corp.example", "older=0"),
		one("My/mail.example.org", "present=true", "private_key=true",
			"thumbprint="+thumbprint("01"), "expires=2027-01-01T00:00:00Z",
			"days_left=51", "warnings=", ca, "purposes=client, server",
			"names=10.20.0.9, autodiscover.example.org, mail.example.org", "older=1"),
		one("My/mail.example.org (2)", "present=true", "private_key=true",
			"thumbprint="+thumbprint("04"), "expires=2029-01-01T00:00:00Z",
			"days_left=782", "warnings=", "issuer=CN=mail.example.org", "purposes=server",
			"names=mail, mail.example.org", "older=0"),
		one("My/Microsoft Exchange Server Auth Certificate", "present=true", "private_key=true",
			"thumbprint="+thumbprint("02"),
			"expires=2030-05-01T00:00:00Z", "days_left=1267", "warnings=",
			"issuer=CN=Microsoft Exchange Server Auth Certificate", "purposes=server", "names=", "older=0"),
		one("My/Old root", "thumbprint="+thumbprint("06"), "expires=2026-11-10T19:00:00Z",
			"days_left=-1", "warnings=has ended", ca, "purposes=any", "names=", "older=0"),
	} {
		want = append(want, lines...)
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, certificate.Kind, "odd.json", nil).Observe(nil)
	for _, want := range []string{
		"store My: it has 7 certificates more than are listed",
		"certificate " + thumbprint("02") + ", certificate " + thumbprint("05") + ": the host does not tell when it is valid",
		"certificate " + thumbprint("03") + ": Der Schlüssel ist beschädigt",
		`store My, private_key of My/a'; Remove-Item "x" $(calc), b: the host does not tell it`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in the error\n%v", want, err)
		}
	}
	const script = "My/a'; Remove-Item \"x\"\n$(calc), b "
	want := []string{
		script + "present=true", script + "expires=2027-01-01T00:00:00Z", script + "days_left=51", script + "warnings=",
		script + "issuer=", script + "purposes=", script + "names=", script + "older=0",
		"My/. present=true", "My/. expires=9999-12-31T23:59:59Z", "My/. days_left=106751", "My/. warnings=not yet valid",
		"My/. issuer=CN=Corp Issuing CA 2, DC=corp, DC=example", "My/. purposes=1.2.3.4", "My/. names=.", "My/. older=0",
		"My/. private_key=true", "My/. key_opens=false", "My/. key_error=Der Schlüsselsatz ist nicht vorhanden.",
	}
	got := probetest.Texts(readings, "thumbprint")
	if len(got) != len(want) {
		t.Fatalf("readings (-want +got):\n%s", cmp.Diff(want, got))
	}
	for _, line := range want {
		if !strings.Contains("\n"+strings.Join(got, "\n")+"\n", "\n"+line+"\n") {
			t.Errorf("want %q in\n%q", line, got)
		}
	}
}

// ask makes the answer to what a check with these parameters asks.
func ask(t *testing.T, args map[string]any, answer host.Answer) ([]string, error) {
	t.Helper()
	probe, err := certificate.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	var answers host.Answers
	answers.Put(probe.(probes.Asker).Questions()[0], answer)
	readings, err := probetest.Observe(t, certificate.Kind, probes.Target{Answers: answers}, args)
	return probetest.Texts(readings, "older", "count", "issuer", "names", "purposes", "thumbprint", "expires"), err
}

func store(name, there string) host.Row {
	return host.Row{
		"store": {Text: name}, "there": {Text: there}, "now": {Text: "2026-11-10T20:00:00Z"}, "thumbprint": {Null: true},
		"problem": {Null: true}, "more": {Null: true},
	}
}

func named(store, name string) host.Row {
	return host.Row{
		"store": {Text: store}, "thumbprint": {Text: "AA"}, "subject": {Text: "CN=" + name}, "key": {Text: "true"},
		"problem": {Null: true}, "begins": {Text: "2026-01-01T00:00:00Z"}, "expires": {Text: "2027-01-01T00:00:00Z"},
	}
}

// Who may not open a key does not know that it is lost.
func TestAKeyThatMayNotBeOpened(t *testing.T) {
	row := named("My", "a")
	row["unopened"], row["why"] = host.Cell{Text: "Zugriff verweigert"}, host.Cell{Null: true}
	got, err := ask(t, map[string]any{"keys": true}, host.Answer{Rows: []host.Row{store("My", "true"), row}})
	if err == nil || err.Error() != "reading key_opens of My/a: the account may not open it: Zugriff verweigert" {
		t.Errorf("error %v", err)
	}
	if slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, "key_") }) {
		t.Errorf("got %q", got)
	}
}

// Two of one name are one item only when one of them renews the other.
func TestAlike(t *testing.T) {
	for column, want := range map[string]int{"thumbprint": 1, "issuer": 2, "purposes": 2, "store": 2} {
		rows := []host.Row{store("My", "true"), store("other", "true"), named("My", "a"), named("My", "a")}
		rows[3][column] = host.Cell{Text: "other"}
		rows[3]["expires"] = host.Cell{Text: "2026-12-01T00:00:00Z"}
		got, err := ask(t, map[string]any{"store": []string{"My", "other"}}, host.Answer{Rows: rows})
		if n := strings.Count(strings.Join(got, "\n"), "present=true"); n != want || err != nil {
			t.Errorf("another %s: %d items, want %d: %q, %v", column, n, want, got, err)
		}
	}
}

// What the suite names has to be there.
func TestNamedCertificates(t *testing.T) {
	rows := []host.Row{store("My", "true"), store("WebHosting", "false"), named("My", "www"), named("My", "sales.www")}
	for name, tt := range map[string]struct {
		subjects, except []string
		want             string
	}{
		"exactly":      {[]string{"WWW"}, nil, "My/www WebHosting=false"},
		"by a pattern": {[]string{"*www"}, []string{"www"}, "My/sales.www WebHosting=false"},
		"one is not there": {
			[]string{"www", "mail", "ftp*"}, nil, "My/ftp*=false My/mail=false My/www WebHosting=false",
		},
		"all": {nil, nil, "My/sales.www My/www WebHosting=false"},
	} {
		args := map[string]any{"store": []string{"My", "WebHosting"}}
		if tt.subjects != nil {
			args["subject"] = tt.subjects
		}
		if tt.except != nil {
			args["except"] = tt.except
		}
		got, err := ask(t, args, host.Answer{Rows: rows})
		var items []string
		for _, line := range got {
			if item, value, is := strings.Cut(line, " present="); is {
				items = append(items, strings.TrimSuffix(item+"="+value, "=true"))
			}
		}
		for item := range strings.FieldsSeq(tt.want) {
			if !strings.Contains(" "+strings.Join(items, " ")+" ", " "+item+" ") || len(items) != len(strings.Fields(tt.want)) {
				t.Errorf("%s: got %q, want %q", name, items, tt.want)
			}
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is not found may be in the store that could not be read.
func TestAnUnreadStoreHidesNothing(t *testing.T) {
	args := map[string]any{"subject": []string{"mail"}}
	broken := store("My", "true")
	broken["problem"] = host.Cell{Text: "Zugriff verweigert"}
	for name, answer := range map[string]host.Answer{
		"an error":     {Err: host.ErrDenied},
		"no rows":      {},
		"no store":     {Rows: []host.Row{named("My", "other")}},
		"a broken one": {Rows: []host.Row{broken}},
		"another one":  {Rows: []host.Row{store("Root", "true")}},
	} {
		got, err := ask(t, args, answer)
		if err == nil || strings.Contains(strings.Join(got, "\n"), "false") {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestParametersAreRefused(t *testing.T) {
	probetest.Refuses(t, certificate.Kind, map[string]map[string]any{
		"an empty subject": {"subject": []string{" "}},
		"no store":         {"store": []string{}},
		"a store's path":   {"store": []string{`LocalMachine\My`}},
		"a store twice":    {"store": []string{"My", "MY"}},
		"negative days":    {"days": -1},
	})
}

func TestJudged(t *testing.T) {
	text := func(s string) host.Cell { return host.Cell{Text: s} }
	renewed := host.Row{"thumbprint": text("FF"), "expires": text("2028-01-01T00:00:00Z")}
	const mail, auth = "01", "02"
	const authItem = "My/Microsoft Exchange Server Auth Certificate"
	for name, tt := range map[string]struct {
		pair  string
		cells host.Row // of the certificate; nil takes it away
		want  []string
	}{
		"nothing but another order": {"00", nil, []string{"passed"}},
		"a renewal":                 {mail, renewed, []string{"passed"}},
		"an old one is cleaned up":  {"03", nil, []string{"passed"}},
		"another case":              {auth, host.Row{"thumbprint": text(thumbprint("02"))}, []string{"passed"}},
		"a new one takes its place, without a key": {
			mail,
			host.Row{"thumbprint": text("FF"), "expires": text("2028-01-01T00:00:00Z"), "key": text("false")},
			[]string{"regressed failing", "My/mail.example.org private_key: regressed true -> false"},
		},
		"one is gone": {auth, nil, []string{
			"regressed failing", authItem + ": drifted there -> gone", authItem + " days_left: regressed 1267 days -> ",
			authItem + " present: regressed true -> ", authItem + " private_key: regressed true -> ",
		}},
		"one that had ended is tidied away": {"06", nil, []string{"drifted", "My/Old root: drifted there -> gone"}},
		"one has lost its key": {"05", host.Row{"key": text("false")}, []string{
			"regressed failing", "My/ex01.corp.example private_key: regressed true -> false",
		}},
		"one has ended": {auth, host.Row{"expires": text("2026-11-10T00:00:00Z")}, []string{
			"regressed failing", authItem + " expires: drifted 2030-05-01T00:00:00Z -> 2026-11-10T00:00:00Z",
			authItem + " warnings: drifted  -> has ended", authItem + " days_left: regressed 1267 days -> -1 days",
		}},
		"one ends soon": {auth, host.Row{"expires": text("2026-11-20T00:00:00Z")}, []string{
			"drifted", authItem + " expires: drifted 2030-05-01T00:00:00Z -> 2026-11-20T00:00:00Z",
			authItem + " warnings: drifted  -> ends soon",
		}},
		"one that had ended is renewed": {"06", renewed, []string{"passed"}},
		"another issuer": {"05", host.Row{"issuer": text("CN=Somebody")}, []string{
			"drifted", "My/ex01.corp.example issuer: drifted CN=Corp Issuing CA 2, DC=corp, DC=example -> CN=Somebody",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			look := func(pair string, cells host.Row) []probetest.Change {
				return []probetest.Change{probetest.Edit(func(_ string, rows []host.Row) (kept []host.Row) {
					for _, row := range slices.Backward(rows) {
						if row.Get("thumbprint").Text == thumbprint(pair) {
							if cells == nil {
								continue
							}
							maps.Copy(row, cells)
						}
						kept = append(kept, row)
					}
					return kept
				})}
			}
			check := runnertest.Check{Kind: certificate.Kind, File: "mailserver.json"}
			got := check.Told(t, runnertest.Story{Before: look("00", nil), After: look(tt.pair, tt.cells)})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// The one that still counts keeps its name when another of that name is tidied away,
// whichever comes first.
func TestAnEndedTwin(t *testing.T) {
	for _, issuer := range []string{"CN=a", "CN=z"} {
		ended, good := named("My", "mail"), named("My", "mail")
		ended["expires"], ended["issuer"] = host.Cell{Text: "2026-11-01T00:00:00Z"}, host.Cell{Text: issuer}
		good["issuer"] = host.Cell{Text: "CN=m"}
		both, err := ask(t, nil, host.Answer{Rows: []host.Row{store("My", "true"), ended, good}})
		alone, aloneErr := ask(t, nil, host.Answer{Rows: []host.Row{store("My", "true"), good}})
		if err != nil || aloneErr != nil || len(alone) == 0 {
			t.Fatalf("%q, %v, %v", alone, err, aloneErr)
		}
		want := append(slices.Clone(alone), "My/mail (2) days_left=-10", "My/mail (2) warnings=has ended")
		if d := cmp.Diff(want, both); d != "" {
			t.Errorf("an ended one of %s (-want +got):\n%s", issuer, d)
		}
	}
}

// An owner's expectation is of certificates, and not of the store that holds them.
func TestAnExpectationOfACertificate(t *testing.T) {
	check := runnertest.Check{Kind: certificate.Kind, File: "mailserver.json"}
	got := check.Told(t, runnertest.Story{Expect: "expect: {days_left: '> 30'}"})
	want := []string{
		"pre-existing", "My/Old root days_left: pre-existing -1 days -> -1 days",
		"My/ex01.corp.example days_left: pre-existing 9 days -> 9 days",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, certificate.Kind, nil, "mailserver.json", "odd.json")
}

func FuzzNames(f *testing.F) {
	for _, subject := range []string{"CN=a", `O="x, CN=no", CN = "a ""b"", c"+OU=d`, `"`, "=,+=", "CN"} {
		f.Add(subject, "MAMCAS4=")
	}
	f.Fuzz(func(t *testing.T, subject, names string) {
		rows := []host.Row{store("My", "true"), named("My", "")}
		rows[1]["subject"], rows[1]["names"] = host.Cell{Text: subject}, host.Cell{Text: names}
		got, err := ask(t, nil, host.Answer{Rows: rows})
		if err != nil || len(got) == 0 {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
