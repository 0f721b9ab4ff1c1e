package auth_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/host/winrm/auth"
)

// acceptorKey is the other side of sealed messages: AES with SHA-1, written from
// RFC 3961, RFC 3962 and RFC 4121 alone.
type acceptorKey []byte

// fold is RFC 3961 5.1 for inputs of five bytes and results of sixteen.
func fold(in []byte) []byte {
	const size = 16
	bits := len(in) * 8
	sum := make([]int, size)
	for i := range len(in) * size { // the least common multiple: 80 bytes for five
		copied, at := i/len(in), i%len(in)
		var b byte
		for bit := range 8 {
			from := ((at*8+bit-13*copied)%bits + bits) % bits
			b = b<<1 | in[from/8]>>(7-from%8)&1
		}
		sum[i%size] += int(b)
	}
	for carry := 0; ; carry = 0 {
		for i := size - 1; i >= 0; i-- {
			v := sum[i] + carry
			sum[i], carry = v&0xff, v>>8
		}
		if carry == 0 {
			break
		}
		sum[size-1] += carry
	}
	out := make([]byte, size)
	for i, v := range sum {
		out[i] = byte(v)
	}
	return out
}

// derive is DK of RFC 3961 5.1.
func (k acceptorKey) derive(usage uint32, what byte) (out []byte) {
	block, err := aes.NewCipher(k)
	if err != nil {
		panic(err)
	}
	for next := fold(append(binary.BigEndian.AppendUint32(nil, usage), what)); len(out) < len(k); {
		block.Encrypt(next, next)
		out = append(out, next...)
	}
	return out[:len(k)]
}

// decrypt is CBC with ciphertext stealing as in RFC 3962 5, then the sum.
func (k acceptorKey) decrypt(usage uint32, sealed []byte) (plain []byte, ok bool) {
	text, sum := sealed[:len(sealed)-12], sealed[len(sealed)-12:]
	block, _ := aes.NewCipher(k.derive(usage, 0xaa))
	rest := (len(text)-1)%16 + 1
	front := len(text) - rest - 16
	last := make([]byte, 16)
	block.Decrypt(last, text[front:front+16])
	stolen := append(bytes.Clone(text[front+16:]), last[rest:]...)
	whole := slices.Concat(text[:front], stolen, text[front:front+16])
	cipher.NewCBCDecrypter(block, make([]byte, 16)).CryptBlocks(whole, whole)
	plain = whole[:len(text)]
	h := hmac.New(sha1.New, k.derive(usage, 0x55))
	h.Write(plain)
	return plain[16:], hmac.Equal(h.Sum(nil)[:12], sum)
}

func (k acceptorKey) encrypt(usage uint32, plain []byte) []byte {
	plain = append([]byte("sixteen confound"), plain...)
	h := hmac.New(sha1.New, k.derive(usage, 0x55))
	h.Write(plain)
	rest := (len(plain)-1)%16 + 1
	whole := append(bytes.Clone(plain), make([]byte, 16-rest)...)
	block, _ := aes.NewCipher(k.derive(usage, 0xaa))
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(whole, whole)
	n := len(whole)
	text := slices.Concat(whole[:n-32], whole[n-16:], whole[n-32:n-32+rest])
	return append(text, h.Sum(nil)[:12]...)
}

// seal makes a token of the acceptor's, filled with extra bytes and turned.
func (k acceptorKey) seal(plain []byte, number uint64, extra, turned int) []byte {
	head := []byte{5, 4, 7, 0xff, byte(extra >> 8), byte(extra), 0, 0}
	head = binary.BigEndian.AppendUint64(head, number)
	text := k.encrypt(22, slices.Concat(plain, make([]byte, extra), head))
	binary.BigEndian.PutUint16(head[6:], uint16(turned))
	turned %= len(text)
	return slices.Concat(head, text[len(text)-turned:], text[:len(text)-turned])
}

// open reads a token of ours, which is turned by 28.
func (k acceptorKey) open(t *testing.T, token []byte) (plain []byte, number uint64) {
	t.Helper()
	head := bytes.Clone(token[:16])
	if want := []byte{5, 4, 6, 0xff, 0, 0, 0, 28}; !bytes.Equal(head[:8], want) {
		t.Fatalf("the header is % x", head)
	}
	text, ok := k.decrypt(24, append(bytes.Clone(token[16+28:]), token[16:16+28]...))
	head[7] = 0
	if !ok || !bytes.HasSuffix(text, head) {
		t.Fatalf("the sum fits: %t; the copy of the header is % x", ok, text[len(text)-16:])
	}
	return text[:len(text)-16], binary.BigEndian.Uint64(head[8:])
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// recordedKey is a session of MIT Kerberos 1.20, which sealed recordedToken and
// opened what the acceptor below opens.
const (
	recordedKey   = "cd418fcffc489aaf6f362136b1b7379966d1295247ace5f66b1362fe9d9af139"
	recordedDue   = 1029818065
	recordedToken = "050407ff00000000000000003d61c6d1510937e46796a7515f4c59d80bfc0e830ee668233f6647191fc4eef7" +
		"f77236ec8bed86c37289e98bd55ee0f46011ac14d866169773"
	recordedOurs = "050406ff0000001c0000000036624f7ebc5c78eff287dac00bfcbddba674086282f1b6f371fd0ce06043b73d" +
		"ac80440408afca21bf6be7c23677e002fbf3cf56f840e14223"
)

func TestWrapRecorded(t *testing.T) {
	token := unhex(t, recordedToken)
	w := auth.NewWrapped(18, unhex(t, recordedKey), true, 0, recordedDue)
	if plain, err := w.Open(nil, token); err != nil || string(plain) != "a message" {
		t.Errorf("opened %q: %v", plain, err)
	}
	plain, number := acceptorKey(unhex(t, recordedKey)).open(t, unhex(t, recordedOurs))
	if string(plain) != "a message" || number != 0x36624f7e {
		t.Errorf("the acceptor opens %q, number %#x", plain, number)
	}
}

func TestWrap(t *testing.T) {
	for _, size := range []int{16, 32} {
		key := acceptorKey(bytes.Repeat([]byte{7}, size))
		kind := map[int]int32{16: 17, 32: 18}[size]
		w := auth.NewWrapped(kind, key, true, 0xffffffff, 41)
		for i, text := range []string{"", "a", strings.Repeat("0123456789abcdef", 8), strings.Repeat("long", 50000)} {
			signature, sealed, err := w.Seal([]byte(text))
			if err != nil || len(signature) != 60 || len(sealed) != len(text) {
				t.Fatal(len(signature), len(sealed), err)
			}
			plain, number := key.open(t, append(signature, sealed...))
			if string(plain) != text || number != 0xffffffff+uint64(i) {
				t.Fatalf("the acceptor opens %.20q, number %#x", plain, number)
			}
		}
		number := uint64(41)
		for _, extra := range []int{0, 3, 16} {
			for _, turned := range []int{0, 28, 28 + extra, 1, 60000} {
				for _, cut := range []int{0, 16, 60} {
					token := key.seal([]byte("the answer"), number, extra, turned)
					plain, err := w.Open(token[:cut], token[cut:])
					if err != nil || string(plain) != "the answer" {
						t.Fatalf("extra %d, turned %d, cut at %d: %q %v", extra, turned, cut, plain, err)
					}
					number++
				}
			}
		}
	}
}

// TestWrapKinds seals with every kind of AES: all but the message comes first.
func TestWrapKinds(t *testing.T) {
	for kind, size := range map[int32]int{17: 16, 18: 32, 19: 16, 20: 32} {
		w := auth.NewWrapped(kind, make([]byte, size), false, 1, 1)
		signature, sealed, err := w.Seal([]byte("text"))
		if err != nil || len(sealed) != 4 || bytes.Contains(sealed, []byte("text")) || signature[2] != 2 {
			t.Errorf("kind %d: %x %x %v", kind, signature, sealed, err)
		}
		if _, err := w.Open(signature, sealed); err == nil || !strings.Contains(err.Error(), "one of ours, sent back") {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
}

func TestWrapRefuses(t *testing.T) {
	key := acceptorKey(make([]byte, 32))
	flag := func(flags byte) func([]byte) []byte { return func(b []byte) []byte { b[2] = flags; return b } }
	for name, test := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"a bit of the text":    {func(b []byte) []byte { b[40] ^= 1; return b }, "was changed on the way"},
		"a bit of the sum":     {func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, "was changed on the way"},
		"another number":       {func(b []byte) []byte { b[15] ^= 1; return b }, "the header was changed"},
		"another filling":      {func(b []byte) []byte { b[5] = 1; return b }, "the header was changed"},
		"much filling":         {func(b []byte) []byte { b[4] = 0xff; return b }, "more filling than bytes"},
		"turned otherwise":     {func(b []byte) []byte { b[7] = 1; return b }, "was changed on the way"},
		"a MIC":                {func(b []byte) []byte { b[0], b[1] = 4, 4; return b }, "no wrap token"},
		"from us":              {flag(6), "one of ours"},
		"signed only":          {flag(5), "not sealed"},
		"without the subkey":   {flag(3), "another key than agreed"},
		"cut off":              {func(b []byte) []byte { return b[:59] }, "has 59 bytes"},
		"nothing":              {func([]byte) []byte { return nil }, "has 0 bytes"},
		"huge":                 {func([]byte) []byte { return make([]byte, 17<<20) }, "bytes, not"},
		"the message after it": {func([]byte) []byte { return key.seal([]byte("text"), 8, 0, 28) }, "message 8 came when 7 was due"},
		"the message before":   {func([]byte) []byte { return key.seal([]byte("text"), 6, 0, 28) }, "message 6 came when 7 was due"},
	} {
		t.Run(name, func(t *testing.T) {
			w := auth.NewWrapped(18, key, true, 1, 7)
			_, err := w.Open(nil, test.change(key.seal([]byte("text"), 7, 0, 28)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			if _, err := w.Open(nil, key.seal([]byte("text"), 7, 0, 28)); err == nil {
				t.Error("goes on after an error")
			}
		})
	}
	if _, _, err := auth.NewWrapped(18, key, true, 1, 7).Seal(make([]byte, 16<<20+1)); err == nil {
		t.Error("seals more than any message")
	}
}

// mic signs as the acceptor, RFC 4121 4.2.6.1.
func (k acceptorKey) mic(text []byte, number uint64) []byte {
	head := binary.BigEndian.AppendUint64([]byte{4, 4, 5, 0xff, 0xff, 0xff, 0xff, 0xff}, number)
	h := hmac.New(sha1.New, k.derive(23, 0x99))
	h.Write(append(bytes.Clone(text), head...))
	return append(head, h.Sum(nil)[:12]...)
}

func TestMIC(t *testing.T) {
	key := acceptorKey(make([]byte, 32))
	good := key.mic([]byte("mechanisms"), 7)
	w := auth.NewWrapped(18, key, true, 1, 7)
	if err := w.CheckMIC(good, []byte("mechanisms")); err != nil {
		t.Error(err)
	}
	if _, err := w.Open(nil, key.seal([]byte("text"), 8, 0, 28)); err != nil {
		t.Errorf("the message behind the signature: %v", err)
	}
	for want, mic := range map[string][]byte{
		"wrong form":   good[:27],
		"wrong number": key.mic([]byte("mechanisms"), 8),
		"does not fit": key.mic([]byte("mechanism"), 7),
	} {
		err := auth.NewWrapped(18, key, true, 1, 7).CheckMIC(mic, []byte("mechanisms"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	key := acceptorKey(make([]byte, 32))
	f.Add(key.seal([]byte("text"), 7, 0, 28), 60)
	f.Add(key.seal(nil, 7, 3, 0), 0)
	f.Add(make([]byte, 60), 16)
	f.Fuzz(func(t *testing.T, token []byte, cut int) {
		cut = min(max(cut, 0), len(token))
		plain, err := auth.NewWrapped(18, key, true, 1, 7).Open(token[:cut], token[cut:])
		if err == nil && len(plain) > len(token)-60 {
			t.Errorf("%d bytes of %d", len(plain), len(token))
		}
		if err != nil && (plain != nil || strings.Contains(err.Error(), "make no sense")) {
			t.Errorf("%q %v", plain, err)
		}
	})
}
