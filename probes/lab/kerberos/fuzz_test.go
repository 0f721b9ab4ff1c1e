package kerberos_test

import (
	"bytes"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/lab/kerberos"
)

// FuzzKDC shows that a KDC answers whatever it is asked, and gives nothing away
// without a password.
func FuzzKDC(f *testing.F) {
	k := quiet(f)
	name := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "probe")
	c := settings(f, k, "127.0.0.1:88")
	as, err := messages.NewASReqForTGT(realm, c, name)
	if err != nil {
		f.Fatal(err)
	}
	part, ticket, err := k.Ticket("probe", "krbtgt/"+realm, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	tgs, err := messages.NewTGSReq(name, realm, realm, c, ticket, part.Key,
		types.NewPrincipalName(nametype.KRB_NT_SRV_INST, web), false)
	if err != nil {
		f.Fatal(err)
	}
	for _, marshal := range []func() ([]byte, error){as.Marshal, tgs.Marshal} {
		raw, err := marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(raw[:len(raw)/2])
	}
	f.Add([]byte{})
	f.Add([]byte("\x6c\x03\x30\x01\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		out := k.Answer(raw)
		if len(out) == 0 || out[0] == 0x6b { // [APPLICATION 11] is AS-REP
			t.Errorf("answered %x to %x", out, raw)
		}
	})
}

// FuzzAccept shows that nobody comes in without a ticket.
func FuzzAccept(f *testing.F) {
	k := quiet(f)
	now := time.Now()
	s := service(f, k, kerberos.Relaxed, func() time.Time { return now })
	token := initiate(f, k, time.Hour).token(f)
	f.Add(token)
	f.Add(token[:40])
	f.Add(kerberos.Frame(0x0100, []byte("\x6e\x00")))
	f.Add([]byte("\x60\x82\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := s.Acceptor(nil)
		out, done, err := a.Accept(raw)
		if done != (err == nil) || done != (a.User() != "") {
			t.Errorf("done %t, user %q, %v", done, a.User(), err)
		}
		if len(out) > 0 {
			if _, _, err := kerberos.Unframe(out); err != nil {
				t.Errorf("answered %x", out)
			}
		}
		if kind, message, err := kerberos.Unframe(raw); err == nil && len(raw) < 1<<15 {
			again, back, err := kerberos.Unframe(kerberos.Frame(kind, message))
			if err != nil || again != kind || !bytes.Equal(back, message) {
				t.Errorf("%04x %x came back as %04x %x: %v", kind, message, again, back, err)
			}
		}
	})
}

// FuzzOpen shows that nothing opens that the client did not seal.
func FuzzOpen(f *testing.F) {
	k := quiet(f)
	i, a := initiate(f, k, time.Hour), service(f, k, kerberos.Relaxed, nil).Acceptor(nil)
	out, _, err := a.Accept(i.token(f))
	if err != nil {
		f.Fatal(err)
	}
	i.finish(f, out)
	first := i.ours
	for _, form := range [][2]int{{0, 28}, {0, 0}, {16, 44}, {0, 65535}} {
		i.ours = first
		f.Add(i.seal(f, "hello", form[0], form[1]), 60)
	}
	f.Add([]byte{5, 4, 6, 0xff}, 4)
	f.Add(bytes.Repeat([]byte{5, 4, 6, 0xff}, 20), 16)
	f.Fuzz(func(t *testing.T, token []byte, cut int) {
		cut = max(0, min(cut, len(token)))
		plain, err := a.Open(token[:cut], token[cut:])
		if err == nil && string(plain) != "hello" {
			t.Errorf("opened %q", plain)
		}
	})
}

// FuzzAuthenticator shows that who has a true ticket makes the KDC and a service
// stumble no more than a stranger: what it seals is read with the same care.
func FuzzAuthenticator(f *testing.F) {
	k := quiet(f)
	g, i := ask(f, k, time.Hour), initiate(f, k, time.Hour)
	s := service(f, k, kerberos.Relaxed, nil)
	for _, auth := range []types.Authenticator{g.auth, i.auth} {
		raw, err := auth.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte{0x62, 2, 0x30, 0})
	f.Fuzz(func(t *testing.T, auth []byte) {
		_, _, _ = s.Acceptor(bound()).Accept(kerberos.Frame(0x0100, apRequest(t, i.ticket, i.session, auth)))
		g.req.PAData = types.PADataSequence{{PADataType: 1, PADataValue: apRequest(t, g.ticket, g.session, auth)}}
		whole, err := g.req.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if len(k.Answer(whole)) == 0 {
			t.Error("no answer")
		}
	})
}

// apRequest seals an authenticator of any bytes.
func apRequest(t *testing.T, ticket messages.Ticket, key types.EncryptionKey, auth []byte) []byte {
	t.Helper()
	usage := uint32(11)
	if ticket.SName.NameString[0] == "krbtgt" {
		usage = 7
	}
	sealed, err := crypto.GetEncryptedData(auth, key, usage, 0)
	if err != nil {
		t.Fatal(err)
	}
	ap := messages.APReq{
		PVNO: 5, MsgType: 14, APOptions: types.NewKrbFlags(), Ticket: ticket, EncryptedAuthenticator: sealed,
	}
	raw, err := ap.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// FuzzBody shows the same of the body of a request that a true ticket covers.
func FuzzBody(f *testing.F) {
	k := quiet(f)
	g := ask(f, k, time.Hour)
	for _, flag := range []int{0, flags.Renew, flags.Forwarded, flags.EncTktInSkey} {
		g.option(flag)
		body, err := g.req.ReqBody.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		etype, err := crypto.GetEtype(g.session.KeyType)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := etype.GetChecksumHash(g.session.KeyValue, body, 6)
		if err != nil {
			t.Fatal(err)
		}
		auth := g.auth
		auth.CTime = time.Now()
		auth.Cksum = types.Checksum{CksumType: etype.GetHashID(), Checksum: sum}
		raw, err := auth.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		type element struct {
			Type  int    `asn1:"explicit,tag:1"`
			Value []byte `asn1:"explicit,tag:2"`
		}
		whole, err := asn1.MarshalWithParams(struct {
			PVNO int           `asn1:"explicit,tag:1"`
			Type int           `asn1:"explicit,tag:2"`
			Data []element     `asn1:"explicit,tag:3"`
			Body asn1.RawValue `asn1:"tag:4"`
		}{
			5, 12,
			[]element{{1, apRequest(t, g.ticket, g.session, raw)}},
			asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: body},
		}, "application,explicit,tag:12")
		if err != nil {
			t.Fatal(err)
		}
		out := k.Answer(whole)
		var refused messages.KRBError
		if len(out) == 0 || out[0] != 0x6d && refused.Unmarshal(out) != nil {
			t.Errorf("answered %x", out)
		}
		if refused.ErrorCode == 41 { // its checksum is right, whatever it is
			t.Errorf("refused as changed on the way: %x", body)
		}
	})
}
