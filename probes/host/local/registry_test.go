package local

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

// hives is a registry in memory: keys by hive and path, and their values. A key whose
// values are nil may not be read.
type hives map[string]map[string]regValue

func (h hives) values(root hive, path string, names []string) (map[string]regValue, bool, error) {
	all, there := h[string(root)+`\`+path]
	if there && all == nil {
		return nil, false, host.ErrDenied
	}
	found := map[string]regValue{}
	for _, name := range names {
		if v, there := all[name]; there {
			found[name] = v
		}
	}
	return found, there, nil
}

func (h hives) keys(root hive, path string) ([]string, bool, error) {
	_, there := h[string(root)+`\`+path]
	var names []string
	for key := range h {
		if name, below := strings.CutPrefix(key, string(root)+`\`+path+`\`); below && !strings.Contains(name, `\`) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, there || len(names) > 0, nil
}

func wide(kind uint32, text string) regValue {
	v := regValue{kind: kind}
	for _, unit := range utf16.Encode([]rune(text)) {
		v.data = binary.LittleEndian.AppendUint16(v.data, unit)
	}
	return v
}

func dword(n uint32) regValue {
	return regValue{kind: regNumber, data: binary.LittleEndian.AppendUint32(nil, n)}
}

func TestRegistryCells(t *testing.T) {
	for name, tt := range map[string]struct {
		value regValue
		want  host.Cell
	}{
		"a text":                   {wide(regText, "Ünï\x00"), text("Ünï")},
		"without its zero":         {wide(regText, "abc"), text("abc")},
		"only one zero is its end": {wide(regExpand, "%a%\x00\x00"), text("%a%\x00")},
		"half a character":         {regValue{regText, []byte{'a', 0, 'b'}}, text("ab")},
		"a number has no sign":     {dword(0xFFFFFFFF), text("4294967295")},
		"a short number":           {regValue{regNumber, []byte{1}}, text("1")},
		"a long one":               {regValue{regLong, slices.Repeat([]byte{255}, 8)}, text("18446744073709551615")},
		"one that is too long":     {regValue{regLong, make([]byte, 9)}, host.Cell{List: strings.Split("000000000", "")}},
		"bytes":                    {regValue{regBinary, []byte{0, 255}}, host.Cell{List: []string{"0", "255"}}},
		"no bytes":                 {regValue{regNone, nil}, host.Cell{List: []string{}}},
		"a big-endian one":         {regValue{regBigEndian, []byte{0, 1}}, host.Cell{List: []string{"0", "1"}}},
		"texts":                    {wide(regTexts, "a\x00b\x00\x00"), host.Cell{List: []string{"a", "b"}}},
		"an empty one among them":  {wide(regTexts, "a\x00\x00b\x00\x00"), host.Cell{List: []string{"a", "", "b"}}},
		"texts without their ends": {wide(regTexts, "a\x00b"), host.Cell{List: []string{"a", "b"}}},
		"no texts":                 {wide(regTexts, "\x00"), host.Cell{List: []string{}}},
		"what .NET does not read":  {regValue{6, []byte{1}}, host.Cell{Null: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, tt.value.cell()); d != "" {
				t.Errorf("cell (-want +got):\n%s", d)
			}
		})
	}
}

func FuzzRegistryCell(f *testing.F) {
	for kind := range uint32(12) {
		f.Add(kind, []byte("a\x00b\x00\x00\x00"))
	}
	f.Fuzz(func(t *testing.T, kind uint32, data []byte) {
		v := regValue{kind, data}
		cell := v.cell()
		if len(cell.List) > len(data) || len(cell.Text) > max(20, 3*len(data)) {
			t.Errorf("%d bytes became %d items and %d bytes", len(data), len(cell.List), len(cell.Text))
		}
		_ = dependsOn(v)
	})
}

func TestRegistryRows(t *testing.T) {
	r := hives{
		`HKLM\SOFTWARE\A`: {"UBR": dword(4294), "": wide(regText, "own\x00")}, `HKLM\SOFTWARE\Closed`: nil,
	}
	ask := func(key string, values ...string) ([]host.Row, error) {
		return registryRows(r, host.Collector{Name: "registry", Args: map[string][]string{"key": {key}, "values": values}})
	}
	for name, tt := range map[string]struct {
		key    string
		values []string
		want   []host.Row
	}{
		"values":        {`hklm\SOFTWARE\A`, []string{"UBR", "No", ""}, []host.Row{{"UBR": text("4294"), "No": {Null: true}, "": text("own")}}},
		"a key alone":   {`HKEY_LOCAL_MACHINE\SOFTWARE\\A\`, nil, []host.Row{{}}},
		"an absent key": {`HKLM\SOFTWARE\B`, []string{"UBR"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ask(tt.key, tt.values...)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
		})
	}
	if _, err := ask(`HKXX\SOFTWARE`); err == nil {
		t.Error("an unknown hive is no error")
	}
	if _, err := ask(`HKLM\SOFTWARE\Closed`); !errors.Is(err, host.ErrDenied) {
		t.Errorf("a key that may not be read: %v", err)
	}
	if _, err := registryRows(r, host.Collector{Name: "registry"}); err == nil {
		t.Error("no key is no error")
	}
}

func TestServiceKeys(t *testing.T) {
	at := func(name string) string { return `HKLM\` + servicesKey + `\` + name }
	r := hives{
		`HKLM\` + controlKey: {"AutoStartDelay": dword(90)},
		at("Agent"): {
			"Type": dword(0x10), "DelayedAutostart": dword(1), "Start": dword(2),
			"DependOnService": wide(regTexts, "Afd\x00\x00Tcpip\x00\x00"),
		},
		at("Closed"): nil, at("Driver"): {"Type": dword(1)}, at("NoType"): {},
		at("Idle"): {"Type": dword(0x20), "Start": dword(2)}, at(`Idle\TriggerInfo`): {},
		at(`Idle\TriggerInfo\0`): {"Action": dword(1)},
		at("Stops"):              {"Type": dword(0x20)}, at(`Stops\TriggerInfo`): {},
		at(`Stops\TriggerInfo\0`): {"Action": dword(2)},
	}
	got, err := serviceKeyRows(r, map[string]uint32{"agent": stateStopped, "idle": stateRunning})
	if err != nil {
		t.Fatal(err)
	}
	want := []host.Row{
		{"Name": text(""), "Delay": text("90")},
		{
			"Name": text("Agent"), "Type": text("16"), "Delayed": text("true"), "Depends": {List: []string{"Afd", "Tcpip"}},
			"State": text("1"), "Start": text("2"),
		},
		{"Name": text("Closed"), "Error": text("access denied")},
		{"Name": text("Idle"), "Type": text("32"), "Trigger": text("true")},
		{"Name": text("Stops"), "Type": text("32"), "State": text("0"), "Start": {Null: true}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if _, err := serviceKeyRows(hives{}, nil); err == nil {
		t.Error("no key of services is no error")
	}
}
