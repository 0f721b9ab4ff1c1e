package talk_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"unicode"

	"postpatch/probes/internal/talk"
)

func TestUnescape(t *testing.T) {
	got, err := talk.Unescape(`a\r\n\t\0\x7f\\b ä`)
	if want := "a\r\n\t\x00\x7f\\b ä"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{`\`, `\q`, `\x`, `\x1`, `\xgg`} {
		if got, err := talk.Unescape(bad); err == nil {
			t.Errorf("%s: got %q", bad, got)
		}
	}
}

func TestShow(t *testing.T) {
	for data, want := range map[string]string{
		"plain ä": "plain ä", "a\r\n\\": `a\r\n\\`, "\xff\x1b[": `\xff\x1b[`, "\u202e": `\u202e`,
		strings.Repeat("x", 400): strings.Repeat("x", 300) + "…",
	} {
		if got := talk.Show([]byte(data)); got != want {
			t.Errorf("%q: got %s", data, got)
		}
	}
}

func TestPatternsSeeBytes(t *testing.T) {
	for pattern, data := range map[string]string{`^\xff\x00$`: "\xff\x00", "ä": "an ä", `^..$`: "ä", `[^\x00-\x7f]`: "ä"} {
		p, err := talk.Pattern(pattern)
		if err != nil || !p.MatchString(talk.Bytes([]byte(data))) {
			t.Errorf("%s does not match %q: %v", pattern, data, err)
		}
	}
}

// tape is a server that says one thing and listens to nothing.
type tape struct {
	net.Conn
	in io.Reader
}

func (t tape) Read(p []byte) (int, error)  { return t.in.Read(p) }
func (t tape) Write(p []byte) (int, error) { return len(p), nil }
func (t tape) Close() error                { return nil }

// FuzzStartTLS holds that whatever a server says, starting TLS ends, in words that can be
// shown, and comes to nothing: no tape can shake hands.
func FuzzStartTLS(f *testing.F) {
	for _, said := range []string{
		"220-a\r\n220 b\r\n250-c\r\n250 STARTTLS\r\n220 go\r\n", "* OK hi\r\na1 OK go\r\n", "+OK\r\n+OK\r\n", "S", "N",
		"\x16\x00\x00\x00\x0a5.7.1\x00\x01\x00\x00\x00saltsalt\x00\xff\xff\x21", "220 x\r\n234 y\r\n",
		"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00", "\x30\x84\xff\xff\xff\xff", "\x16\x00\x00\x00\x0a\x00",
	} {
		f.Add([]byte(said))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		for _, protocol := range talk.Protocols() {
			c := talk.New(tape{in: bytes.NewReader(said)})
			err := c.StartTLS(context.Background(), protocol, "srv.test")
			if err == nil || c.TLS() != nil {
				t.Fatalf("%s: TLS with a tape", protocol)
			}
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%s: %q is not fit to be shown", protocol, err)
			}
		}
	})
}

// FuzzScript runs a script of every kind of step against whatever a server says.
func FuzzScript(f *testing.F) {
	f.Add([]byte("220 a b\r\nxyz"), "expect ^220 (.*)")
	f.Add([]byte("\xff\x00\x1b"), `bytes \xff(.*)`)
	f.Add([]byte("a"), "tls")
	f.Fuzz(func(t *testing.T, said []byte, step string) {
		steps, err := talk.Parse([]string{step, "expect (.+)", "bytes (.)"})
		if err != nil {
			return
		}
		found, _, err := talk.New(tape{in: bytes.NewReader(said)}).Run(context.Background(), steps, "srv.test")
		text := found
		if err != nil {
			text = strings.ReplaceAll(err.Error(), step, "")
		}
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is not fit to be shown", text)
		}
	})
}
