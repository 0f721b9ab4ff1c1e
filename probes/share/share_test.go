package share_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/share"
	"postpatch/runner/runnertest"
)

const everyoneReads = "AQAEgAAAAAAAAAAAAAAAABQAAAACABwAAQAAAAAAFACpABIAAQEAAAAAAAEAAAAA"

func TestKind(t *testing.T) { probetest.RunRecorded(t, share.Kind, "fileserver.json", nil) }

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, share.Kind, "fileserver.json", nil).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		" server=running",
		"ClusterData present=true", "ClusterData type=disk", `ClusterData path=F:\Data`,
		"Laser 1 present=true", "Laser 1 type=printer", "Laser 1 path=Laser 1,LocalsplOnly", "Laser 1 access=default",
		"Orders present=true", "Orders type=disk", `Orders path=E:\Orders`,
		"Orders access=Administrators allow full, Everyone allow read, S-1-5-21-111-222-333-1105 allow change",
		"print$ present=true", "print$ type=disk", `print$ path=C:\Windows\system32\spool\drivers`,
		"print$ access=Everyone allow full",
		"Profiles present=true", "Profiles type=disk", `Profiles path=E:\Profiles`,
		"Profiles access=Authenticated Users allow full, S-1-5-32-546 deny full",
		" administrative=ADMIN$, C$, IPC$",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, share.Kind, "odd.json", nil).Observe(nil)
	for _, want := range []string{
		"server: the host does not tell the state of the service", `: want a type, got "zwei"`,
		`type of ORDERS (2): want a type, got "99"`, "shares: the host named one without a name",
		"access of Orders, access of ORDERS (2): want a security descriptor, got something else",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in the error\n%v", want, err)
		}
	}
	const script = "a'; Remove-Item \"x\"\n$(calc) "
	want := []string{
		script + "present=true", script + "path=",
		script + "access=Everyone allow 0x3, entry 09000c000100000061626364",
		"Orders present=true", "Orders type=disk", `Orders path=E:\Orders`,
		"ORDERS (2) present=true", `ORDERS (2) path=E:\Other`, " administrative=",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestSharesAreChosen(t *testing.T) {
	for name, tt := range map[string]struct {
		args map[string]any
		want []string
	}{
		"by name": {
			map[string]any{"name": []string{"orders", "C$", "Gone"}}, []string{"C$=true", "Gone=false", "orders=true"},
		},
		"all but some": {
			map[string]any{"except": []string{"cluster*", "PRINT$"}}, []string{"Laser 1=true", "Orders=true", "Profiles=true"},
		},
	} {
		recording := probetest.Load(t, share.Kind, "fileserver.json", nil)
		target := recording.Target()
		for _, q := range probetest.Questions(t, share.Kind, tt.args) {
			if c, is := q.(host.Collector); is { // it asks for the shares that are named, and no others
				named, _ := tt.args["name"].([]string)
				if d := cmp.Diff(named, c.Args["name"]); d != "" {
					t.Errorf("%s: names asked for (-want +got):\n%s", name, d)
				}
				target.Answers.Put(c, *recording.Answer("shares"))
			}
		}
		readings, err := probetest.Observe(t, share.Kind, target, tt.args)
		var got []string
		for _, r := range readings {
			if r.Key.Name == "present" {
				got = append(got, r.Key.Item+"="+r.Value.String())
			}
		}
		slices.Sort(got)
		if d := cmp.Diff(tt.want, got); d != "" || err != nil {
			t.Errorf("%s: (-want +got), %v:\n%s", name, err, d)
		}
	}
	for _, args := range []map[string]any{
		{"name": []string{`\\fs01\Orders`}},
		{"name": []string{"Ord*"}},
		{"name": []string{" "}},
		{"name": []string{"a", "A"}},
		{"except": []string{""}},
		{"name": []string{"a"}, "except": []string{"b"}},
	} {
		var field *probes.FieldError
		if _, err := share.Kind.Build(args); !errors.As(err, &field) {
			t.Errorf("%v: got %v, want a FieldError", args, err)
		}
	}
}

// edited is the file server with each answer as edit makes it.
func edited(t *testing.T, edit func(question string, rows []host.Row) []host.Row) runnertest.Seen {
	t.Helper()
	return runnertest.See(probetest.Load(t, share.Kind, "fileserver.json", nil).With(probetest.Edit(edit)), nil)
}

func TestJudged(t *testing.T) {
	set := func(of, column, text string) func(string, []host.Row) []host.Row {
		return func(_ string, rows []host.Row) []host.Row {
			for _, row := range rows {
				if _, there := row[column]; there && strings.EqualFold(row.Get("Name").Text, of) {
					row[column] = host.Cell{Text: text}
				}
			}
			return rows
		}
	}
	drop := func(of string) func(string, []host.Row) []host.Row {
		return func(_ string, rows []host.Row) []host.Row {
			return slices.DeleteFunc(rows, func(row host.Row) bool { return row.Get("Name").Text == of })
		}
	}
	same := func(_ string, rows []host.Row) []host.Row { return rows }
	for name, tt := range map[string]struct {
		edit func(string, []host.Row) []host.Row
		want []string
	}{
		"another order": {
			func(_ string, rows []host.Row) []host.Row { slices.Reverse(rows); return rows }, []string{"passed"},
		},
		"another case": {set("Orders", "Path", `e:\ORDERS`), []string{"passed"}},
		"a disk was put in": {
			func(question string, rows []host.Row) []host.Row {
				if !strings.Contains(question, "Win32_Share") {
					return rows
				}
				return append(rows, host.Row{"Name": {Text: "G$"}, "Path": {Text: `G:\`}, "Type": {Text: "2147483648"}})
			},
			[]string{"passed"},
		},
		"a share is gone": {drop("Orders"), []string{"drifted failing", "Orders: drifted there -> gone"}},
		"it leads elsewhere": {set("Orders", "Path", `C:\Orders`), []string{
			"drifted failing", `Orders path: drifted E:\Orders -> C:\Orders`,
		}},
		"it lets in others": {set("orders", "security", everyoneReads), []string{
			"drifted failing", "Orders access: drifted Administrators allow full, Everyone allow read, " +
				"S-1-5-21-111-222-333-1105 allow change -> Everyone allow read",
		}},
		"C$ is gone": {drop("C$"), []string{"drifted", "administrative: drifted ADMIN$, C$, IPC$ -> ADMIN$, IPC$"}},
		"no list":    {func(string, []host.Row) []host.Row { return nil }, []string{"unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			seen := [2]runnertest.Seen{edited(t, same), edited(t, tt.edit)}
			if d := cmp.Diff(tt.want, runnertest.Told(t, share.Kind, "- share: {}", seen)); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// Without the service there are no shares: that is no unknown, and needs no line each.
func TestAStoppedService(t *testing.T) {
	stopped := edited(t, func(question string, rows []host.Row) []host.Row {
		if strings.Contains(question, "Win32_Share") {
			return nil
		}
		rows[0]["state"] = host.Cell{Text: "Stopped"}
		return rows
	})
	same := edited(t, func(_ string, rows []host.Row) []host.Row { return rows })
	got := runnertest.Told(t, share.Kind, "- share: {}", [2]runnertest.Seen{same, stopped})
	if got[0] != "regressed failing" || !slices.Contains(got, "server: regressed running -> stopped") {
		t.Errorf("got %q", got)
	}
}

// Where the descriptors cannot be read, the service's state is told all the same.
func TestAccessThatCannotBeRead(t *testing.T) {
	seen := edited(t, func(question string, rows []host.Row) []host.Row {
		if question != "shares" {
			return rows
		}
		return []host.Row{rows[0], {"part": {Text: "error"}, "problem": {Text: "Zugriff verweigert"}}}
	})
	all := strings.Join(probetest.Texts(seen.Readings), "\n")
	if seen.Err == nil || seen.Err.Error() != "reading access: Zugriff verweigert" {
		t.Errorf("error %v", seen.Err)
	}
	if !strings.Contains(all, " server=running") || strings.Contains(all, "access") {
		t.Errorf("got\n%s", all)
	}
}

// What the account may not read leaves the rest.
func TestAccessThatIsDenied(t *testing.T) {
	readings, err := probetest.Load(t, share.Kind, "fileserver.json", nil).
		With(probetest.Refuse("shares", host.ErrDenied)).Observe(nil)
	all := strings.Join(probetest.Texts(readings), "\n")
	if !errors.Is(err, host.ErrDenied) || strings.Contains(all, "access") || !strings.Contains(all, "Orders path") {
		t.Errorf("got %v\n%s", err, all)
	}
}

func FuzzSecurity(f *testing.F) {
	for _, text := range []string{everyoneReads, "AQAEgAAAAAAAAAAAAAAAABQAAAACAAgAAAAAAA=="} {
		raw, _ := base64.StdEncoding.DecodeString(text)
		f.Add(raw)
		f.Add(raw[:len(raw)-4])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var answers host.Answers
		answers.Put(host.WQL{Class: "Win32_Share", Columns: []string{"Name", "Path", "Type"}},
			host.Answer{Rows: []host.Row{{"Name": {Text: "a"}, "Type": {Text: "0"}}}})
		answers.Put(host.Collector{Name: "shares"}, host.Answer{Rows: []host.Row{
			{"part": {Text: "server"}, "state": {Text: "Running"}},
			{"part": {Text: "share"}, "name": {Text: "a"}, "security": {Text: base64.StdEncoding.EncodeToString(raw)}},
		}})
		probe, err := share.Kind.Build(nil)
		if err != nil {
			t.Fatal(err)
		}
		readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers})
		told := slices.ContainsFunc(readings, func(r fact.Reading) bool { return r.Key.Name == "access" })
		if told == (err != nil) {
			t.Errorf("access told: %v, and %v", told, err)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, share.Kind, nil, "fileserver.json", "odd.json")
}
