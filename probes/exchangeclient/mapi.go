package exchangeclient

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/internal/webtalk"
)

// mapi asks the mailboxes' end of MAPI over HTTP whether it works.
func (v *visit) mapi(ctx context.Context) error { return v.mapiPing(ctx, "/mapi/emsmdb/") }

// nspi asks the address book's.
func (v *visit) nspi(ctx context.Context) error { return v.mapiPing(ctx, "/mapi/nspi/") }

// mapiPing is the question that is there to be answered (MS-OXCMAPIHTTP 2.2.6). Which
// mailbox it is about the server finds out from the logon.
func (v *visit) mapiPing(ctx context.Context, path string) error {
	answer, goOn, err := v.ask(ctx, webtalk.Request{
		Method: http.MethodPost, Path: path + "?useMailboxOfAuthenticatedUser=true",
		Header: http.Header{
			"Content-Type": {"application/mapi-http"}, "X-Requesttype": {"PING"},
			"X-Requestid": {"{" + guid() + "}:1"}, "X-Clientinfo": {"{" + guid() + "}:1"},
			"X-Clientapplication": {"Outlook/15.0.4815.1002"},
		},
	})
	if err != nil || !goOn {
		return err
	}
	code := strings.TrimSpace(answer.Header.Get("X-ResponseCode"))
	switch {
	case code == "":
		return v.fails("no answer of MAPI over HTTP: it has no X-ResponseCode")
	case code != "0":
		v.add("answer", fact.Text(clean(code)))
		return v.fails("MAPI over HTTP answers with the code %s", code)
	}
	v.add("answer", fact.Text(code))
	return v.works()
}

// guid is a random GUID (RFC 9562, version 4).
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
