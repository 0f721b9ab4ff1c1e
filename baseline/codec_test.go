package baseline

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"postpatch/probes/fact"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func encode(t testing.TB, h Host) string {
	t.Helper()
	text, err := appendHost(nil, h)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The stored form may not change by accident: baselines are kept for months.
func TestStoredFormIsGolden(t *testing.T) {
	const path = "testdata/moved.jsonl"
	got := encode(t, moved())
	if *update {
		write(t, path, []byte(got))
	}
	if diff := cmp.Diff(string(read(t, path)), got); diff != "" {
		t.Errorf("the stored form has changed (-golden +now):\n%s", diff)
	}
}

// A store written by any version is read by every later one. Those of earlier
// formats cannot be written any more.
func TestOldStoreIsRead(t *testing.T) {
	const dir = "testdata/format4"
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		finish(t, open(t, dir), "before", moved(), Host{Host: "DC01", Unreachable: "connection refused"})
	}
	for dir, want := range map[string]Host{
		"testdata/format1": small(), "testdata/format2": moved(), "testdata/format3": moved(), dir: moved(),
	} {
		hosts, err := whole(open(t, dir), "before")
		if err != nil {
			t.Fatal(err)
		}
		if len(hosts) != 2 || hosts[0].Host != "DC01" || hosts[0].Unreachable != "connection refused" {
			t.Errorf("got hosts %v", hosts)
		}
		if diff := same(want, hosts[1]); diff != "" {
			t.Errorf("%s: %s", dir, diff)
		}
	}
}

// The lines of format 1 are those of now, but for the number.
func TestFormatsAreCompared(t *testing.T) {
	one := strings.Replace(encode(t, small()), `"format":4`, `"format":1`, 1)
	if _, err := parseHost(one); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{one, encode(t, moved())} {
		got, err := DiffText(one, text, same0)
		if err != nil || len(got.Changes)+len(got.Ignored) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		h := sampled(t, random(seed), "h")
		text := encode(t, h)
		back, err := parseHost(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if diff := same(h, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Whatever is decoded is the one form of its content.
func FuzzDecode(f *testing.F) {
	f.Add(encode(f, moved()))
	f.Add(encode(f, small()))
	f.Add(encode(f, Host{Host: "h"}))
	f.Add("{\"host\":\"h\",\"format\":1,\"identity\":\"\",\"unreachable\":\"\"}\n{\"lines\":1}\n")
	f.Add("{\"host\":\"h\",\"format\":4,\"identity\":\"\\udcff\",\"unreachable\":\"\"}\n")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHost(text)
		if err != nil {
			return
		}
		again, err := appendHost(nil, h)
		if err != nil {
			return // a host name that no manifest can have
		}
		const latest = `,"format":4,`
		now := strings.NewReplacer(`,"format":1,`, latest, `,"format":2,`, latest, `,"format":3,`, latest)
		header, rest, _ := strings.Cut(text, "\n")
		if string(again) != now.Replace(header)+"\n"+rest {
			t.Fatalf("decoded %q, which encodes as %q", text, again)
		}
	})
}

func FuzzManifest(f *testing.F) {
	m := Manifest{Head: head("before"), Finished: finishedAt()}
	m.Format = FormatVersion
	m.Hosts = []HostEntry{{Host: "h", File: hostFile("h"), SHA256: "00", Bytes: 1}}
	data, err := seal(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, mutant []byte) {
		m, damage := parseManifest("before", mutant)
		if damage == nil && (m.Run != "before" || !sealed(mutant)) {
			t.Fatalf("accepted %q", mutant)
		}
	})
}

func TestDecodeIsStrict(t *testing.T) {
	good := encode(t, small())
	swap := func(old, now string) string {
		if strings.Count(good, old) != 1 {
			t.Fatalf("%q is not there once", old)
		}
		return strings.Replace(good, old, now, 1)
	}
	lines := strings.SplitAfter(good, "\n")
	tests := []struct{ name, text, want string }{
		{"nothing", "", "line 1: the file ends"},
		{"only a header", lines[0], "line 2: the file ends"},
		{"no trailer", strings.Join(lines[:11], ""), "line 12: the file ends"},
		{"no last line end", strings.TrimSuffix(good, "\n"), "line 12: the file ends"},
		{"a line missing", strings.Join(append(append([]string{}, lines[:3]...), lines[4:]...), ""), "missing or added"},
		{"something after the trailer", good + "x", "something follows"},
		{"a second trailer", good + lines[11], "something follows"},
		{"a check after a reading", strings.Join(lines[:11], "") + lines[1] + lines[11], `line 12: want ,"item":`},
		{"a check twice", strings.Join(lines[:2], "") + strings.Join(lines[1:], ""), "line 3: check"},
		{"a reading twice", strings.Join(lines[:5], "") + strings.Join(lines[4:], ""), "line 6: reading"},
		{"readings out of order", strings.Join(lines[:4], "") + lines[5] + lines[4], "line 6: reading"},
		{"only the order is wrong", strings.Join(slices.Concat(lines[:8], lines[9:10], lines[8:9], lines[10:]), ""), "line 10: reading"},
		{"only a reading is there twice", strings.Join(slices.Concat(lines[:9], lines[8:9], lines[10:]), ""), "line 10: reading"},
		{"an unknown key", swap(`,"kind":"os"`, `,"kind":"os","x":1`), `line 3: want ,"asked":`},
		{"a key twice", swap(`,"kind":"os"`, `,"kind":"os","kind":"os"`), "line 3"},
		{"other order of keys", swap(`"item":"Spooler","name":"state"`, `"name":"state","item":"Spooler"`), "line 10"},
		{"white space", swap(`{"int":4294}`, `{"int": 4294}`), "line 7"},
		{"a carriage return", swap("{\"int\":4294}}\n", "{\"int\":4294}}\r\n"), "line 7"},
		{"an empty line", swap("{\"int\":4294}}\n", "{\"int\":4294}}\n\n"), "line 8"},
		{"a newer format", swap(`"format":4`, `"format":5`), "format 5 is newer than this program"},
		{"format zero", swap(`"format":4`, `"format":0`), "none"},
		{"another form of a format", swap(`"format":4`, `"format":03`), "want a number"},
		{"a huge format", swap(`"format":4`, `"format":99999999999999999999`), "want a number"},
		{"another form of a number", swap(`{"int":4294}`, `{"int":04294}`), "line 7"},
		{"another form of a text", swap(`"text":"running"`, `"text":"r\u0075nning"`), "line 10"},
		{"another form of a duration", swap(`"12ms"`, `"0.012s"`), "line 3: took"},
		{"a set out of order", swap(`["RPCSS","http"]`, `["http","RPCSS"]`), "line 9"},
		{"raw bytes", swap(`"running"`, "\"run\xffing\""), "line 10"},
		{"raw control characters", swap(`"running"`, "\"run\x1b[0m\""), "line 10"},
		{"something after the header", swap(`"unreachable":""}`, `"unreachable":""}x`), "line 1: something follows"},
		{"a header without an end", swap(`"unreachable":""}`, `"unreachable":""`), "line 1: want }"},
		{"something after a check", swap(`"12ms"}`, `"12ms"}x`), "line 3: something follows"},
		{"a check without an end", swap(`"12ms"}`, `"12ms"`), "line 3: want }"},
		{"something after a value", swap(`{"int":4294}}`, `{"int":4294}} `), "line 7"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseHost(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want an error with %q, got %v", test.want, err)
			}
			for _, pair := range [][2]string{{test.text, test.text}, {good, test.text}, {test.text, good}} {
				if _, _, ok := parseBoth(pair[0], pair[1]); ok {
					t.Error("it is read beside another")
				}
			}
		})
	}
}

func TestDecodeOfMovesIsStrict(t *testing.T) {
	good := encode(t, moved())
	swap := func(old, now string) string {
		if strings.Count(good, old) != 1 {
			t.Fatalf("%q is not there once", old)
		}
		return strings.Replace(good, old, now, 1)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(good, "\n"), "\n")
	put := func(order ...string) string { return strings.Join(order, "") + "\n" }
	tests := []struct{ name, text, want string }{
		{"a reading behind them", put(slices.Concat(lines[:10], lines[11:18], lines[10:11], lines[18:])...), "line 18: a reading"},
		{"among the readings", put(slices.Concat(lines[:4], lines[11:12], lines[4:11], lines[12:])...), "line 5: what was learned"},
		{"out of order", put(slices.Concat(lines[:11], lines[12:13], lines[11:12], lines[13:])...), "line 13: what was learned"},
		{"twice", put(slices.Concat(lines[:12], lines[11:])...), "line 13: what was learned"},
		{"in format 1", swap(`"format":4`, `"format":1`), "line 12: nothing is learned in format 1"},
		{"another word", swap(`"ubr"},"absent":false`, `"ubr"},"absent":no`), "line 14: want false"},
		{"no values", swap(`[{"int":3},{"int":4294}]`, `[]`), "line 14"},
		{"one of a range", swap(`[{"int":3},{"int":4294}]`, `[{"int":4294}]`), "the lowest value and the highest"},
		{"three of a range", swap(`[{"int":3},{"int":4294}]`, `[{"int":3},{"int":4},{"int":4294}]`), "the lowest value"},
		{"the highest first", swap(`[{"int":3},{"int":4294}]`, `[{"int":4294},{"int":3}]`), "the lowest value"},
		{"no move", swap(`[{"int":3},{"int":4294}]`, `[{"int":4294},{"int":4294}]`), "does not move"},
		{"two types", swap(`[{"int":3},{"int":4294}]`, `[{"int":3},{"text":"4294"}]`), "not of one type"},
		{"not the value that is", swap(`[{"int":3},{"int":4294}]`, `[{"int":3},{"int":4293}]`), "outside of it"},
		{"of a reading that is not", swap(`"name":"gone"},"absent":true`, `"name":"gone"},"absent":false`), "does not move"},
		{"a range that is not", swap(`"ubr"},`, `"ubs"},`), "outside of it"},
		{"texts out of order", swap(`[{"text":"running"},{"text":"stopped"}]`, `[{"text":"stopped"},{"text":"running"}]`), "out of order"},
		{"a text twice", swap(`[{"text":"running"},{"text":"stopped"}]`, `[{"text":"running"},{"text":"running"}]`), "twice"},
		{"one text", swap(`[{"text":"running"},{"text":"stopped"}]`, `[{"text":"running"}]`), "does not move"},
		{"sets in the wrong order", swap(`[{"set":["RPCSS"]},{"set":["RPCSS","http","x\udcff"]}]`,
			`[{"set":["RPCSS","http","x\udcff"]},{"set":["RPCSS"]}]`), "want what was always"},
		{"something behind it", swap(`{"int":4294}]}`, `{"int":4294}]} `), "line 14: something follows"},
		{"a comma too many", swap(`{"int":4294}]}`, `{"int":4294},]}`), "line 14"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseHost(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want an error with %q, got %v", test.want, err)
			}
			for _, pair := range [][2]string{{test.text, test.text}, {good, test.text}, {test.text, good}} {
				if _, _, ok := parseBoth(pair[0], pair[1]); ok {
					t.Error("it is read beside another")
				}
			}
		})
	}
}

// What Read would refuse is not stored.
func TestMovesThatAreNoneAreNotStored(t *testing.T) {
	for i := range moved().Moves {
		for name, harm := range map[string]func(*Move){
			"of another host": func(m *Move) { m.Key.Host = "ex02" },
			"without values":  func(m *Move) { m.Seen = nil },
			"of no value":     func(m *Move) { m.Seen = []fact.Value{nil} },
			"of a stranger":   func(m *Move) { m.Key.Name, m.Absent = "z", false },
		} {
			h := moved()
			harm(&h.Moves[i])
			if _, err := appendHost(nil, h.sorted()); err == nil {
				t.Errorf("a move %s is stored", name)
			}
		}
	}
	h := moved()
	h.Moves = append(h.Moves, h.Moves[0])
	if _, err := appendHost(nil, h.sorted()); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v", err)
	}
}

// No cut and no flipped bit of the lines themselves goes unseen, even without a
// digest, unless it makes another well-formed content.
func TestEveryCutIsSeen(t *testing.T) {
	good := encode(t, moved())
	for n := range len(good) {
		if _, err := parseHost(good[:n]); err == nil {
			t.Fatalf("the first %d bytes of %d were accepted", n, len(good))
		}
	}
}

func TestLimits(t *testing.T) {
	reading := func(text string) Host {
		key := fact.Key{Host: "h", Check: "c", Name: "n"}
		return Host{Host: "h", Readings: []fact.Reading{{Key: key, Value: fact.Text(text)}}}
	}
	around := len(encode(t, reading(""))) - len(encode(t, Host{Host: "h"}))
	longest := reading(strings.Repeat("x", maxLine-around))
	if _, err := parseHost(encode(t, longest)); err != nil {
		t.Errorf("the longest line is refused: %v", err)
	}
	if _, err := appendHost(nil, reading(strings.Repeat("x", maxLine-around+1))); err == nil {
		t.Error("a line that is too long is stored")
	}
	header := encode(t, Host{Host: "h"})
	header, _, _ = strings.Cut(header, "\n")
	tooLong := longest
	tooLong.Readings[0].Value = fact.Text(strings.Repeat("x", maxLine-around+1))
	line := appendReading([]byte(header+"\n"), tooLong.Readings[0])
	text := string(appendTrailer(line, 2))
	if _, _, ok := parseBoth(text, text); ok {
		t.Error("a line that is too long is read, on both sides")
	}
	if _, err := parseHost(header + "\n" + strings.Repeat("x", maxLine) + "\n"); err == nil ||
		!strings.Contains(err.Error(), "line 2: longer than") {
		t.Errorf("a line that is too long: %v", err)
	}
	var many bytes.Buffer
	many.WriteString(header + "\n")
	for i := range maxLines {
		many.Write(appendCheck(nil, Check{Check: strconv.Itoa(i + 1e8)}))
	}
	if _, err := parseHost(many.String()); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("too many lines: %v", err)
	}
	lines := strings.SplitAfterN(many.String(), "\n", maxLines)[:maxLines-1] // the header, and room for the trailer
	if _, err := parseHost(strings.Join(lines, "") + string(appendTrailer(nil, maxLines-1))); err != nil {
		t.Errorf("as many lines as there may be: %v", err)
	}
	many.Reset()
	many.WriteString(header + "\n")
	for i := range maxLines {
		key := fact.Key{Check: "c", Item: strconv.Itoa(i + 1e8)}
		many.Write(appendReading(nil, fact.Reading{Key: key, Value: fact.Bool(true)}))
	}
	whole := string(appendTrailer(many.Bytes(), 1+maxLines))
	if _, err := DiffText(whole, whole, same0); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("too many lines: %v", err)
	}
	if err := checkText(bytes.Repeat([]byte("\n"), maxLines)); err != nil {
		t.Errorf("as many lines as there may be are not stored: %v", err)
	}
	if err := checkText(many.Bytes()); err == nil {
		t.Error("too many lines are stored")
	}
}

// A small file may not unpack to more than the limit, in one frame or in many.
func TestBombIsRefused(t *testing.T) {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	const limit = 4 << 20
	decoder, err := newDecoder(limit)
	if err != nil {
		t.Fatal(err)
	}
	one := encoder.EncodeAll(make([]byte, limit+1), nil)
	many := bytes.Repeat(encoder.EncodeAll(make([]byte, limit/2), nil), 3)
	var stream bytes.Buffer // says nothing of its size
	encoder.Reset(&stream)
	if _, err := encoder.Write(make([]byte, limit+1)); err != nil {
		t.Fatal(err)
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	snapshot := &Snapshot{zstd: decoder}
	for _, bomb := range [][]byte{one, many, stream.Bytes()} {
		_, damage := snapshot.unpack("h", bomb)
		if damage == nil || damage.Kind != Unreadable || !strings.Contains(damage.Msg, "unpacked") {
			t.Errorf("got %v", damage)
		}
	}
}

func TestHostFiles(t *testing.T) {
	tests := []struct{ name, host, want string }{
		{"a plain name stays", "ex01.corp.test", "hosts/ex01.corp.test.jsonl.zst"},
		{"a path is no path", "../../etc/passwd", "hosts/%2E.%2F..%2Fetc%2Fpasswd.jsonl.zst"},
		{"a backslash is none", `a\b`, "hosts/a%5Cb.jsonl.zst"},
		{"an alternate stream is none", "a:b", "hosts/a%3Ab.jsonl.zst"},
		{"an IPv6 address", "fe80::1%eth0", "hosts/fe80%3A%3A1%25eth0.jsonl.zst"},
		{"a device", "con", "hosts/%63on.jsonl.zst"},
		{"a device with a suffix", "com1.corp", "hosts/%63om1.corp.jsonl.zst"},
		{"no device", "console", "hosts/console.jsonl.zst"},
		{"the last device", "lpt9", "hosts/%6Cpt9.jsonl.zst"},
		{"the first device", "com0", "hosts/%63om0.jsonl.zst"},
		{"no device either", "com:", "hosts/com%3A.jsonl.zst"},
		{"the first and the last letters", "az09", "hosts/az09.jsonl.zst"},
		{"as long as may be", strings.Repeat("a", 100), "hosts/" + strings.Repeat("a", 100) + ".jsonl.zst"},
		{"one longer", strings.Repeat("a", 101), "hosts/" + strings.Repeat("a", 60) + "~9d0793397991b57a99a07c6e6b4a92ba.jsonl.zst"},
		{"capitals carry a hash", "EX01", "hosts/EX01~535008bd67a72a7a1bad9399314cd793.jsonl.zst"},
		{"what a folder's library takes for an escape", "a__0x41__", "hosts/a%5F_0x41__.jsonl.zst"},
		{"control characters", "a\n\x00", "hosts/a%0A%00.jsonl.zst"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := hostFile(test.host); got != test.want {
				t.Errorf("want %s, got %s", test.want, got)
			}
		})
	}
}

func FuzzHostFiles(f *testing.F) {
	f.Add("EX01", "ex01")
	f.Add("con", "%63on")
	f.Add("a/b", "a%2Fb")
	f.Add(strings.Repeat("a", 200), strings.Repeat("a", 201))
	f.Add("EX01~535008bd67a72a7a1bad9399314cd793", "ex01~535008bd67a72a7a1bad9399314cd793")
	f.Add("ÄÖ", "äö")
	f.Add("a__0x41__", "a___0x41__")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := hostFile(a), hostFile(b)
		if a != b && strings.EqualFold(x, y) {
			t.Fatalf("%q and %q share the file %s", a, b, x)
		}
		name := strings.TrimPrefix(x, "hosts/")
		if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\:*?"<>|`) || name[0] == '.' ||
			strings.Contains(name, "__0x") ||
			len(name) > 160 || isDevice(name) {
			t.Fatalf("%q has the file %q", a, x)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	h := large(1000)
	b.ReportAllocs()
	var text []byte
	for b.Loop() {
		text, _ = appendHost(text[:0], h)
	}
	b.SetBytes(int64(len(text)))
}

func BenchmarkDecode(b *testing.B) {
	text := encode(b, large(1000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseHost(text); err != nil {
			b.Fatal(err)
		}
	}
}

// With file, digest and compression: what verify does for a host.
func BenchmarkHost(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "evidence"))
	finish(b, s, "before", large(1000))
	snapshot, err := s.Read(b.Context(), "before")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, found, err := snapshot.Host(b.Context(), "sql01.corp.test"); !found || err != nil {
			b.Fatal(err)
		}
	}
}
