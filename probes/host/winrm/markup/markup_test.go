package markup_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postpatch/probes/host/winrm/markup"
)

// reply is what a host says to Receive, as long as most are.
func reply(bytes int) string {
	const ns = `xmlns:s="http://www.w3.org/2003/05/soap-envelope" ` +
		`xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
		`xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" ` +
		`xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"`
	return `<s:Envelope xml:lang="en-US" ` + ns + `><s:Header><a:Action>ReceiveResponse</a:Action>` +
		`<a:MessageID>uuid:1</a:MessageID><a:RelatesTo>uuid:2</a:RelatesTo></s:Header><s:Body><rsp:ReceiveResponse>` +
		`<rsp:Stream Name="stdout" CommandId="1">` + strings.Repeat("QUJD", bytes/4) + `</rsp:Stream>` +
		`<rsp:Stream Name="stdout" CommandId="1" End="true"/><rsp:CommandState CommandId="1" State="Done">` +
		`<rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse></s:Body></s:Envelope>`
}

// documents have what XML has, right and wrong.
func documents() []string {
	return []string{
		reply(40), "", " ", "text", "<a/>", "<a></a>", "<a></b>", "<a>", "</a>", "<a", "<a b>", "<a b=c/>",
		`<a b="c"d='e'/>`,
		`<?xml version="1.0" encoding="utf-8" ?>` + "\n<a/>", `<?xml version="1.1"?><a/>`,
		`<?xml version="1.0" encoding="latin1"?><a/>`,
		`<?XML VERSION="1.0"?><a/>`, `<?xml VERSION="1.0" ENCODING="utf-8"?><a/>`, "<?go on?><a/>",
		"<a><!-- b --></a>", "<a><![CDATA[<b>]]></a>", "<!DOCTYPE a><a/>",
		"<a>b&amp;&lt;&gt;&quot;&apos;&#65;&#x42;</a>", "<a>&b;</a>", "<a>&amp</a>", "<a>&#0;</a>",
		"<a>&#xD800;</a>", "<a>&#x110000;</a>",
		"<a>&#;</a>", "<a>&#1_0;</a>", "<a>&#X41;</a>", "<a>b\r\nc\rd\n</a>", "<a b='c\r\nd&#13;'/>",
		"<a>]]></a>", "<a>]]&gt;</a>", "<a b=']]>'/>", "<a>&#93;]></a>",
		"<a>\x00</a>", "<a>ä€😀</a>", "<a>\xff</a>", "<a>\uFFFE</a>", "<a>\uFFFD</a>", "<ä/>", "<a ä='b'/>",
		"<a.b-c_1/>", "<1/>", "<-a/>", "<:/>",
		"<a:b/>", "<a:b:c/>", "<a:/>", "<:b/>", `<b:c xmlns:b="d" b:e="f"><b:c xmlns:b="g"/></b:c>`,
		`<a xmlns="b" c="d"><e xmlns=""/></a>`,
		`<a xmlns:b="c" xmlns:b="d"><b:e/></a>`, `<xmlns/>`, `<xmlns:a/>`, `<xml:a/>`,
		`<a xmlns:xml="b"><xml:c/></a>`, "<a><b:c></c:c></a>", "<a>b</a>c<d/>e", "< a/>",
		"<a / >", "</ a>", "<a></a >", "<a b = 'c' />", "<a b='<'/>", "<a b='>'>></a>", "<a b=''/>", "<a b/>",
		"<a b=\"'\"/>", "<a><b/></a></c>",
	}
}

// Every token is the one of encoding/xml, and what that refuses is refused.
func sameAsXML(t *testing.T, text string) {
	t.Helper()
	want, got := xml.NewDecoder(strings.NewReader(text)), markup.NewReader(text, 1<<30)
	for i := 0; ; i++ {
		token, err := want.Token()
		if _, is := token.(xml.Directive); is {
			err = markup.ErrDocumentType
		}
		read, gotErr := got.Next()
		if err != nil || gotErr != nil {
			if fmt.Sprint(err) != fmt.Sprint(gotErr) || errors.Is(err, io.EOF) != errors.Is(gotErr, io.EOF) {
				t.Fatalf("token %d of %q: %v, want %v", i, text, gotErr, err)
			}
			return
		}
		if d := cmp.Diff(token, read, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("token %d of %q (-want +got):\n%s", i, text, d)
		}
	}
}

func TestTokens(t *testing.T) {
	for _, text := range documents() {
		sameAsXML(t, text)
	}
}

func FuzzTokens(f *testing.F) {
	for _, text := range documents() {
		f.Add(text)
	}
	f.Fuzz(sameAsXML)
}

// Text is whole, wherever in it the scanner has stopped.
func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"<a>b</a>": "b", "<a/>": "", "<a>b<c>d</c>e</a>": "bde", "<a>b<!-- c -->d<e>f</e></a>": "bdf",
		"<a><b/>c&amp;d</a>":     "c&d",
		"<a>b<![CDATA[c]]>d</a>": "bcd",
	} {
		r := markup.NewReader(text, 9)
		got := ""
		err := r.Children(func(xml.StartElement) (err error) {
			got, err = r.Text()
			return err
		})
		if got != want || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
		skipped := markup.NewReader(text+"<z/>", 9)
		if _, err := skipped.Next(); err != nil {
			t.Fatal(err)
		}
		if err := skipped.Skip(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if next, err := skipped.Next(); err != nil || next.(xml.StartElement).Name.Local != "z" {
			t.Errorf("%s: %v, %v behind it", text, next, err)
		}
	}
}

func TestDepth(t *testing.T) {
	for _, odd := range []string{"", "<!-- b -->"} {
		r := markup.NewReader("<a>"+odd+"<a><a/></a></a>", 2)
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if !errors.Is(err, markup.ErrTooDeep) {
			t.Errorf("%q: %v", odd, err)
		}
	}
}

// BenchmarkReply reads the reply with the answers, beside encoding/xml.
func BenchmarkReply(b *testing.B) {
	text := reply(11 << 10)
	for name, next := range map[string]func() func() error{
		"markup": func() func() error {
			r := markup.NewReader(text, 64)
			return func() error { return r.Children(func(xml.StartElement) error { return r.Skip() }) }
		},
		"encoding": func() func() error {
			d := xml.NewDecoder(strings.NewReader(text))
			return func() error {
				_, err := d.Token()
				return err
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				more := next()
				var err error
				for err == nil {
					err = more()
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
			}
		})
	}
}
