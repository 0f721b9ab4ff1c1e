package ldapframe_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"

	"postpatch/probes/host/ldapframe"
)

// said is a connection on which everything has been said.
type said struct {
	net.Conn
	r io.Reader
}

func (s said) Read(p []byte) (int, error) { return s.r.Read(p) }

func framed(b string) *ldapframe.Conn {
	return &ldapframe.Conn{Conn: said{r: strings.NewReader(b)}, Most: 1 << 20, MostAll: 4 << 20}
}

// in is a sequence around what is there.
func in(content string, levels int) string {
	for range levels {
		content = string(binary.BigEndian.AppendUint32([]byte("\x30\x84"), uint32(len(content)))) + content
	}
	return content
}

const result = "\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00"

func TestMessages(t *testing.T) {
	for name, tt := range map[string]struct {
		message string
		want    string // words of the error; none where all of it comes through
	}{
		"a result":            {result, ""},
		"two of them":         {result + result, ""},
		"as deep as it goes":  {in("\x04\x01a", 16), ""},
		"nothing in it":       {"\x30\x00\x30\x02\x30\x00", ""},
		"long":                {in(strings.Repeat("\x04\x01a", 40_000), 1), ""},
		"too deep":            {in("\x04\x01a", 17), "16 deep"},
		"a bomb":              {in("\x04\x84\x00\x0f\x00\x00"+strings.Repeat("a", 0xF0000), 900), "16 deep"},
		"too many parts":      {in(strings.Repeat("\x04\x00", 60_000), 1), "50000 parts"},
		"too long":            {in(strings.Repeat("a", 1<<20+1), 1), "1024 KiB"},
		"longer than whole":   {"\x30\x03\x04\x02a", "longer than the whole"},
		"of no length":        {"\x30\x80\x00\x00", "no message"},
		"of no length within": {"\x30\x04\x30\x80\x00\x00", "no message"},
		"a tag of two bytes":  {"\x30\x03\x1f\x81\x00", "no message"},
		"no sequence":         {"\x04\x00", "no message"},
		"words":               {"HTTP/1.1 400", "no message"},
		"too much in all":     {strings.Repeat(in(strings.Repeat("\x04\x7f"+strings.Repeat("a", 127), 8000), 1), 5), "4 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			c := framed(tt.message)
			got, err := io.ReadAll(c)
			switch {
			case tt.want == "" && (err != nil || string(got) != tt.message):
				t.Errorf("%d bytes of %d come through: %v", len(got), len(tt.message), err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(c.Failed(), err)):
				t.Errorf("the error is %v, want %q", err, tt.want)
			}
		})
	}
}

// What keeps anything from going out is kept, too: it may be seen there first.
func TestWriting(t *testing.T) {
	near, far := net.Pipe()
	c := &ldapframe.Conn{Conn: near}
	_, _ = near.Close(), far.Close()
	if _, err := c.Write([]byte("a")); !errors.Is(err, io.ErrClosedPipe) || !errors.Is(c.Failed(), err) {
		t.Errorf("got %v, and kept is %v", err, c.Failed())
	}
}

// FuzzMessages holds it against the library: what the library reads is let through or refused,
// and never deeper than is said.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(result), byte(1))
	f.Add([]byte(in("\x04\x01a", 20)), byte(7))
	f.Add([]byte("\x30\x04\x31\x02\x04\x00\x30\x00"), byte(2))
	f.Fuzz(func(t *testing.T, data []byte, part byte) {
		c := framed(string(data))
		packet, err := ber.ReadPacket(struct{ io.Reader }{c})
		if err == nil && levels(packet) > 17 {
			t.Errorf("%d levels come through", levels(packet))
		}
		whole, wholeErr := io.ReadAll(framed(string(data)))
		var parts bytes.Buffer
		from := struct{ io.Reader }{framed(string(data))} // and no more than that, or it would be read at once
		_, partsErr := io.CopyBuffer(struct{ io.Writer }{&parts}, from, make([]byte, int(part)+1))
		if (wholeErr == nil) != (partsErr == nil) || wholeErr == nil && !bytes.Equal(whole, parts.Bytes()) {
			t.Errorf("at once %v, in parts %v", wholeErr, partsErr)
		}
	})
}

func levels(p *ber.Packet) int {
	deepest := 0
	for _, child := range p.Children {
		deepest = max(deepest, levels(child))
	}
	return deepest + 1
}
