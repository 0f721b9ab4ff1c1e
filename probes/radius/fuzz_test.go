package radius

import (
	"testing"
	"unicode"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"
)

// FuzzRead reads whatever comes as an answer, and never takes it for proved.
func FuzzRead(f *testing.F) {
	reply := radius.New(radius.CodeAccessReject, []byte("other"))
	_ = rfc2865.ReplyMessage_SetString(reply, "no\x1b[31m")
	_ = rfc2869.MessageAuthenticator_Set(reply, make([]byte, 16))
	if encoded, err := reply.Encode(); err == nil {
		f.Add(encoded)
		f.Add(append(encoded, 0, 0))
	}
	f.Add(make([]byte, head))
	f.Add([]byte{11, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80, 0, 1, 2})
	q, err := newQuestion(radius.CodeAccessRequest, []byte("s3cret"), "nas")
	if err == nil {
		err = q.mschap("probe", "swordfish")
	}
	if err == nil {
		err = q.seal()
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) < head { // which Fits lets nobody past
			return
		}
		_, _ = place(packet)
		got, err := q.read(packet)
		if err != nil {
			return
		}
		if got.proved || q.knows(got, "probe", "swordfish") {
			t.Errorf("who does not know the secret has proved it: % x", packet)
		}
		for _, r := range why(got) {
			if !unicode.IsPrint(r) {
				t.Errorf("%q is not fit to be shown", why(got))
			}
		}
	})
}
