package cim_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/cim"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/probes/os"
	"postpatch/probes/probetest"
	"postpatch/probes/registry"
	"postpatch/probes/services"
)

const estateText = `
estate: cim
hosts:
  ex01.corp.test:
    profile: windows-server-2022
    winrm: {user: 'CORP\probe', password: pw, plain: true}
    wmi:
      Win32_Share:
        - {Name: ADMIN$, Path: 'C:\Windows', Type: 2147483648, Description: Remote Admin}
        - {Name: IPC$, Path: null, Type: 2147483651, Description: ""}
        - {Name: 'it''s; $(calc)', Path: 'D:\x', Type: 0, Description: "a\nb"}
      Thing:
        - {Id: one, Many: [b, a], One: [x], Since: 2026-11-01T01:00:00.5Z, On: true}
        - {Id: two, Many: [a], One: [x], Since: null, On: false}
      Heap: [%s]
states: {before: {}}
`

// asked puts the questions of checks to a lab's host and returns what each one
// observed, and how many messages and shells it took.
func asked(t *testing.T, checks ...probes.Probe) (seen []string, errs []error, messages map[string]int) {
	t.Helper()
	var heap []string
	for i := range 2001 {
		heap = append(heap, fmt.Sprintf("{Id: %d}", i))
	}
	e, err := estate.Parse("test", fmt.Appendf(nil, estateText, strings.Join(heap, ", ")))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s, err := winrm.Open(t.Context(), winrm.Options{
		Host: "ex01.corp.test", Auth: winrm.Basic, AllowPlain: true, Dial: l.Routes().Dial,
		Credential: host.Credential{User: `CORP\probe`, Password: host.NewSecret("pw")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	questions := []host.Question{host.IdentityQuestion()}
	for _, c := range checks {
		questions = append(questions, c.(probes.Asker).Questions()...)
	}
	answers, err := s.Ask(t.Context(), host.Merge(questions))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		readings, err := c.Observe(t.Context(), probes.Target{Answers: answers})
		seen = append(seen, strings.Join(probetest.Texts(readings), "\n"))
		errs = append(errs, err)
	}
	return seen, errs, l.Stats("ex01.corp.test").WinRM.Messages
}

func made(t *testing.T, kind probes.Kind, args map[string]any) probes.Probe {
	t.Helper()
	probe, err := kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	return probe
}

func thing(more ...any) map[string]any {
	args := shareArgs(more...)
	args["class"], args["key"] = "Thing", "Id"
	return args
}

// By queries and by a script, which write nulls, times and lists of one element
// otherwise, the same readings come of the same host.
func TestBothWaysOfAskingTellTheSame(t *testing.T) {
	shares := made(t, cim.Kind, shareArgs(
		"columns", []string{"Path", "Type", "Description"}, "where", "Type < 2147483650"))
	things := made(t, cim.Kind, thing("columns", []string{"Since", "On"}, "lists", []string{"Many", "One"}))
	queries, errs, messages := asked(t, shares, things)
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if messages["Create"] != 0 {
		t.Errorf("messages %v: want queries alone", messages)
	}
	script, _, messages := asked(t, shares, things, made(t, os.Kind, nil))
	if messages["Create"] != 1 {
		t.Errorf("messages %v: want one shell", messages)
	}
	if d := cmp.Diff(queries, script[:2]); d != "" {
		t.Errorf("(-queries +script)\n%s", d)
	}
	want := []string{
		strings.Join([]string{
			" count=2", "ADMIN$ present=true", `ADMIN$/Path value=C:\Windows`, "ADMIN$/Type value=2147483648",
			"ADMIN$/Type number=2147483648", "ADMIN$/Description value=Remote Admin",
			"it's; $(calc) present=true", `it's; $(calc)/Path value=D:\x`, "it's; $(calc)/Type value=0",
			"it's; $(calc)/Type number=0", "it's; $(calc)/Description value=a\nb",
		}, "\n"),
		strings.Join([]string{
			" count=2", "one present=true", "one/Since value=2026-11-01T01:00:00.5Z", "one/On value=true",
			"one/Many elements=a, b", "one/One elements=x",
			"two present=true", "two/Since value=null", "two/On value=false", "two/Many elements=a", "two/One elements=x",
		}, "\n"),
	}
	if d := cmp.Diff(want, queries); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// What is wrong with one check's question is that check's reason: all others are
// observed, even those over the same class, and for no more than one script costs.
func TestABadQuerySparesTheOthers(t *testing.T) {
	spoiling := map[string]map[string]any{
		"Invalid class":     shareArgs("class", "Win32_Nope"),
		"Invalid namespace": shareArgs("namespace", "root/nope"),
		"Invalid query":     {"class": "Win32_Service", "key": "NoSuchColumn"},
		"more than 2000":    {"class": "Heap", "key": "Id"},
		"has no Workgroup":  {"class": "Win32_ComputerSystem", "key": "Workgroup"},
	}
	checks := []probes.Probe{
		made(t, os.Kind, nil), made(t, services.Kind, nil), made(t, cim.Kind, shareArgs("columns", []string{"Path"})),
		made(t, registry.Kind, map[string]any{"key": []string{`HKLM\SOFTWARE`, `HKLM\SYSTEM`}}),
		made(t, cim.Kind, map[string]any{"class": "Win32_Service", "key": "Name", "where": "State = 'Running'"}),
	}
	good := len(checks)
	var wants []string
	for want, args := range spoiling {
		checks, wants = append(checks, made(t, cim.Kind, args)), append(wants, want)
	}
	seen, errs, messages := asked(t, checks...)
	for i := range checks {
		switch {
		case i < good && (errs[i] != nil || seen[i] == ""):
			t.Errorf("check %d: %q, error %v", i, seen[i], errs[i])
		case i >= good && (errs[i] == nil || !strings.Contains(errs[i].Error(), wants[i-good])):
			t.Errorf("got %v, want … %s", errs[i], wants[i-good])
		}
	}
	running, all := strings.Count(seen[good-1], "present="), strings.Count(seen[1], "state=")
	if running < 10 || running >= all {
		t.Errorf("%d of %d services run: want rows of its own condition alone", running, all)
	}
	total := 0
	for _, n := range messages {
		total += n
	}
	if total > 6 || messages["Create"] != 1 {
		t.Errorf("%d messages, want at most 6 and one shell: %v", total, messages)
	}
}
