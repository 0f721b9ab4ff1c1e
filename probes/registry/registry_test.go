package registry_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/registry"
)

const (
	version = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	pending = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired`
	manager = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`
)

// recorded are the rows of a Server 2022, as the collector answers them.
func recorded(key string) host.Answer {
	switch key {
	case version:
		return host.Answer{Rows: []host.Row{{
			"DisplayVersion": {Text: "21H2"}, "UBR": {Text: "4294"}, "EditionID": {Text: "ServerStandard"},
			"RegisteredOrganization": {Text: ""}, "Nowhere": {Null: true}, "Odd": {Text: "absent"},
			"DigitalProductId": {List: []string{"164", "0", "164"}}, "": {Null: true},
		}}}
	case manager:
		return host.Answer{Rows: []host.Row{{
			"PendingFileRenameOperations": {List: []string{`\??\C:\Windows\Temp\b.tmp`, ""}}, "Empty": {List: []string{}},
			"SystemRoot": {Text: `%SystemRoot%`}, "": {Text: "own"},
		}}}
	default:
		return host.Answer{}
	}
}

func build(t *testing.T, args map[string]any) (probes.Probe, probes.Target) {
	t.Helper()
	probe, err := registry.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	var answers host.Answers
	for _, q := range probe.(probes.Asker).Questions() {
		answers.Put(q, recorded(q.(host.Collector).Args["key"][0]))
	}
	return probe, probes.Target{Answers: answers}
}

func TestKind(t *testing.T) {
	args := map[string]any{"key": []string{version, pending}, "values": []string{"UBR", "DisplayVersion"}}
	probetest.Run(t, probetest.Suite{Kind: registry.Kind, Args: args, Healthy: func(t *testing.T) probes.Target {
		_, target := build(t, args)
		return target
	}})
}

func TestObserve(t *testing.T) {
	for name, tt := range map[string]struct {
		key, values []string
		want        []string
	}{
		"texts, numbers, empty and absent": {
			[]string{`hkey_local_machine\SOFTWARE\Microsoft\Windows NT\CurrentVersion`},
			[]string{"UBR", "displayversion", "RegisteredOrganization", "Nowhere", "Odd"},
			[]string{
				version + " exists=true", version + ": UBR value=4294", version + ": UBR number=4294",
				version + ": displayversion value=21H2", version + ": RegisteredOrganization value=",
				version + ": Nowhere value=absent", version + `: Odd value="absent"`,
			},
		},
		"lists and bytes in their order, variables as they are": {
			[]string{manager, version},
			[]string{"PendingFileRenameOperations", "Empty", "SystemRoot", "DigitalProductId"},
			[]string{
				manager + " exists=true",
				manager + `: PendingFileRenameOperations value=\??\C:\Windows\Temp\b.tmp, ""`,
				manager + `: PendingFileRenameOperations elements=, \??\C:\Windows\Temp\b.tmp`,
				manager + ": Empty value=", manager + ": Empty elements=",
				manager + ": SystemRoot value=%SystemRoot%", manager + ": DigitalProductId value=absent",
				version + " exists=true",
				version + ": PendingFileRenameOperations value=absent", version + ": Empty value=absent",
				version + ": SystemRoot value=absent", version + ": DigitalProductId value=164, 0, 164",
				version + ": DigitalProductId elements=0, 164",
			},
		},
		"a key that is not there": {
			[]string{pending}, []string{"x"}, []string{pending + " exists=false", pending + ": x value=absent"},
		},
		"keys alone":        {[]string{manager}, nil, []string{manager + " exists=true"}},
		"a key's own value": {[]string{manager}, []string{"(Default)"}, []string{manager + " exists=true", manager + ": (Default) value=own"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := map[string]any{"key": tt.key}
			if tt.values != nil {
				args["values"] = tt.values
			}
			probe, target := build(t, args)
			readings, err := probe.Observe(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// One key that may not be read makes the check unknown; the others stay as
// evidence beside the host's reason.
func TestAKeyThatMayNotBeRead(t *testing.T) {
	probe, target := build(t, map[string]any{"key": []string{`HKLM\SECURITY\Policy`, version}})
	denied := errors.New("requested registry access is not allowed")
	for name, answer := range map[string]host.Answer{
		"denied": {Err: denied}, "two rows": {Rows: []host.Row{{}, {}}},
	} {
		target.Answers.Put(probe.(probes.Asker).Questions()[0], answer)
		readings, err := probe.Observe(t.Context(), target)
		if err == nil || !strings.Contains(err.Error(), `SECURITY`) || answer.Err != nil && !errors.Is(err, denied) {
			t.Errorf("%s: got %v", name, err)
		}
		if got := probetest.Texts(readings); !slices.Equal(got, []string{version + " exists=true"}) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// What is no key or no name of a value is refused before anything is sent, by
// the name of the parameter.
func TestBadParameters(t *testing.T) {
	names := func(n int) (all []string) {
		for i := range n {
			all = append(all, `HKLM\`+strings.Repeat("x", i+1))
		}
		return all
	}
	for name, tt := range map[string]struct {
		key, values []string
		field, want string
	}{
		"no key":              {nil, nil, "key", "missing"},
		"another hive":        {[]string{`HKPD\x`}, nil, "key", "must begin with"},
		"no hive":             {[]string{`SOFTWARE\x`}, nil, "key", "must begin with"},
		"a hive alone":        {[]string{`HKLM`}, nil, "key", "below HKLM"},
		"PowerShell's drive":  {[]string{`HKLM:\SOFTWARE`}, nil, "key", "without the colon"},
		"slashes":             {[]string{`HKLM/SOFTWARE`}, nil, "key", `want \ between`},
		"doubled backslashes": {[]string{`HKLM\\SOFTWARE`}, nil, "key", "between any two"},
		"a backslash at last": {[]string{`HKLM\SOFTWARE\`}, nil, "key", "between any two"},
		"a newline in a key":  {[]string{"HKLM\\a\nb"}, nil, "key", "printable"},
		"bytes that are none": {[]string{"HKLM\\a\xff"}, nil, "key", "printable"},
		"a long key":          {[]string{`HKLM\` + strings.Repeat(`a\`, 600) + "b"}, nil, "key", "at most 1000"},
		"a long name of one":  {[]string{`HKLM\` + strings.Repeat(`a`, 300)}, nil, "key", "at most 255"},
		"one key twice":       {[]string{`HKLM\a`, `hkey_local_machine\A`}, nil, "key", "twice"},
		"many keys":           {names(51), nil, "key", "at most 50"},
		"many values":         {names(1), names(101), "values", "at most 100"},
		"an empty name":       {names(1), []string{""}, "values", "(default)"},
		"a control character": {names(1), []string{"a\x00"}, "values", "printable"},
		"a name twice":        {names(1), []string{"UBR", "ubr"}, "values", "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			args := map[string]any{}
			if tt.key != nil {
				args["key"] = tt.key
			}
			if tt.values != nil {
				args["values"] = tt.values
			}
			_, err := registry.Kind.Build(args)
			var field *probes.FieldError
			if !errors.As(err, &field) || field.Field != tt.field || !strings.Contains(field.Msg, tt.want) {
				t.Errorf("got %v, want %s: … %s", err, tt.field, tt.want)
			}
		})
	}
}

// Nothing of a suite is code: a script in a name stays a name.
func TestNamesAreData(t *testing.T) {
	probe, _ := build(t, map[string]any{"key": []string{`HKLM\a'; calc #`}, "values": []string{"$(calc)"}})
	q := probe.(probes.Asker).Questions()[0].(host.Collector)
	want := map[string][]string{"key": {`HKLM\a'; calc #`}, "values": {"$(calc)"}}
	if d := cmp.Diff(want, q.Args); q.Name != "registry" || d != "" {
		t.Errorf("%s (-want +got)\n%s", q.Name, d)
	}
}
