package shares

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/ntlm"
	"postpatch/probes/lab/spnego"
)

func dialects() map[string]uint16 {
	return map[string]uint16{"2.0.2": 0x0202, "2.1": 0x0210, "3.0": 0x0300, "3.0.2": 0x0302, "": 0x0311, "3.1.1": 0x0311}
}

func ciphers() []string {
	return []string{"none", "AES-128-CCM", "AES-128-GCM", "AES-256-CCM", "AES-256-GCM"}
}

// negotiate chooses the newest dialect that both speak (MS-SMB2 3.3.5.4).
func (t *talk) negotiate(r request) bool {
	if t.host.SMB.Fault == estate.Error {
		return t.send(r, response{status: insufficientResource})
	}
	count := int(le16(r.body, 2))
	if count == 0 || len(r.body) < 36+2*count {
		return t.send(r, response{status: invalidParameter})
	}
	var chosen uint16
	for i := range count {
		if d := le16(r.body, 36+2*i); d <= dialects()[t.host.SMB.Dialect] && d > chosen {
			chosen = d
		}
	}
	if chosen == 0 {
		return t.send(r, response{status: notSupported})
	}
	t.dialect = chosen
	body := t.greeting(chosen)
	if chosen == 0x0311 {
		binary.LittleEndian.PutUint16(body[6:], 2)
		body = append(body, make([]byte, (8-(headerSize+len(body))%8)%8)...)
		binary.LittleEndian.PutUint32(body[60:], uint32(headerSize+len(body)))
		body = append(body, 1, 0, 38, 0, 0, 0, 0, 0, 1, 0, 32, 0, 1, 0) // SHA-512, with as much salt
		body = append(body, make([]byte, 32)...)
		body = append(body, 0, 0)
		body = append(body, 2, 0, 4, 0, 0, 0, 0, 0, 1, 0, byte(t.cipher(r)), 0)
	}
	to := response{body: body}
	t.digest(r.message)
	t.digest(t.sealed(r, to))
	return t.send(r, to)
}

// greeting is the fixed part of the answer, with the mechanisms behind it.
func (t *talk) greeting(dialect uint16) []byte {
	le := binary.LittleEndian
	body := make([]byte, 64)
	le.PutUint16(body, 65)
	le.PutUint16(body[2:], 1)
	if t.wantsSigning() {
		le.PutUint16(body[2:], 3)
	}
	le.PutUint16(body[4:], dialect)
	id := sha256.Sum256([]byte(t.host.Name))
	copy(body[8:24], id[:])
	capabilities := uint32(1)                                                       // DFS
	if dialect >= 0x0300 && dialect < 0x0311 && t.host.SMB.Cipher != ciphers()[0] { // 3.1.1 says it in a context
		capabilities |= 0x40
	}
	le.PutUint32(body[24:], capabilities)
	for _, at := range []int{28, 32, 36} {
		le.PutUint32(body[at:], 64<<10)
	}
	ticks := (time.Now().Add(t.host.OS.Clock).UnixMilli() + 11_644_473_600_000) * 10_000
	le.PutUint64(body[40:], uint64(ticks))
	// NegTokenInit2 with NegoEx and NTLM (MS-SPNG 2.2.1), as Windows offers them without a domain.
	offer := []byte("\x60\x28\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x1e\x30\x1c\xa0\x1a\x30\x18" +
		"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")
	le.PutUint16(body[56:], headerSize+64)
	le.PutUint16(body[58:], uint16(len(offer)))
	return append(body, offer...)
}

// cipher is the number of the one that is chosen; 0 where the client does not offer it.
func (t *talk) cipher(r request) int {
	want := t.host.SMB.Cipher
	if want == "" {
		want = "AES-128-GCM"
	}
	number := slices.Index(ciphers(), want)
	at := int(le32(r.body, 28))
	for range le16(r.body, 32) {
		if at < headerSize || at+8 > len(r.message) {
			return 0
		}
		kind, length := le16(r.message, at), int(le16(r.message, at+2))
		data := r.message[at+8:]
		if length > len(data) {
			return 0
		}
		for i := 2; kind == 2 && i+1 < length; i += 2 {
			if int(le16(data, i)) == number {
				return number
			}
		}
		at += 8 + length + (8-length%8)%8
	}
	return 0
}

// proof is one that is under way.
type proof struct{ spnego *spnego.Acceptor }

// setUp takes a step of a proof (MS-SMB2 3.3.5.5).
func (t *talk) setUp(r request) bool {
	at, length := int(le16(r.body, 12))-headerSize, int(le16(r.body, 14))
	if at < 0 || at+length > len(r.body) || t.signer != nil {
		return t.send(r, response{status: invalidParameter})
	}
	if t.proof == nil {
		t.last++
		t.session = 0x400000000 + t.last
		t.proof = &proof{spnego: spnego.NewAcceptor(t.choose)}
	}
	t.digest(r.message)
	out, done, err := t.proof.spnego.Accept(r.body[at : at+length])
	if name, _ := t.proof.spnego.Mechanism(); name == spnego.NTLM && t.host.SMB.Logon == "no ntlm" {
		t.proof = nil
		return t.send(r, response{status: notSupported})
	}
	if t.letsIn() && (err != nil || done) {
		return t.letIn(r)
	}
	if err != nil {
		t.proof = nil
		return t.send(r, response{status: t.refusal()})
	}
	body := []byte{9, 0, 0, 0, headerSize + 8, 0, 0, 0}
	binary.LittleEndian.PutUint16(body[6:], uint16(len(out)))
	to := response{status: moreProcessing, body: append(body, out...)}
	if !done {
		t.digest(t.sealed(r, to))
		return t.send(r, to)
	}
	if status := t.logon(); status != success {
		t.proof = nil
		return t.send(r, response{status: status})
	}
	_, mechanism := t.proof.spnego.Mechanism()
	t.signer, err = newSigner(t.dialect, mechanism.(Acceptor).SessionKey(), t.integrity[:]) // as choose made it
	to.status = success
	return err == nil && t.send(r, to)
}

// letsIn says whether whoever comes is let in.
func (t *talk) letsIn() bool { return t.host.SMB.Logon == "guest" || t.host.SMB.Logon == "open" }

// letIn makes a session whose key the server does not have: nothing of it is signed. Windows
// and Samba say so of a guest (MS-SMB2 3.3.5.5.3); who does not is no file server.
func (t *talk) letIn(r request) bool {
	t.signer = &signer{func([]byte) []byte { return make([]byte, 16) }}
	body := []byte{9, 0, 0, 0, headerSize + 8, 0, 0, 0}
	if t.host.SMB.Logon == "guest" {
		body[2] = 1
	}
	return t.send(r, response{body: body})
}

func (t *talk) choose(name string) spnego.Mechanism {
	switch {
	case name == spnego.NTLM:
		short, domain, _ := strings.Cut(t.host.Name, ".")
		return ntlm.NewAcceptor(ntlm.Config{
			Computer: strings.ToUpper(short), Domain: domain,
			Passwords: func(domain, user string) (string, bool) {
				return t.host.SMB.Password, t.knows(user) && t.isOf(domain, user, short)
			},
		})
	case name == spnego.Kerberos && t.server.Kerberos != nil:
		return t.server.Kerberos(nil)
	default:
		return nil
	}
}

// knows says whether a name is that of the account, however its domain is written.
func (t *talk) knows(user string) bool {
	bare := func(name string) string {
		if _, after, found := strings.Cut(name, `\`); found {
			name = after
		}
		name, _, _ = strings.Cut(name, "@")
		return name
	}
	return user != "" && strings.EqualFold(bare(user), bare(t.host.SMB.User))
}

// isOf says whether a domain leads to the account: the server's own is that of its name, and
// who comes as user@domain names no other.
func (t *talk) isOf(domain, user, computer string) bool {
	home, _, _ := strings.Cut(t.host.SMB.User, `\`)
	switch {
	case strings.Contains(user, "@"), domain == ".":
		return domain == ""
	default:
		return strings.EqualFold(domain, computer) == (home == ".") || domain == ""
	}
}

// logon is what becomes of an account whose proof is right.
func (t *talk) logon() uint32 {
	return map[string]uint32{
		"locked out": 0xC0000234, "disabled": 0xC0000072, "expired": 0xC0000193,
		"no logon servers": 0xC000005E, "no trust": 0xC000018D, "stale key": logonFailure,
	}[t.host.SMB.Logon]
}

// refusal is how a proof that is wrong is answered. A server that finds no domain cannot tell.
func (t *talk) refusal() uint32 {
	if status := t.logon(); status != success {
		return status
	}
	return logonFailure
}
