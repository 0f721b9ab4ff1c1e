package kerberos_test

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"testing"
	"time"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/lab/kerberos"
)

// bound is what a TLS channel binds to in the tests.
func bound() []byte { return []byte("tls-server-end-point:0123456789abcdef0123456789abcdef") }

// bindings is RFC 4121 4.1.1.2 by hand.
func bindings(application []byte) []byte {
	b := append(make([]byte, 16), byte(len(application)), 0, 0, 0)
	sum := md5.Sum(append(b, application...))
	return sum[:]
}

// initiator is the other side of a context, in all its parts.
type initiator struct {
	ticket  messages.Ticket
	session types.EncryptionKey
	auth    types.Authenticator
	mutual  bool
	options []int // of the AP-REQ
	claimed int   // more extra bytes than there are, in the next message

	key          types.EncryptionKey
	own          byte // the acceptor-subkey flag
	ours, theirs uint64
}

// initiate begins with a ticket of probe's that lives that long.
func initiate(t testing.TB, k *kerberos.KDC, life time.Duration) *initiator {
	t.Helper()
	part, ticket, err := k.Ticket("probe", web, life)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := types.NewAuthenticator(realm, part.CName)
	if err != nil {
		t.Fatal(err)
	}
	i := &initiator{ticket: ticket, session: part.Key, auth: auth, mutual: true, ours: uint64(auth.SeqNumber)}
	i.check(0x3e, nil)
	return i
}

// check writes the checksum: flags and, if there is one, what the channel binds to.
func (i *initiator) check(flags uint32, application []byte) {
	b := append(binary.LittleEndian.AppendUint32(nil, 16), make([]byte, 16)...)
	if application != nil {
		copy(b[4:], bindings(application))
	}
	i.auth.Cksum = types.Checksum{CksumType: 0x8003, Checksum: binary.LittleEndian.AppendUint32(b, flags)}
	i.mutual = flags&2 != 0
}

func (i *initiator) token(t testing.TB) []byte {
	t.Helper()
	req, err := messages.NewAPReq(i.ticket, i.session, i.auth)
	if err != nil {
		t.Fatal(err)
	}
	if i.mutual {
		types.SetFlag(&req.APOptions, 2)
	}
	types.SetFlags(&req.APOptions, i.options)
	raw, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return kerberos.Frame(0x0100, raw)
}

// finish takes the AP-REP.
func (i *initiator) finish(t testing.TB, out []byte) {
	t.Helper()
	i.key, i.theirs = i.session, i.ours
	if len(i.auth.SubKey.KeyValue) > 0 {
		i.key = i.auth.SubKey
	}
	if !i.mutual {
		if out != nil {
			t.Fatal("an answer that nobody asked for")
		}
		return
	}
	kind, raw, err := kerberos.Unframe(out)
	if err != nil || kind != 0x0200 {
		t.Fatalf("no AP-REP but %04x: %v", kind, err)
	}
	var rep messages.APRep
	if err := rep.Unmarshal(raw); err != nil {
		t.Fatal(err)
	}
	plain, err := crypto.DecryptEncPart(rep.EncPart, i.session, 12)
	if err != nil {
		t.Fatal(err)
	}
	var part messages.EncAPRepPart
	if err := part.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	if !part.CTime.Equal(i.auth.CTime.Truncate(time.Second)) || part.Cusec != i.auth.Cusec {
		t.Errorf("the service proves itself with %s.%d", part.CTime, part.Cusec)
	}
	i.key, i.own, i.theirs = part.Subkey, 4, uint64(part.SequenceNumber)
}

// seal makes a token with extra bytes, turned to the right by some.
func (i *initiator) seal(t testing.TB, plain string, extra, rotated int) []byte {
	t.Helper()
	head := []byte{5, 4, 2 | i.own, 0xff, 0, byte(extra + i.claimed), 0, 0}
	head = binary.BigEndian.AppendUint64(head, i.ours)
	i.ours++
	message := append([]byte(plain), bytes.Repeat([]byte{0xee}, extra)...)
	sealed, err := crypto.GetEncryptedData(append(message, head...), i.key, 24, 0)
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint16(head[6:], uint16(rotated))
	text, size := sealed.Cipher, len(sealed.Cipher)
	cut := size - rotated%size
	return append(append(head, text[cut:]...), text[:cut]...)
}

// open reads what the acceptor sealed, as Windows lays it out.
func (i *initiator) open(t testing.TB, signature, sealed []byte) string {
	t.Helper()
	head := bytes.Clone(signature[:16])
	want := []byte{5, 4, 3 | i.own, 0xff, 0, 0, 0, 28}
	want = binary.BigEndian.AppendUint64(want, i.theirs)
	if !bytes.Equal(head, want) {
		t.Fatalf("a header of %x, want %x", head, want)
	}
	i.theirs++
	text := bytes.Join([][]byte{signature[44:], sealed, signature[16:44]}, nil)
	plain, err := crypto.DecryptMessage(text, i.key, 22)
	if err != nil {
		t.Fatal(err)
	}
	head[7] = 0
	data, ok := bytes.CutSuffix(plain, head)
	if !ok {
		t.Fatalf("no header in %x", plain)
	}
	return string(data)
}
