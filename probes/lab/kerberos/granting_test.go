package kerberos_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
	"postpatch/probes/lab/kerberos"
)

// granting is a request for a ticket, in the parts that can be wrong.
type granting struct {
	req     messages.TGSReq
	ticket  messages.Ticket
	session types.EncryptionKey
	auth    types.Authenticator
	spoil   func(body []byte) // after the checksum
}

// ask begins a request with a ticket of probe's for the ticket granting service.
func ask(t testing.TB, k *kerberos.KDC, life time.Duration) *granting {
	t.Helper()
	part, ticket, err := k.Ticket("probe", "krbtgt/"+realm, life)
	if err != nil {
		t.Fatal(err)
	}
	service := types.NewPrincipalName(nametype.KRB_NT_SRV_INST, web)
	c := settings(t, k, "127.0.0.1:88")
	req, err := messages.NewTGSReq(part.CName, realm, realm, c, ticket, part.Key, service, false)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := types.NewAuthenticator(realm, part.CName)
	if err != nil {
		t.Fatal(err)
	}
	return &granting{req: req, ticket: ticket, session: part.Key, auth: auth}
}

// answer seals the request, sends it and gives the code of the error, or 0 and
// what the answer holds.
func (g *granting) answer(t testing.TB, k *kerberos.KDC) (int32, messages.EncKDCRepPart) {
	t.Helper()
	var part messages.EncKDCRepPart
	body, err := g.req.ReqBody.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	etype, err := crypto.GetEtype(g.session.KeyType)
	if err != nil {
		t.Fatal(err)
	}
	if g.auth.Cksum.CksumType == 0 {
		sum, err := etype.GetChecksumHash(g.session.KeyValue, body, 6)
		if err != nil {
			t.Fatal(err)
		}
		g.auth.Cksum = types.Checksum{CksumType: etype.GetHashID(), Checksum: sum}
	}
	ap, err := messages.NewAPReq(g.ticket, g.session, g.auth)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := ap.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if g.req.PAData != nil {
		g.req.PAData = types.PADataSequence{{PADataType: 1, PADataValue: raw}}
	}
	whole, err := g.req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if g.spoil != nil {
		g.spoil(whole)
	}
	out := k.Answer(whole)
	var refused messages.KRBError
	if refused.Unmarshal(out) == nil {
		return refused.ErrorCode, part
	}
	var rep messages.TGSRep
	if err := rep.Unmarshal(out); err != nil {
		t.Fatal(err)
	}
	key, usage := g.session, uint32(8)
	if len(g.auth.SubKey.KeyValue) > 0 {
		key, usage = g.auth.SubKey, 9
	}
	plain, err := crypto.DecryptEncPart(rep.EncPart, key, usage)
	if err != nil {
		t.Fatal(err)
	}
	if plain[0] != 0x7a { // [APPLICATION 26], not the 25 of an AS-REP
		t.Errorf("the answer is sealed as %x", plain[0])
	}
	if err := part.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	return 0, part
}

func (g *granting) option(flag int) { types.SetFlag(&g.req.ReqBody.KDCOptions, flag) }

func TestGrantingRefuses(t *testing.T) {
	const hour = time.Hour
	for name, test := range map[string]struct {
		life, clock time.Duration
		prepare     func(*granting)
		want        int32
	}{
		"right":              {life: hour},
		"with a subkey":      {life: hour, prepare: func(g *granting) { g.auth.SubKey = types.EncryptionKey{KeyType: 17, KeyValue: make([]byte, 16)} }},
		"a subkey too short": {life: hour, prepare: func(g *granting) { g.auth.SubKey = types.EncryptionKey{KeyType: 17, KeyValue: make([]byte, 3)} }, want: errorcode.KDC_ERR_ETYPE_NOSUPP},
		"expired":            {life: -6 * time.Minute, want: errorcode.KRB_AP_ERR_TKT_EXPIRED},
		"skew":               {life: hour, prepare: func(g *granting) { g.auth.CTime = g.auth.CTime.Add(-hour) }, want: errorcode.KRB_AP_ERR_SKEW},
		"a changed ticket":   {life: hour, prepare: func(g *granting) { g.ticket.EncPart.Cipher[9] ^= 1 }, want: errorcode.KRB_AP_ERR_MODIFIED},
		"a changed body":     {life: hour, prepare: func(g *granting) { g.spoil = func(b []byte) { b[len(b)-1] ^= 1 } }, want: errorcode.KRB_AP_ERR_MODIFIED},
		"an unkeyed sum":     {life: hour, prepare: func(g *granting) { g.auth.Cksum = types.Checksum{CksumType: 7, Checksum: make([]byte, 16)} }, want: errorcode.KRB_AP_ERR_INAPP_CKSUM},
		"another type's sum": {life: hour, prepare: func(g *granting) { g.auth.Cksum = types.Checksum{CksumType: 15, Checksum: make([]byte, 12)} }, want: errorcode.KRB_AP_ERR_INAPP_CKSUM},
		"another's name":     {life: hour, prepare: func(g *granting) { g.auth.CName.NameString = []string{"admin"} }, want: errorcode.KRB_AP_ERR_BADMATCH},
		"no ticket":          {life: hour, prepare: func(g *granting) { g.req.PAData = nil }, want: errorcode.KDC_ERR_PADATA_TYPE_NOSUPP},
		"another realm":      {life: hour, prepare: func(g *granting) { g.req.ReqBody.Realm = "OTHER.TEST" }, want: errorcode.KDC_ERR_WRONG_REALM},
		"no service":         {life: hour, prepare: func(g *granting) { g.req.ReqBody.SName = types.PrincipalName{NameString: []string{"x", "y"}} }, want: errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN},
		"no type in common":  {life: hour, prepare: func(g *granting) { g.req.ReqBody.EType = []int32{23} }, want: errorcode.KDC_ERR_ETYPE_NOSUPP},
		"user to user":       {life: hour, prepare: func(g *granting) { g.option(flags.EncTktInSkey) }, want: errorcode.KDC_ERR_BADOPTION},
		"not renewable":      {life: hour, prepare: func(g *granting) { g.option(flags.Renew) }, want: errorcode.KDC_ERR_BADOPTION},
		"for the past":       {life: hour, prepare: func(g *granting) { g.req.ReqBody.Till = time.Now().Add(-hour) }, want: errorcode.KDC_ERR_NEVER_VALID},
		"a client's version": {life: hour, prepare: func(g *granting) { g.req.PVNO = 4 }, want: errorcode.KDC_ERR_BAD_PVNO},
	} {
		t.Run(name, func(t *testing.T) {
			k := quiet(t)
			g := ask(t, k, test.life)
			if test.prepare != nil {
				test.prepare(g)
			}
			got, part := g.answer(t, k)
			if got != test.want {
				t.Fatalf("got %s, want %s", errorcode.Lookup(got), errorcode.Lookup(test.want))
			}
			if got != 0 {
				return
			}
			if set := binary.BigEndian.Uint32(part.Flags.Bytes); set != 0x00210000 { // pre-authent, name-canonicalize
				t.Errorf("flags %08x", set)
			}
			if part.EndTime.After(time.Now().Add(hour)) || part.Nonce != g.req.ReqBody.Nonce {
				t.Errorf("ends %s with nonce %d", part.EndTime, part.Nonce)
			}
		})
	}
}

// TestGoodStanding shows that a fresh ticket outlives its account for a while.
func TestGoodStanding(t *testing.T) {
	now := time.Now()
	k, err := kerberos.NewKDC(kerberos.Options{Realm: realm, Clock: func() time.Time { return now }}, accounts()...)
	if err != nil {
		t.Fatal(err)
	}
	g := ask(t, k, 10*time.Hour)
	disabled := kerberos.Account{Name: "probe", Password: host.NewSecret("other"), State: kerberos.Disabled}
	if err := k.Put(disabled); err != nil {
		t.Fatal(err)
	}
	if got, _ := g.answer(t, k); got != 0 {
		t.Errorf("at once: %s", errorcode.Lookup(got))
	}
	now = now.Add(21 * time.Minute)
	g.auth.CTime = now
	if got, _ := g.answer(t, k); got != errorcode.KDC_ERR_CLIENT_REVOKED {
		t.Errorf("later: %s", errorcode.Lookup(got))
	}
}
