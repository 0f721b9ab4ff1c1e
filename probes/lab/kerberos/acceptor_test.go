package kerberos_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"
	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/kerberos"
)

// quiet is a domain that nobody asks over the network.
func quiet(t testing.TB) *kerberos.KDC {
	t.Helper()
	k, err := kerberos.NewKDC(kerberos.Options{Realm: realm}, accounts()...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func service(t testing.TB, k *kerberos.KDC, policy kerberos.Policy, now func() time.Time) *kerberos.Service {
	t.Helper()
	s, err := kerberos.NewService(k.Keytab(web), policy, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAcceptor(t *testing.T) {
	k := quiet(t)
	s := service(t, k, kerberos.Relaxed, nil)
	subkey := types.EncryptionKey{KeyType: 17, KeyValue: []byte("0123456789abcdef")}
	for name, prepare := range map[string]func(*initiator){
		"mutual":                       func(*initiator) {},
		"mutual with a subkey":         func(i *initiator) { i.auth.SubKey = subkey },
		"one way":                      func(i *initiator) { i.check(0x3c, nil) },
		"one way with a subkey":        func(i *initiator) { i.check(0x3c, nil); i.auth.SubKey = subkey },
		"without a checksum":           func(i *initiator) { i.check(0, nil); i.auth.Cksum = types.Checksum{} },
		"a number that begins at zero": func(i *initiator) { i.auth.SeqNumber, i.ours = 0, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			i, a := initiate(t, k, time.Hour), s.Acceptor(nil)
			prepare(i)
			out, done, err := a.Accept(i.token(t))
			if err != nil || !done || a.User() != "probe@CORP.TEST" {
				t.Fatalf("accepting %q: %v", a.User(), err)
			}
			i.finish(t, out)
			converse(t, i, a)
			if _, _, err := a.Accept(i.token(t)); err == nil {
				t.Error("a second token was accepted")
			}
		})
	}
}

// converse seals messages both ways, in all the forms that a client may choose.
func converse(t *testing.T, i *initiator, a *kerberos.Acceptor) {
	t.Helper()
	for _, text := range []string{"", "x", "0123456789abcdef", strings.Repeat("<Envelope/>", 5000)} {
		for _, form := range []struct{ extra, rotated, cut int }{
			{0, 28, 60}, {0, 0, 60}, {0, 28, 16}, {16, 44, 76}, {3, 7, 30}, {0, 65535, 60}, {0, 1, 0},
		} {
			token := i.seal(t, text, form.extra, form.rotated)
			plain, err := a.Open(token[:form.cut], token[form.cut:])
			if err != nil || string(plain) != text {
				t.Fatalf("opening %d bytes as %v: %v", len(text), form, err)
			}
		}
		signature, sealed, err := a.Seal([]byte(text))
		if err != nil || len(signature) != 60 || len(sealed) != len(text) {
			t.Fatalf("sealing %d bytes gives %d and %d: %v", len(text), len(signature), len(sealed), err)
		}
		if got := i.open(t, signature, sealed); got != text {
			t.Errorf("sealed %q, opened %q", text, got)
		}
	}
}

func TestAcceptorRefuses(t *testing.T) {
	k := quiet(t)
	other := types.EncryptionKey{KeyType: 18, KeyValue: make([]byte, 32)}
	for name, test := range map[string]struct {
		life    time.Duration
		clock   time.Duration
		prepare func(*initiator)
		want    int32
	}{
		"expired":              {life: -6 * time.Minute, want: errorcode.KRB_AP_ERR_TKT_EXPIRED},
		"expired long ago":     {life: -48 * time.Hour, want: errorcode.KRB_AP_ERR_TKT_EXPIRED},
		"not yet valid":        {life: time.Hour, clock: -6 * time.Minute, want: errorcode.KRB_AP_ERR_TKT_NYV},
		"skew":                 {life: time.Hour, clock: 6 * time.Minute, want: errorcode.KRB_AP_ERR_SKEW},
		"another key's ticket": {life: time.Hour, prepare: func(i *initiator) { i.ticket.EncPart.Cipher[20] ^= 1 }, want: errorcode.KRB_AP_ERR_MODIFIED},
		"a type without a key": {life: time.Hour, prepare: func(i *initiator) { i.ticket.EncPart.EType = 23 }, want: errorcode.KRB_AP_ERR_NOKEY},
		"a short ticket":       {life: time.Hour, prepare: func(i *initiator) { i.ticket.EncPart.Cipher = []byte{1} }, want: errorcode.KRB_AP_ERR_MODIFIED},
		"another session key":  {life: time.Hour, prepare: func(i *initiator) { i.session = other }, want: errorcode.KRB_AP_ERR_MODIFIED},
		"user to user":         {life: time.Hour, prepare: func(i *initiator) { i.options = []int{1} }, want: errorcode.KRB_AP_ERR_NO_TGT},
		"another name":         {life: time.Hour, prepare: func(i *initiator) { i.auth.CName.NameString = []string{"admin"} }, want: errorcode.KRB_AP_ERR_BADMATCH},
		"another realm":        {life: time.Hour, prepare: func(i *initiator) { i.auth.CRealm = "EVIL.TEST" }, want: errorcode.KRB_AP_ERR_BADMATCH},
		"a version":            {life: time.Hour, prepare: func(i *initiator) { i.ticket.TktVNO = 4 }, want: errorcode.KRB_AP_ERR_BADVERSION},
		"no GSS checksum":      {life: time.Hour, prepare: func(i *initiator) { i.auth.Cksum.CksumType = 16 }, want: errorcode.KRB_AP_ERR_INAPP_CKSUM},
		"a short checksum":     {life: time.Hour, prepare: func(i *initiator) { i.auth.Cksum.Checksum = []byte{16, 0, 0, 0} }, want: errorcode.KRB_AP_ERR_INAPP_CKSUM},
		"a subkey of no type":  {life: time.Hour, prepare: func(i *initiator) { i.auth.SubKey = types.EncryptionKey{KeyType: 18, KeyValue: []byte("short")} }, want: errorcode.KDC_ERR_ETYPE_NOSUPP},
	} {
		t.Run(name, func(t *testing.T) {
			i, a := initiate(t, k, test.life), service(t, k, kerberos.Relaxed, late(test.clock)).Acceptor(nil)
			if test.prepare != nil {
				test.prepare(i)
			}
			out, done, err := a.Accept(i.token(t))
			var why *kerberos.Refusal
			if done || !errors.As(err, &why) || why.Code != test.want || a.User() != "" {
				t.Fatalf("got %v, want %s", err, errorcode.Lookup(test.want))
			}
			kind, raw, err := kerberos.Unframe(out)
			var sent messages.KRBError
			if err != nil || kind != 0x0300 || sent.Unmarshal(raw) != nil || sent.ErrorCode != test.want {
				t.Fatalf("sent %04x %v, %v", kind, sent, err)
			}
			if test.want == errorcode.KRB_AP_ERR_SKEW {
				if ahead := time.Until(sent.STime); ahead < 5*time.Minute || ahead > 7*time.Minute {
					t.Errorf("the service says that it is %s", sent.STime)
				}
				if diff := cmp.Diff([]byte{0x30, 5, 0xa1, 3, 2, 1, 2}, sent.EData); diff != "" {
					t.Errorf("KERB-ERROR-DATA (-want +got):\n%s", diff)
				}
			}
			if _, _, err := a.Seal(nil); err == nil {
				t.Error("sealed without a context")
			}
			if _, err := a.Open(make([]byte, 60), nil); err == nil {
				t.Error("opened without a context")
			}
		})
	}
}

func TestReplay(t *testing.T) {
	k := quiet(t)
	s := service(t, k, kerberos.Relaxed, nil)
	token := initiate(t, k, time.Hour).token(t)
	if _, _, err := s.Acceptor(nil).Accept(token); err != nil {
		t.Fatal(err)
	}
	var why *kerberos.Refusal
	if _, _, err := s.Acceptor(nil).Accept(token); !errors.As(err, &why) || why.Code != errorcode.KRB_AP_ERR_REPEAT {
		t.Errorf("the same again: %v", err)
	}
}

func TestTokensThatAreNone(t *testing.T) {
	k := quiet(t)
	s := service(t, k, kerberos.Relaxed, nil)
	good := initiate(t, k, time.Hour).token(t)
	for name, token := range map[string][]byte{
		"nothing":           nil,
		"NTLM":              []byte("NTLMSSP\x00\x01\x00\x00\x00"),
		"cut":               good[:len(good)-1],
		"more":              append(slices.Clip(good), 0),
		"no AP-REQ within":  kerberos.Frame(0x0100, []byte("hi")),
		"half an AP-REQ":    kerberos.Frame(0x0100, good[30:300]),
		"an empty AP-REQ":   kerberos.Frame(0x0100, []byte{0x6e, 2, 0x30, 0}),
		"an AP-REP":         kerberos.Frame(0x0200, []byte{0x6f, 0}),
		"another mechanism": append([]byte{0x60, 13, 0x06, 0x09}, []byte("\x2a\x86\x48\x86\xf7\x12\x01\x02\x03\x01\x00")...),
		"endless":           append([]byte{0x60, 0x80}, good...),
		"far too long":      kerberos.Frame(0x0100, make([]byte, 1<<17)),
	} {
		if out, _, err := s.Acceptor(nil).Accept(token); !errors.Is(err, kerberos.ErrToken) || out != nil {
			t.Errorf("%s: %x, %v", name, out, err)
		}
	}
}

func TestChannelBindings(t *testing.T) {
	k := quiet(t)
	option := binary.LittleEndian.AppendUint32(nil, 0x4000)
	always := types.AuthorizationData{{ADType: 1, ADData: append([]byte{
		0x30, 0x10, 0x30, 0x0e, 0xa0, 0x04, 0x02, 0x02, 0x00, 0x8f, 0xa1, 0x06, 0x04, 0x04,
	}, option...)}}
	for name, test := range map[string]struct {
		policy  kerberos.Policy
		channel []byte
		sent    []byte
		data    types.AuthorizationData
		bad     bool
	}{
		"strict, right":                {policy: kerberos.Strict, channel: bound(), sent: bound()},
		"strict, wrong":                {policy: kerberos.Strict, channel: bound(), sent: []byte("tls-server-end-point:x"), bad: true},
		"strict, absent":               {policy: kerberos.Strict, channel: bound(), bad: true},
		"strict without TLS":           {policy: kerberos.Strict},
		"strict, sent without TLS":     {policy: kerberos.Strict, sent: bound()},
		"relaxed, right":               {channel: bound(), sent: bound()},
		"relaxed, wrong":               {channel: bound(), sent: []byte("tls-server-end-point:x"), bad: true},
		"relaxed, absent":              {channel: bound()},
		"relaxed, absent but promised": {channel: bound(), data: always, bad: true},
		"relaxed, there as promised":   {channel: bound(), sent: bound(), data: always},
		"none, wrong":                  {policy: kerberos.NoBindings, channel: bound(), sent: []byte("x")},
	} {
		t.Run(name, func(t *testing.T) {
			i, a := initiate(t, k, time.Hour), service(t, k, test.policy, nil).Acceptor(test.channel)
			i.check(0x3e, test.sent)
			i.auth.AuthorizationData = test.data
			out, _, err := a.Accept(i.token(t))
			if errors.Is(err, kerberos.ErrBindings) != test.bad || (err != nil) != test.bad {
				t.Errorf("got %v", err)
			}
			if test.bad && out != nil {
				t.Errorf("an answer of %x", out)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	k := quiet(t)
	s := service(t, k, kerberos.Relaxed, nil)
	for name, spoil := range map[string]func([]byte) []byte{
		"nothing":               func([]byte) []byte { return nil },
		"a header alone":        func(b []byte) []byte { return b[:16] },
		"cut":                   func(b []byte) []byte { return b[:len(b)-1] },
		"more":                  func(b []byte) []byte { return append(b, 0) },
		"a changed byte":        func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"another kind of token": func(b []byte) []byte { b[1] = 5; return b },
		"from the acceptor":     func(b []byte) []byte { b[2] |= 1; return b },
		"not sealed":            func(b []byte) []byte { b[2] &^= 2; return b },
		"with another key":      func(b []byte) []byte { b[2] &^= 4; return b },
		"a changed filler":      func(b []byte) []byte { b[3] = 0; return b },
		"a changed count":       func(b []byte) []byte { b[5] = 1; return b },
		"a changed number":      func(b []byte) []byte { b[15]++; return b },
		"another rotation":      func(b []byte) []byte { b[7]++; return b },
		"huge":                  func([]byte) []byte { return make([]byte, 5<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			i, a := initiate(t, k, time.Hour), s.Acceptor(nil)
			out, _, err := a.Accept(i.token(t))
			if err != nil {
				t.Fatal(err)
			}
			i.finish(t, out)
			i.claimed = 200
			if plain, err := a.Open(i.seal(t, "hello", 0, 28), nil); !errors.Is(err, kerberos.ErrSeal) {
				t.Errorf("with more extra bytes than there are: opened %q, %v", plain, err)
			}
			i.claimed, i.ours = 0, i.ours-1
			good := i.seal(t, "hello", 0, 28)
			if plain, err := a.Open(nil, spoil(append([]byte{}, good...))); !errors.Is(err, kerberos.ErrSeal) {
				t.Errorf("opened %q, %v", plain, err)
			}
			if _, err := a.Open(good[:60], good[60:]); err != nil {
				t.Errorf("the true message after it: %v", err)
			}
			if _, err := a.Open(good[:60], good[60:]); !errors.Is(err, kerberos.ErrSeal) {
				t.Errorf("the same message again: %v", err)
			}
		})
	}
}

func TestOrderIsAskedFor(t *testing.T) {
	k := quiet(t)
	i, a := initiate(t, k, time.Hour), service(t, k, kerberos.Relaxed, nil).Acceptor(nil)
	i.check(0x32, nil)
	out, _, err := a.Accept(i.token(t))
	if err != nil {
		t.Fatal(err)
	}
	i.finish(t, out)
	i.ours += 5
	if _, err := a.Open(i.seal(t, "late", 0, 0), nil); err != nil {
		t.Errorf("a client that asks for no order: %v", err)
	}
}

func TestKeytabsThatAreNone(t *testing.T) {
	for name, file := range map[string][]byte{
		"nothing": nil, "no entry": {5, 2}, "text": []byte("HTTP/web1"), "cut": quiet(t).Keytab(web)[:40],
	} {
		if _, err := kerberos.NewService(file, kerberos.Relaxed, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
