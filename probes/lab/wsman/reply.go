package wsman

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"strings"
)

// reply is what goes back: an action, and the XML of a body.
type reply struct {
	action string
	body   string
	bare   bool // with an empty header
}

// envelope puts a reply into a SOAP envelope that refers to a request.
func envelope(r reply, relatesTo string) []byte {
	var b bytes.Buffer
	b.WriteString(`<s:Envelope xml:lang="en-US" xmlns:s="` + nsSOAP + `" xmlns:a="` + nsAddress +
		`" xmlns:x="` + nsTransfer + `" xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing" xmlns:n="` + nsEnum +
		`" xmlns:w="` + nsWSMan + `" xmlns:p="` + nsWindows + `">`)
	if r.bare {
		b.WriteString(`<s:Header/>`)
	} else {
		b.WriteString(`<s:Header><a:Action>` + escape(r.action) + `</a:Action><a:MessageID>uuid:` + newUUID() +
			`</a:MessageID><a:To>` + anonymous + `</a:To>`)
		if relatesTo != "" {
			b.WriteString(`<a:RelatesTo>` + escape(relatesTo) + `</a:RelatesTo>`)
		}
		b.WriteString(`</s:Header>`)
	}
	b.WriteString(`<s:Body>` + r.body + `</s:Body></s:Envelope>`)
	return b.Bytes()
}

// escape makes text fit for XML's content and attributes.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

// newUUID returns a random UUID in upper case, as Windows writes them.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
