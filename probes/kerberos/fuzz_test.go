package kerberos

import (
	"encoding/hex"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/internal/kdc"
	labkdc "postpatch/probes/lab/kerberos"
)

// FuzzReply holds that no bytes of a KDC's make the reading of them panic, hang, or
// take a password for right.
func FuzzReply(f *testing.F) {
	k, err := labkdc.NewKDC(labkdc.Options{Realm: "CORP.TEST"},
		labkdc.Account{Name: "probe", Password: host.NewSecret("swordfish")})
	if err != nil {
		f.Fatal(err)
	}
	for _, account := range []string{"probe", "nobody"} {
		request, err := question(principal(account, "CORP.TEST"), kdc.Strongest())
		if err != nil {
			f.Fatal(err)
		}
		b, err := request.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(k.Answer(b))
	}
	f.Add(k.Unavailable())
	f.Add([]byte{0x6b, 0x80})
	f.Add([]byte{0x7e, 0x03, 0x30, 0x01, 0x00})
	v := &visit{}
	who := principal("probe", "CORP.TEST")
	request, err := question(who, kdc.Strongest())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, reply []byte) {
		now := time.Now()
		got, err := read(reply, kdc.Error(reply), now, now)
		if err == nil {
			for _, kind := range kinds() {
				got.has(kind)
			}
			if got.refusal != nil && len(because(*got.refusal)) > 2000 {
				t.Errorf("%s: too many words", hex.EncodeToString(reply))
			}
		}
		err = kdc.Guard(func() error {
			_, shown, err := v.accept(request, reply, who, keyOf{password: host.NewSecret("swordfish")})
			if shown == host.Taken {
				t.Errorf("%x proves the password", reply)
			}
			return err
		})
		if err == nil {
			t.Errorf("%x is taken for a ticket", reply)
		}
	})
}
