package psrp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
)

// mustDecode reads a value of a message.
func mustDecode(tb testing.TB, clixml string) *value {
	tb.Helper()
	v, err := decode([]byte(clixml))
	if err != nil {
		tb.Fatalf("%s: %v", clixml, err)
	}
	return v
}

func TestEscapes(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "",
		"Order_Details":      "Order_Details",
		"a\r\nb":             "a_x000D__x000A_b",
		"_x0041_":            "_x005F_x0041_",
		"_X0041_":            "_x005F_X0041_",
		"__x":                "__x005F_x",
		"ü €":                "ü €",
		"\u0085":             "_x0085_",
		"\U0001F600":         "_xD83D__xDE00_",
		"\x00":               "_x0000_",
		"ends in an escape_": "ends in an escape_",
	} {
		if got := escapeText(text); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
		if got := unescapeText(want); got != text {
			t.Errorf("%q is read %q, want %q", want, got, text)
		}
	}
	for text, want := range map[string]string{
		"_x000a_":         "\n",
		"_X000A_":         "\n",
		"_x000A":          "_x000A",
		"_x000Ab":         "_x000Ab",
		"_x00GA_":         "_x00GA_",
		"_x20_":           "_x20_",
		"_x+041_":         "_x+041_",
		"_xD83D_a":        "\ufffda",
		"_xDE00_":         "\ufffd",
		"_xD83D__x0041_":  "\ufffdA",
		"_x005F_x0041_":   "_x0041_",
		"_x005F__x0041_":  "_A",
		"__x0041__x0042_": "_AB",
	} {
		if got := unescapeText(text); got != want {
			t.Errorf("%q is read %q, want %q", text, got, want)
		}
	}
}

func TestPrimitives(t *testing.T) {
	for clixml, want := range map[string]string{
		`<S>a_x000A_b &lt;c&gt;  </S>`:    "a\nb <c>  ",
		`<S><![CDATA[<x>]]></S>`:          "<x>",
		`<S></S>`:                         "",
		`<C>65</C>`:                       "A",
		`<C>55357</C>`:                    "\ufffd",
		`<B>True</B>`:                     "true",
		`<I32> -7 </I32>`:                 "-7",
		`<U64>18446744073709551615</U64>`: "18446744073709551615",
		`<Db>1.5E-05</Db>`:                "1.5E-05",
		`<D>12.50</D>`:                    "12.50",
		`<DT>2026-11-10T04:04:05.6000000+01:00</DT>`:            "2026-11-10T03:04:05.6Z",
		`<DT>2026-11-10T03:04:05Z</DT>`:                         "2026-11-10T03:04:05Z",
		`<DT>2026-11-10T03:04:05.1234567</DT>`:                  "2026-11-10T03:04:05.1234567", // no zone was sent
		`<DT>0001-01-01T00:00:00+01:00</DT>`:                    "0000-12-31T23:00:00Z",
		`<TS>PT1H2M3.5S</TS>`:                                   "PT1H2M3.5S",
		`<G>792e5b37-4505-47ef-b7d2-8711bb7affa8</G>`:           "792e5b37-4505-47ef-b7d2-8711bb7affa8",
		`<URI>http://example.org/?a=1&amp;b=_x0020_</URI>`:      "http://example.org/?a=1&b= ",
		`<Version>15.2.1544.4</Version>`:                        "15.2.1544.4",
		`<BA>AQID BA==</BA>`:                                    "",
		`<BA>AQIDBA==</BA>`:                                     "AQIDBA==",
		`<XD>&lt;a/&gt;</XD>`:                                   "<a/>",
		`<SBK>Get-Foo</SBK>`:                                    "Get-Foo",
		`<SS>c2VjcmV0</SS>`:                                     "***",
		`<Novel>text<b>inside</b></Novel>`:                      "textinside",
		`<?xml version="1.0" encoding="utf-8"?><I32>1</I32>`:    "1",
		`<Objs Version="1.1.0.1" xmlns="x"><I32>1</I32></Objs>`: "1",
		` <I32>1</I32> <!-- end -->`:                            "1",
	} {
		v, err := decode([]byte(clixml))
		if strings.Contains(clixml, "AQID BA") {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %v", clixml, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", clixml, err)
			continue
		}
		if got, has := v.scalar(); got != want || !has {
			t.Errorf("%s: got %q, %t, want %q", clixml, got, has, want)
		}
	}
	if text, has := mustDecode(t, `<Nil/>`).scalar(); text != "" || has {
		t.Errorf("null is %q, %t", text, has)
	}
}

func TestClixmlRefused(t *testing.T) {
	for name, c := range map[string]struct {
		clixml string
		want   error
	}{
		"nothing":                  {"", ErrMalformed},
		"no XML":                   {"hello", ErrMalformed},
		"no end":                   {"<Obj><MS>", ErrMalformed},
		"a wrong end":              {"<Obj></Obi>", ErrMalformed},
		"two values":               {"<I32>1</I32><I32>2</I32>", ErrMalformed},
		"two documents":            {"<Objs><I32>1</I32></Objs><Objs/>", ErrMalformed},
		"words before":             {"a<I32>1</I32>", ErrMalformed},
		"a document type alone":    {`<!DOCTYPE a><S/>`, ErrMalformed},
		"no value":                 {"<Objs/>", ErrMalformed},
		"bad UTF-8":                {"<S>\xff</S>", ErrMalformed},
		"a control character":      {"<S>\x01</S>", ErrMalformed},
		"another encoding":         {`<?xml version="1.0" encoding="utf-16"?><S/>`, ErrMalformed},
		"a document type":          {`<!DOCTYPE a [<!ENTITY b "c">]><S>&b;</S>`, ErrMalformed},
		"an unknown entity":        {`<S>&b;</S>`, ErrMalformed},
		"an unknown reference":     {`<Obj RefId="0"><MS><Ref N="a" RefId="1"/></MS></Obj>`, ErrMalformed},
		"a reference forward":      {`<Obj><MS><Ref N="a" RefId="1"/><Obj N="b" RefId="1"/></MS></Obj>`, ErrMalformed},
		"two of one number":        {`<Obj RefId="0"><MS><Obj N="a" RefId="0"/></MS></Obj>`, ErrMalformed},
		"types of one number":      {`<Obj><TN RefId="0"/><MS><Obj N="a"><TN RefId="0"/></Obj></MS></Obj>`, ErrMalformed},
		"unknown types":            {`<Obj><TNRef RefId="0"/></Obj>`, ErrMalformed},
		"an entry without a value": {`<Obj><DCT><En><S N="Key">a</S></En></DCT></Obj>`, ErrMalformed},
		"an entry without a key":   {`<Obj><DCT><En><S N="Value">a</S></En></DCT></Obj>`, ErrMalformed},
		"a boolean that is none":   {`<B>yes</B>`, ErrMalformed},
		"a character that is none": {`<C>70000</C>`, ErrMalformed},
		"bytes that are none":      {`<BA>!</BA>`, ErrMalformed},
		"deep objects":             {strings.Repeat("<Obj><MS>", 100_000), ErrTooLarge},
		"deep lists":               {strings.Repeat("<Obj><LST>", 100_000), ErrTooLarge},
		"deep text":                {"<S>" + strings.Repeat("<a>", 100_000), ErrTooLarge},
		"many values":              {"<Obj><LST>" + strings.Repeat("<Nil/>", maxValues), ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := decode([]byte(c.clixml))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, %v, want %v", v, err, c.want)
			}
			if len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\x00\x01\n") {
				t.Errorf("%q", err)
			}
		})
	}
}

func TestRows(t *testing.T) {
	row := host.Row{
		"Name": {Text: "LabSpooler"}, "Path": {Null: true}, "Stopped": {Text: "true"}, "hidden": {Text: "2"},
		"State": {Text: "Running"}, "Needs": {List: []string{"a", "", "Running"}}, "None": {List: []string{}},
		"NoMap":  {Text: "@{}"},
		"Server": {Text: "EX01"}, "Plain": {Text: "@{x=y; l={1, 2}}"}, "Map": {Text: "@{k=1; 2=}"}, "Again": {Text: "EX01"},
		"When": {Text: "2026-11-10T03:00:00Z"}, "a b": {Text: "spaced"},
	}
	wanted := []string{
		"NAME", "path", "stopped", "HIDDEN", "state", "needs", "none", "server", "plain", "map", "nomap", "again", "when", "A B", "absent",
	}
	for name, c := range map[string]struct {
		clixml string
		wanted []string
		want   []host.Row
	}{
		"an object": {golden(t, "object.xml"), wanted, []host.Row{row}},
		"null":      {`<Nil/>`, []string{"a"}, nil},
		"a text":    {`<S>a</S>`, []string{"value", "Length"}, []host.Row{{"Value": {Text: "a"}}}},
		"a text with properties": {
			`<Obj RefId="0"><S>a</S><MS><S N="PSPath">p</S></MS></Obj>`,
			[]string{"Value", "PSPath"},
			[]host.Row{{"Value": {Text: "a"}, "PSPath": {Text: "p"}}},
		},
		"an enumeration": {
			`<Obj RefId="0"><TN RefId="0"><T>E</T><T>System.Enum</T></TN><ToString>On</ToString><I32>1</I32></Obj>`,
			[]string{"Value"},
			[]host.Row{{"Value": {Text: "On"}}},
		},
		"a dictionary": {
			`<Obj RefId="0"><DCT><En><S N="Key">Name</S><S N="Value">a</S></En></DCT></Obj>`,
			[]string{"Name"},
			[]host.Row{{"Name": {Text: "a"}}},
		},
		"a list": {
			`<Obj RefId="0"><LST><Obj RefId="1"><MS><I32 N="a">1</I32></MS></Obj><Nil/><Ref RefId="1"/></LST></Obj>`,
			[]string{"a"},
			[]host.Row{{"a": {Text: "1"}}, {"a": {Text: "1"}}},
		},
		"an object without what is wanted": {`<Obj RefId="0"><MS><I32 N="a">1</I32></MS></Obj>`, []string{"b", "Value"}, []host.Row{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := reader{wanted: c.wanted, left: 100_000}
			got, err := r.rows(mustDecode(t, c.clixml))
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Errorf("%v, rows (-want +got):\n%s", err, d)
			}
		})
	}
}

// An object that holds itself has an end all the same.
func TestRowsLoop(t *testing.T) {
	v := mustDecode(t, `<Obj RefId="0"><MS><Ref N="me" RefId="0"/>
<Obj N="l" RefId="1"><LST><Ref RefId="1"/><Ref RefId="0"/></LST></Obj>
<Obj N="base" RefId="2"><Ref RefId="2"/></Obj></MS></Obj>`)
	r := reader{wanted: []string{"me", "l", "base"}, left: 100_000}
	got, err := r.rows(v)
	if err != nil || len(got) != 1 || len(got[0]) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	for _, text := range append(got[0]["l"].List, got[0]["me"].Text) {
		if len(text) > 2*maxReadable || !strings.Contains(text, "…") {
			t.Errorf("%q", text)
		}
	}
}

// A small message that names one large object a million times over.
func TestRowsOfManyReferences(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<Obj RefId="0"><MS><Obj N="0" RefId="1"><LST>`)
	b.WriteString(strings.Repeat("<S>aaaaaaaaaaaaaaaa</S>", 1000))
	b.WriteString(`</LST></Obj>`)
	for level := range 8 {
		fmt.Fprintf(&b, `<Obj N="%d" RefId="%d"><LST>%s</LST></Obj>`, level+1, level+2,
			strings.Repeat(fmt.Sprintf(`<Ref RefId="%d"/>`, level+1), 1000))
	}
	b.WriteString(`</MS></Obj>`)
	v := mustDecode(t, b.String())
	r := reader{wanted: []string{"8"}, left: 10 << 20}
	got, err := r.rows(v)
	if err != nil || len(got[0]["8"].List) != 1000 {
		t.Errorf("%d rows, %v", len(got), err)
	}
	for name, r := range map[string]reader{
		"one list":   {wanted: []string{"8"}, left: 1 << 20},
		"many lists": {wanted: []string{"1", "2", "3", "4", "5", "6", "7", "8"}, left: 20 << 20},
	} {
		if _, err := r.rows(v); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v, want %v", name, err, ErrTooLarge)
		}
	}
}

func FuzzClixml(f *testing.F) {
	for _, seed := range []string{
		`<Obj RefId="0"><TN RefId="0"><T>A</T></TN><ToString>a</ToString><Props><S N="a">b_x000A_</S></Props><MS><Ref N="c" RefId="0"/></MS></Obj>`,
		`<Obj RefId="0"><TNRef RefId="0"/><LST><I32>1</I32><Nil/></LST></Obj>`,
		`<Obj RefId="0"><DCT><En><S N="Key">a</S><DT N="Value">2026-11-10T04:04:05.6+01:00</DT></En></DCT></Obj>`,
		`<Objs><Obj S="progress" RefId="0"/><S S="Error">a</S></Objs>`,
		`<Obj RefId="0"><Ref RefId="0"/><STK><Ref RefId="0"/></STK></Obj>`,
		`<C>65</C>`, `<BA>AQID</BA>`, `<S>_xD83D__xDE00_</S>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, clixml string) {
		values, err := decodeAll([]byte(clixml))
		if err != nil {
			if text := err.Error(); strings.ContainsFunc(text, markup.IsControl) || len([]rune(text)) > maxLine+100 {
				t.Errorf("%q is no clean line", text)
			}
			return
		}
		for _, v := range values {
			r := reader{wanted: []string{"a", "b", "c", "value"}, left: 1 << 20}
			if _, err := r.rows(v); err != nil && !errors.Is(err, ErrTooLarge) {
				t.Errorf("rows: %v", err)
			}
			if e := errorOf(v, "a"); e.Unwrap() == nil || len([]rune(e.Error())) > maxLine {
				t.Errorf("%q", e)
			}
			if text := readable(v); len(text) > maxReadable+8 {
				t.Errorf("a readable text of %d bytes", len(text))
			}
		}
	})
}

func FuzzEscapes(f *testing.F) {
	f.Add("a_x0041_\r\n\U0001F600")
	f.Fuzz(func(t *testing.T, text string) {
		want := strings.ToValidUTF8(text, "\ufffd")
		var runes strings.Builder // one replacement for each byte, as range does it
		for _, r := range text {
			runes.WriteRune(r)
		}
		if len(want) != runes.Len() {
			want = runes.String()
		}
		if got := unescapeText(escapeText(text)); got != want {
			t.Errorf("%q came back as %q", text, got)
		}
	})
}
