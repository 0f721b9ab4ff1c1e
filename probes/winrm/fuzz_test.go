package winrm

import (
	"net/http"
	"strings"
	"testing"

	"postpatch/probes/internal/reach"
)

// FuzzAnswer holds that whatever an answer holds, its readings are short and printable.
func FuzzAnswer(f *testing.F) {
	f.Add("Microsoft-HTTPAPI/2.0", "Negotiate", []byte("<a/>"), 404)
	f.Add("", "Basic realm=\"WSMAN\", Negotiate", []byte("<E/>"), 401)
	const escape = `<s:Envelope xmlns:s="s"><s:Body><IdentifyResponse><ProtocolVersion>1</ProtocolVersion>` +
		`<ProductVendor>&#x1b;</ProductVendor></IdentifyResponse></s:Body></s:Envelope>`
	f.Add("x\x1b[31m", " ", []byte(escape), 200)
	f.Fuzz(func(t *testing.T, server, offer string, body []byte, status int) {
		head := http.Header{"Server": {server}, "Www-Authenticate": {offer}, "Content-Type": {"application/soap+xml"}}
		v := &visit{}
		_, why := v.judge(&reach.Response{Status: status, Header: head, Body: body})
		v.because("%s", why)
		texts := schemesOf(head)
		for _, r := range v.found {
			texts = append(texts, r.Value.String())
		}
		for _, text := range texts {
			if len(text) > 4000 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%q is for no operator", text)
			}
		}
	})
}
