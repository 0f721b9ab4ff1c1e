package psrp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/psrp"
)

// raw writes one fragment, right or wrong.
func raw(object, index uint64, flags byte, blob string) []byte {
	f := binary.BigEndian.AppendUint64(nil, object)
	f = binary.BigEndian.AppendUint64(f, index)
	f = binary.BigEndian.AppendUint32(append(f, flags), uint32(len(blob)))
	return append(f, blob...)
}

func TestJoin(t *testing.T) {
	m := string(pack(inputMessage, 1, "<S>hello, world</S>"))
	a, b := raw(1, 0, 1, m[:50]), raw(1, 1, 2, m[50:])
	huge := raw(1, 0, 3, m)
	copy(huge[17:], "\xff\xff\xff\xff")
	for name, test := range map[string]struct {
		pieces [][]byte
		found  int
		want   string // of the error
	}{
		"one":                 {[][]byte{raw(1, 0, 3, m)}, 1, ""},
		"reserved bits":       {[][]byte{raw(1, 0, 0xff, m)}, 1, ""},
		"two":                 {[][]byte{a, b}, 1, ""},
		"two at once":         {[][]byte{append(append([]byte(nil), a...), b...)}, 1, ""},
		"in parts":            {[][]byte{a[:5], a[5:30], append(append([]byte(nil), a[30:]...), b[:15]...), b[15:]}, 1, ""},
		"two messages":        {[][]byte{raw(1, 0, 3, m), raw(2, 0, 3, m)}, 2, ""},
		"not whole":           {[][]byte{a}, 0, ""},
		"an empty one within": {[][]byte{a, raw(1, 1, 0, ""), raw(1, 2, 2, m[50:])}, 1, ""},
		"object zero":         {[][]byte{raw(0, 0, 3, m)}, 0, "object id"},
		"object below zero":   {[][]byte{raw(1<<63, 0, 3, m)}, 0, "object id"},
		"index below zero":    {[][]byte{raw(1, 1<<63, 3, m)}, 0, "below zero"},
		"no first one":        {[][]byte{b}, 0, "no first fragment"},
		"starts late":         {[][]byte{raw(1, 1, 3, m)}, 0, "has the id 1"},
		"out of order":        {[][]byte{a, raw(1, 2, 2, m[50:])}, 0, "where 1 must follow"},
		"another object":      {[][]byte{a, raw(2, 1, 2, m[50:])}, 0, "among those"},
		"starts again":        {[][]byte{a, a}, 0, "before object 1 has ended"},
		"huge":                {[][]byte{huge}, 0, "is over"},
		"a short message":     {[][]byte{raw(1, 0, 3, m[:39])}, 0, "no whole header"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := psrp.Join(test.pieces...)
			said := fmt.Sprint(err)
			if found != test.found || (err == nil) != (test.want == "") || !strings.Contains(said, test.want) {
				t.Errorf("got %d, %v", found, err)
			}
		})
	}
}

func TestJoinHasLimits(t *testing.T) {
	blob := strings.Repeat("x", 1<<20)
	pieces := [][]byte{raw(1, 0, 1, blob)}
	for i := uint64(1); i <= 10; i++ {
		pieces = append(pieces, raw(1, i, 0, blob))
	}
	if _, err := psrp.Join(pieces...); err == nil || !strings.Contains(err.Error(), "is over") {
		t.Errorf("11 MB in one object: %v", err)
	}
	whole := raw(1, 0, 3, string(pack(inputMessage, 1, "<S>"+strings.Repeat("x", 9<<20)+"</S>")))
	_, err := psrp.Join(whole, whole, whole, whole, whole, whole)
	if err == nil || !strings.Contains(err.Error(), "received") {
		t.Errorf("54 MB in all: %v", err)
	}
}

func TestSplit(t *testing.T) {
	m := pack(inputMessage, 1, "<S>hello</S>")
	for _, size := range []int{1, 22, 40, 60, 73, 74, 1000} {
		pieces := psrp.Split(m, size)
		for _, p := range pieces {
			if len(p) > max(size, 22) {
				t.Errorf("a piece of %d bytes, over %d", len(p), size)
			}
		}
		if found, err := psrp.Join(bytes.Join(pieces, nil)); found != 1 || err != nil {
			t.Errorf("size %d: %d, %v", size, found, err)
		}
	}
	if n := len(psrp.Split(nil, 100)); n != 1 {
		t.Errorf("nothing is %d fragments", n)
	}
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		xml  string
		want any
	}{
		"primitive": {`<I32>-5</I32>`, "I32 -5"},
		"nil":       {`<Nil />`, "Nil "},
		"escapes":   {`<S>a_x000A_b_xD83D__xDE00__x005F_x_xZZZZ_ _x12</S>`, "S a\nb😀_x_xZZZZ_ _x12"},
		"enum": {
			`<Obj RefId="0"><TN RefId="0"><T>A</T><T>System.Enum</T></TN><ToString>B</ToString><I32>2</I32></Obj>`,
			[]string{"A", "System.Enum", "I32 2"},
		},
		"references": {
			`<Obj RefId="0"><TN RefId="3"><T>L</T></TN><LST><Obj RefId="1"><TNRef RefId="3" /><U16>1</U16></Obj><Ref RefId="1" /></LST></Obj>`,
			[]any{[]string{"L", "U16 1"}, []string{"L", "U16 1"}},
		},
		"one in itself": {
			`<Obj RefId="0"><MS><Ref N="Me" RefId="0" /></MS></Obj>`,
			map[string]any{"Me": map[string]any{"Me": map[string]any{"Me": map[string]any{"Me": "…"}}}},
		},
		"dictionary": {
			`<Obj RefId="0"><DCT><En><S N="Key">k</S><B N="Value">true</B></En></DCT></Obj>`, map[any]any{"S k": "B true"},
		},
		"both sorts of properties": {
			`<Obj RefId="0"><Props><S N="A">1</S><S N="B">1</S></Props><MS><S N="B">2</S></MS></Obj>`,
			map[string]any{"A": "S 1", "B": "S 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := psrp.Read([]byte(test.xml))
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	deep := strings.Repeat("<Obj><LST>", 40) + strings.Repeat("</LST></Obj>", 40)
	for name, xml := range map[string]string{
		"nothing":               "",
		"text":                  "hello",
		"two":                   "<S>a</S><S>b</S>",
		"not closed":            "<S>a",
		"a document type":       `<!DOCTYPE S [<!ENTITY a "b">]><S>&a;</S>`,
		"an unknown element":    "<X>a</X>",
		"no number":             "<I32>a</I32>",
		"a large number":        "<I32>2147483648</I32>",
		"no truth":              "<B>yes</B>",
		"a nested string":       "<S><S>a</S></S>",
		"a lost reference":      `<Ref RefId="1" />`,
		"lost type names":       `<Obj><TNRef RefId="1" /></Obj>`,
		"a nameless property":   "<Obj><MS><S>a</S></MS></Obj>",
		"half an entry":         `<Obj><DCT><En><S N="Key">a</S></En></DCT></Obj>`,
		"an entry turned round": `<Obj><DCT><En><S N="Value">a</S><S N="Key">a</S></En></DCT></Obj>`,
		"depth":                 deep,
		"many":                  "<Obj><LST>" + strings.Repeat("<Nil/>", 200_001) + "</LST></Obj>",
	} {
		if got, err := psrp.Read([]byte(xml)); err == nil {
			t.Errorf("%s: read as %v", name, got)
		}
	}
}

func TestWrite(t *testing.T) {
	for name, test := range map[string]struct {
		row  any
		kind string
		want string
	}{
		"text":    {"a<b_x_X\x00\u0085😀\"_", "", `<S>a&lt;b_x005F_x_x005F_X_x0000__x0085__xD83D__xDE00_&#34;_</S>`},
		"numbers": {[]any{1, int64(2), uint64(3), 1.5, math.Inf(1), math.Inf(-1), 1 << 40}, "", `<I32>1</I32><I64>2</I64><U64>3</U64><Db>1.5</Db><Db>INF</Db><Db>-INF</Db><I64>1099511627776</I64>`},
		"time":    {time.Date(2026, 11, 23, 2, 10, 0, 5e8, time.UTC), "", `<DT>2026-11-23T02:10:00.5Z</DT>`},
		"custom": {
			map[string]any{"B": nil, "A_x": true},
			"",
			`<Obj RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T><T>System.Object</T></TN>` +
				`<MS><B N="A_x005F_x">true</B><Nil N="B" /></MS></Obj>`,
		},
		"typed": {
			map[any]any{1: map[string]any{"string": "x", "properties": map[string]any{"P": 1}}},
			"T",
			`<Obj RefId="0"><TN RefId="0"><T>T</T><T>System.Object</T></TN><ToString>T</ToString><Props>` +
				`<Obj N="1" RefId="1"><TN RefId="1"><T>System.Management.Automation.PSObject</T><T>System.Object</T></TN>` +
				`<ToString>x</ToString><Props><I32 N="P">1</I32></Props></Obj></Props></Obj>`,
		},
		"type names once": {
			map[string]any{"A": []any{}, "B": []any{}},
			"",
			`<Obj N="B" RefId="2"><TNRef RefId="1" /><LST></LST></Obj></MS></Obj>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := psrp.Write(test.row, test.kind)
			if !bytes.Contains(got, []byte(test.want)) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if _, err := psrp.Read(got); err != nil {
				t.Errorf("what was written cannot be read: %v", err)
			}
		})
	}
}

func FuzzFragments(f *testing.F) {
	m := string(pack(inputMessage, 1, "<S>hello, world</S>"))
	f.Add(raw(1, 0, 3, m), 7)
	f.Add(append(raw(1, 0, 1, m[:50]), raw(1, 1, 2, m[50:])...), 30)
	f.Add(creation(initXML(1, 1)), 100)
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff"), 1)
	f.Fuzz(func(t *testing.T, data []byte, at int) {
		found, err := psrp.Join(data)
		if at <= 0 || at >= len(data) {
			return
		}
		parts, partsErr := psrp.Join(data[:at], data[at:])
		if found != parts && err == nil || (err == nil) != (partsErr == nil) {
			t.Errorf("at once %d, %v; cut at %d: %d, %v", found, err, at, parts, partsErr)
		}
	})
}

func FuzzCLIXML(f *testing.F) {
	f.Add([]byte(capability))
	f.Add([]byte(initXML(1, 1)))
	f.Add([]byte(pipelineXML(true, call{name: "a", args: []string{"b=c"}})))
	f.Add([]byte(`<Obj RefId="0"><MS><Ref N="Me" RefId="0" /></MS></Obj>`))
	f.Add([]byte(`<S>_xD83D__xDE00__x</S>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := psrp.Read(data)
		if requestErr := psrp.ReadRequest(data); err != nil && requestErr == nil {
			t.Errorf("a request of what cannot be read: %v", err)
		}
	})
}

// FuzzEscape holds that any text comes back as it was written.
func FuzzEscape(f *testing.F) {
	for _, text := range []string{"", "_x0041_", "a\r\n\t", "😀", "_X_x", "\ufffe", "_", "x_x005F_"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		got, err := psrp.Read(psrp.Write(text, ""))
		if err != nil || got != "S "+text {
			t.Errorf("%q came back as %q, %v", text, got, err)
		}
	})
}
