package fact_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"postpatch/probes/fact"
)

// values are those on which a store could trip.
func values() []fact.Value {
	list := []fact.Value{
		fact.Bool(true), fact.Bool(false), fact.SetOf(), fact.SetOf(""), fact.SetOf("a, b"), fact.SetOf("a", "b"),
	}
	for _, n := range []int64{0, 1, -1, 1 << 53, 1<<53 + 1, math.MinInt64, math.MaxInt64, 999, 1e9 + 1} {
		list = append(list, fact.Int(n), fact.Duration(n), fact.Time(time.Unix(n, 0)), fact.Time(time.Unix(0, n)))
	}
	for _, s := range texts() {
		list = append(list, fact.Text(s), fact.SetOf("a", s, "z"))
	}
	return list
}

func texts() []string {
	return []string{
		"", "running", "1", "Größe", "😀", "\xff", "\xfe", "\xed\xb3\xbf", "\xc3(", "\ufffd", `"`, `\`, `\udcff`, "\x00\x01\x1b[31m",
		"\r\n\t", "\u0085\u009f\u007f", "\u2028\u2029\u202e\u2066\u2069", "<&>", `{"text":"x"}`, strings.Repeat("x", 1000),
	}
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	stored := map[string]fact.Value{}
	for _, v := range values() {
		data := fact.Encode(v)
		if !json.Valid(data) || strings.ContainsAny(string(data), "\n\r\x1b\u202e") {
			t.Errorf("%#v is stored as %q", v, data)
		}
		back, err := fact.Decode(data)
		if err != nil || !fact.Equal(v, back) || back.Type() != v.Type() {
			t.Errorf("%#v is stored as %s and comes back as %#v, %v", v, data, back, err)
		}
		if again := fact.Encode(back); string(again) != string(data) {
			t.Errorf("stored as %s, then as %s", data, again)
		}
		if other, taken := stored[string(data)]; taken && !fact.Equal(other, v) {
			t.Errorf("%#v and %#v are stored alike", v, other)
		}
		stored[string(data)] = v
	}
}

func TestStoredForm(t *testing.T) {
	zone := time.FixedZone("", -3600)
	tests := []struct {
		name  string
		value fact.Value
		want  string
	}{
		{"bool", fact.Bool(true), `{"bool":true}`},
		{"int", fact.Int(-7), `{"int":-7}`},
		{"text", fact.Text("a<b"), `{"text":"a<b"}`},
		{"text with what moves a cursor", fact.Text("\x1b[2J\u202e\n\u0085"), `{"text":"\u001b[2J\u202e\n\u0085"}`},
		{"text that is no UTF-8", fact.Text("a\xffb"), `{"text":"a\udcffb"}`},
		{"duration", fact.Duration(1500 * time.Microsecond), `{"duration":"1.5ms"}`},
		{"time of another zone", fact.Time(time.Date(2026, 1, 2, 3, 4, 5, 0, zone)), `{"time":"2026-01-02T04:04:05Z"}`},
		{"time beyond year 9999", fact.Time(time.Date(9999, 12, 31, 23, 59, 59, 0, zone)), `{"time":"@253402304399.000000000"}`},
		{"set", fact.SetOf("b", "a", "b"), `{"set":["a","b"]}`},
		{"empty set", fact.SetOf(), `{"set":[]}`},
		{"nothing", nil, `{"unknown":null}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := string(fact.Encode(test.value)); got != test.want {
				t.Errorf("want %s, got %s", test.want, got)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, bad := range []string{
		``, `{}`, `[]`, `null`, `1`, `{"int"}`, `{"int":}`, `{"int":1`, `{"int":1}}`, `{"int":1} `, ` {"int":1}`, `{"int": 1}`,
		`{"int":1,"int":2}`, `{"int":1,"text":"a"}`, `{"int":null}`, `{"int":"1"}`, `{"int":1.0}`, `{"int":1e3}`, `{"int":-0}`,
		`{"int":+1}`, `{"int":01}`, `{"int":9223372036854775808}`, `{"float":1}`, `{"unknown":null}`, `{"Int":1}`,
		`{"bool":True}`, `{"bool":1}`, `{"bool":null}`, `{"text":null}`, `{"text":a}`, `{"text":"a}`, `{"text":"a"b"}`, `{"text":"a\"}`,
		`{"text":"\u0061"}`, `{"text":"\/"}`, `{"text":"\u000a"}`, `{"text":"\u001B"}`, `{"text":"\ud800"}`, `{"text":"\udcc3\udca9"}`,
		`{"text":"\ud83d\ude00"}`, `{"text":"\u+041"}`, `{"text":"\u12"}`, `{"text":"\u"}`, "{\"text\":\"\n\"}", "{\"text\":\"\xff\"}",
		"{\"text\":\"\u202e\"}", `{"duration":"1h"}`, `{"duration":"60s"}`, `{"duration":"1"}`, `{"duration":1}`, `{"duration":""}`,
		`{"duration":"9999999h0m0s"}`, `{"time":"2026-01-02T03:04:05+00:00"}`, `{"time":"2026-01-02T03:04:05.0Z"}`,
		`{"time":"2026-01-02"}`, `{"time":"@1.000000000"}`, `{"time":"@"}`, `{"time":"@253402304399"}`, `{"time":"@253402304399.5"}`,
		`{"set":null}`, `{"set":"a"}`, `{"set":[}`, `{"set":[,]}`, `{"set":["a",]}`, `{"set":["a" ,"b"]}`, `{"set":["b","a"]}`,
		`{"set":["a","a"]}`, `{"set":[1]}`, `{"set":["a"]]}`, `{"set":["a"}`,
	} {
		if v, err := fact.Decode([]byte(bad)); err == nil {
			t.Errorf("%s is read as %#v", bad, v)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range values() {
		f.Add(string(fact.Encode(v)))
	}
	f.Fuzz(func(t *testing.T, data string) {
		v, err := fact.DecodeString(data)
		if err == nil && string(fact.Encode(v)) != data {
			t.Fatalf("%q is read as %#v, which is stored as %q", data, v, fact.Encode(v))
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, s := range texts() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := fact.AppendQuoted([]byte("x"), s)
		back, rest, err := fact.Unquote(string(quoted[1:]) + "rest")
		if err != nil || back != s || rest != "rest" || !json.Valid(quoted[1:]) {
			t.Fatalf("%q is quoted as %s and comes back as %q, %q, %v", s, quoted, back, rest, err)
		}
		if text, rest, err := fact.Unquote(s); err == nil && string(fact.AppendQuoted(nil, text))+rest != s {
			t.Fatalf("%q is read as %q and %q", s, text, rest)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	v := fact.Text("C:\\Windows\\System32\\svchost.exe -k netsvcs")
	var data []byte
	b.ReportAllocs()
	for b.Loop() {
		data = fact.AppendEncoded(data[:0], v)
	}
}

func BenchmarkDecode(b *testing.B) {
	s := string(fact.Encode(fact.Text("running")))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fact.DecodeString(s); err != nil {
			b.Fatal(err)
		}
	}
}
