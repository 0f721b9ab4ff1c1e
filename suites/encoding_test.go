package suites

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// wide writes a text as Notepad's "Unicode" and Windows PowerShell's > do, or with its
// bytes the other way round.
func wide(text string, order binary.AppendByteOrder) []byte {
	var data []byte
	for _, unit := range utf16.Encode([]rune("\uFEFF" + text)) {
		data = order.AppendUint16(data, unit)
	}
	return data
}

// encodings is a text in all the encodings that are read.
func encodings(text string) map[string][]byte {
	return map[string][]byte{
		"UTF-8":             []byte(text),
		"UTF-8 with a mark": []byte("\uFEFF" + text),
		"UTF-16LE":          wide(text, binary.LittleEndian),
		"UTF-16BE":          wide(text, binary.BigEndian),
		"with CRLF":         []byte(strings.ReplaceAll(text, "\n", "\r\n")),
		"UTF-16LE and CRLF": wide(strings.ReplaceAll(text, "\n", "\r\n"), binary.LittleEndian),
	}
}

func TestEveryEncodingIsReadAsTheSame(t *testing.T) {
	const text = "suite: läden\nowner: \"Jürgen \U0001F600\"\nhosts: [web01]\nchecks:\n  - pin: {}\n"
	var want string
	for name, data := range encodings(text) {
		_, problems := LoadBytes("x.suite.yaml", data, testKinds())
		got := Format(problems, func(string) ([]byte, error) { return data, nil })
		if want == "" {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(got, "x.suite.yaml:5:5: unknown kind") ||
			!strings.Contains(got, ">   5 |   - pin: {}") {
			t.Errorf("%s (-want +got):\n%s%s", name, diff, got)
		}
	}
	good := wide("suite: a\nowner: Jürgen\nhosts: b\nchecks: [{ping: {}}]\n", binary.BigEndian)
	set, problems := LoadBytes("x", good, testKinds())
	if set == nil || set.Suites[0].Owner != "Jürgen" {
		t.Errorf("got %v", problems)
	}
}

// The column of what is within a text counts characters, whatever their bytes are.
func TestAProblemInsideOfATextIsFoundInUTF16(t *testing.T) {
	const text = "suite: a\nhosts: b\nchecks:\n  - ping: {}\n    assert: \"after.loss \\\n      == 'ü\U0001F600' + \"\n"
	for name, data := range encodings(text) {
		_, problems := LoadBytes("x", data, testKinds())
		if len(problems) != 1 || problems[0].Line != 6 || problems[0].Column < 10 {
			t.Errorf("%s: got %+v", name, problems)
		}
	}
}

func TestPlansAndCredentialsInUTF16(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, wide(text, binary.LittleEndian), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plan, problems := LoadPlan(write("p.plan.yaml", "plan: märz\nreboot: required\n"), testKinds())
	if plan == nil || plan.Name != "märz" || plan.Reboot != RebootRequired {
		t.Errorf("got %v", problems)
	}
	const entry = "credentials:\n  - {hosts: '*', user: 'CORP\\björn', password: {env: X}%s}\n"
	c, problems := LoadCredentials(write("c.yaml", strings.Replace(entry, "%s", "", 1)), nil, nil)
	if c == nil || c.rules[0].user != `CORP\björn` {
		t.Errorf("got %v", problems)
	}
	_, problems = LoadCredentials(write("d.yaml", strings.Replace(entry, "%s", ", fro: sql", 1)), nil, nil)
	if len(problems) != 1 || problems[0].Line != 2 || problems[0].Column != 58 {
		t.Errorf("got %+v", problems)
	}
}

func TestWhatIsNoTextIsRefusedWhereItStands(t *testing.T) {
	le := binary.LittleEndian
	for name, c := range map[string]struct {
		data         []byte
		line, column int
		said         string
	}{
		"UTF-16 without its mark": {wide("suite: a\n", le)[2:], 0, 0, "UTF-16 without the mark"},
		"the other way round":     {wide("suite: a\n", binary.BigEndian)[2:], 0, 0, "UTF-16 without the mark"},
		"UTF-32":                  {[]byte("\xFF\xFE\x00\x00s\x00\x00\x00"), 0, 0, "UTF-32"},
		"half a character":        {append(wide("suite: a\nowner: ", le), 0x3D, 0xD8, 'x', 0), 2, 8, "UTF-16 is damaged"},
		"half at the end":         {append(wide("suite: a\nowner: ", le), 0x3D, 0xD8), 2, 8, "UTF-16 is damaged"},
		"one byte at the end":     {append(wide("suite: a\nowner: x", le), 'y'), 2, 9, "UTF-16 is damaged"},
		"Windows-1252":            {[]byte("suite: a\nowner: J\xFCrgen\n"), 2, 9, "'ü' in Windows-1252"},
		"a quote of Word":         {[]byte("suite: a\nowner: \x93x\x94\n"), 2, 8, "'“' in Windows-1252"},
		"one that it has not":     {[]byte("suite: a\nowner: \x81\n"), 2, 8, "a byte that is not UTF-8"},
		"a lost character":        {[]byte("suite: a\nowner: J\uFFFDrgen\n"), 2, 9, "lost"},
		"a mark in the middle":    {[]byte("suite: a\n\uFEFFowner: x\n"), 2, 1, "nobody sees (U+FEFF)"},
		"the direction is turned": {[]byte("suite: a\nowner: x\u202Ey\n"), 2, 9, "nobody sees (U+202E)"},
	} {
		_, problems := LoadBytes("x", c.data, testKinds())
		if len(problems) != 1 || problems[0].Line != c.line || problems[0].Column != c.column ||
			!strings.Contains(problems[0].Msg, c.said) || problems[0].Hint == "" {
			t.Errorf("%s: got %+v", name, problems)
		}
	}
	_, problems := LoadBytes("x", []byte("suite: a\nowner: “x\u00a0y\nhosts: b\nchecks: [{ping: {}}]\n"), testKinds())
	if len(problems) != 1 || problems[0].Line != 2 { // a space that is no edge is a part of the text
		t.Errorf("got %+v", problems)
	}
}
