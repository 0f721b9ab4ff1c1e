package kerberos_test

import (
	"testing"
	"time"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/lab/kerberos"
)

// logOn asks for a ticket with options and gives the error's code, or what the
// answer holds and the ticket.
func logOn(
	t *testing.T, k *kerberos.KDC, now time.Time, change func(*messages.KDCReqBody),
) (int32, messages.EncKDCRepPart, messages.Ticket) {
	t.Helper()
	name := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "probe")
	req, err := messages.NewASReqForTGT(realm, settings(t, k, "127.0.0.1:88"), name)
	if err != nil {
		t.Fatal(err)
	}
	req.ReqBody.KDCOptions, req.ReqBody.Till = types.NewKrbFlags(), now.Add(time.Hour)
	change(&req.ReqBody)
	key, _, err := crypto.GetKeyFromPassword(password, name, realm, 18, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.PAData = types.PADataSequence{timestamp(t, key, now)}
	raw, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	out := k.Answer(raw)
	var part messages.EncKDCRepPart
	var refused messages.KRBError
	if refused.Unmarshal(out) == nil {
		return refused.ErrorCode, part, messages.Ticket{}
	}
	var rep messages.ASRep
	if err := rep.Unmarshal(out); err != nil {
		t.Fatal(err)
	}
	plain, err := crypto.DecryptEncPart(rep.EncPart, key, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := part.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	return 0, part, rep.Ticket
}

func TestLogOnTimes(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	k, err := kerberos.NewKDC(kerberos.Options{Realm: realm, Clock: func() time.Time { return now }}, accounts()...)
	if err != nil {
		t.Fatal(err)
	}
	const hour, day = time.Hour, 24 * time.Hour
	for name, test := range map[string]struct {
		change     func(*messages.KDCReqBody)
		want       int32
		end, renew time.Duration // renew is 0 for a ticket that is not renewable
	}{
		"short":             {change: func(*messages.KDCReqBody) {}, end: hour},
		"long":              {change: func(b *messages.KDCReqBody) { b.Till = now.Add(20 * hour) }, end: 10 * hour},
		"as long as can be": {change: func(b *messages.KDCReqBody) { b.Till = time.Unix(0, 0) }, end: 10 * hour},
		"renewable": {change: func(b *messages.KDCReqBody) {
			types.SetFlag(&b.KDCOptions, flags.Renewable)
			b.RTime = now.Add(30 * day)
		}, end: hour, renew: 7 * day},
		"renewable in place of long": {change: func(b *messages.KDCReqBody) {
			types.SetFlag(&b.KDCOptions, flags.RenewableOK)
			b.Till = now.Add(day)
		}, end: 10 * hour, renew: day},
		"long enough": {change: func(b *messages.KDCReqBody) { types.SetFlag(&b.KDCOptions, flags.RenewableOK) }, end: hour},
		"past":        {change: func(b *messages.KDCReqBody) { b.Till = now.Add(-hour) }, want: errorcode.KDC_ERR_NEVER_VALID},
		"tomorrow": {change: func(b *messages.KDCReqBody) {
			b.From, b.Till = now.Add(day), now.Add(2*day)
		}, want: errorcode.KDC_ERR_CANNOT_POSTDATE},
		"no service":    {change: func(b *messages.KDCReqBody) { b.SName.NameString = []string{"no"} }, want: errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN},
		"another realm": {change: func(b *messages.KDCReqBody) { b.Realm = "OTHER.TEST" }, want: errorcode.KDC_ERR_WRONG_REALM},
		"another's domain": {change: func(b *messages.KDCReqBody) {
			b.CName = types.PrincipalName{NameType: nametype.KRB_NT_ENTERPRISE, NameString: []string{"probe@other.test"}}
		}, want: errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN},
	} {
		t.Run(name, func(t *testing.T) {
			got, part, _ := logOn(t, k, now, test.change)
			if got != test.want {
				t.Fatalf("got %s, want %s", errorcode.Lookup(got), errorcode.Lookup(test.want))
			}
			if got != 0 {
				return
			}
			if end := part.EndTime.Sub(now); end != test.end {
				t.Errorf("it ends after %s, want %s", end, test.end)
			}
			renewable := part.Flags.At(flags.Renewable) == 1
			if renewable != (test.renew > 0) || renewable && part.RenewTill.Sub(now) != test.renew {
				t.Errorf("renewable %t until %s, want %s", renewable, part.RenewTill, test.renew)
			}
		})
	}
}

// TestRenewal takes tickets further: renewed, forwarded, for another service.
func TestRenewal(t *testing.T) {
	const hour = time.Hour
	for name, test := range map[string]struct {
		logOn, ask []int // options
		service    string
		want       int32
		end        time.Duration
		set        []int // flags of the answer, of those that are looked at
	}{
		"renewed":               {logOn: []int{flags.Renewable}, ask: []int{flags.Renew}, service: "krbtgt/" + realm, end: 90 * time.Minute, set: []int{flags.Renewable}},
		"renewed for a service": {logOn: []int{flags.Renewable}, ask: []int{flags.Renew}, service: web, want: errorcode.KDC_ERR_BADOPTION},
		"not renewable":         {ask: []int{flags.Renew}, service: "krbtgt/" + realm, want: errorcode.KDC_ERR_BADOPTION},
		"forwarded":             {logOn: []int{flags.Forwardable}, ask: []int{flags.Forwarded, flags.Forwardable}, service: "krbtgt/" + realm, end: hour, set: []int{flags.Forwarded, flags.Forwardable}},
		"not forwardable":       {ask: []int{flags.Forwarded}, service: "krbtgt/" + realm, want: errorcode.KDC_ERR_BADOPTION},
		"no more than before":   {ask: []int{flags.Forwardable, flags.Renewable}, service: web, end: hour},
		"as much as before":     {logOn: []int{flags.Forwardable, flags.Renewable}, ask: []int{flags.Forwardable, flags.Renewable}, service: web, end: hour, set: []int{flags.Forwardable, flags.Renewable}},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now().Truncate(time.Second)
			begun := now
			k, err := kerberos.NewKDC(kerberos.Options{Realm: realm, Clock: func() time.Time { return now }}, accounts()...)
			if err != nil {
				t.Fatal(err)
			}
			code, part, ticket := logOn(t, k, now, func(b *messages.KDCReqBody) {
				types.SetFlags(&b.KDCOptions, test.logOn)
				b.RTime = now.Add(24 * hour)
			})
			if code != 0 {
				t.Fatal(errorcode.Lookup(code))
			}
			now = now.Add(30 * time.Minute)
			g := ask(t, k, hour)
			g.ticket, g.session, g.auth.CTime = ticket, part.Key, now
			g.req.ReqBody.KDCOptions, g.req.ReqBody.Till = types.NewKrbFlags(), now.Add(12*hour)
			g.req.ReqBody.RTime = now.Add(48 * hour)
			g.req.ReqBody.SName = types.NewPrincipalName(nametype.KRB_NT_SRV_INST, test.service)
			types.SetFlags(&g.req.ReqBody.KDCOptions, test.ask)
			code, part = g.answer(t, k)
			if code != test.want {
				t.Fatalf("got %s, want %s", errorcode.Lookup(code), errorcode.Lookup(test.want))
			}
			if code != 0 {
				return
			}
			if end := part.EndTime.Sub(begun); end != test.end {
				t.Errorf("it ends after %s, want %s", end, test.end)
			}
			want := types.NewKrbFlags()
			types.SetFlags(&want, append(test.set, flags.PreAuthent, flags.EncPARep))
			if string(want.Bytes) != string(part.Flags.Bytes) {
				t.Errorf("flags %x, want %x", part.Flags.Bytes, want.Bytes)
			}
			if part.Flags.At(flags.Renewable) == 1 && part.RenewTill.Sub(begun) != 24*hour {
				t.Errorf("renewable until %s", part.RenewTill)
			}
		})
	}
}
