package ldap

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"postpatch/probes/host"
)

// fakeProof is a proof in two messages, like NTLM's, of which the second shows the account.
type fakeProof struct {
	mechanism string
	steps     int
}

func (p *fakeProof) Step(_ context.Context, token []byte) (out []byte, done bool, err error) {
	p.steps++
	if p.steps > 2 {
		return nil, false, errors.New("the proof is complete already")
	}
	if p.steps == 2 && len(token) == 0 {
		return nil, false, errors.New("no challenge")
	}
	return []byte{byte(p.steps)}, p.steps == 2, nil
}
func (p *fakeProof) Used() (mechanism, why string) { return p.mechanism, "" }
func (*fakeProof) Ended(host.Shown)                {}

const (
	goOn2      = "\x30\x10\x02\x01\x02\x61\x0b\x0a\x01\x0e\x04\x00\x04\x00\x87\x02ab" // to message 2, with a token
	goOn3      = "\x30\x10\x02\x01\x03\x61\x0b\x0a\x01\x0e\x04\x00\x04\x00\x87\x02ab"
	success2   = "\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00"
	success3   = "\x30\x0c\x02\x01\x03\x61\x07\x0a\x01\x00\x04\x00\x04\x00"
	challenge2 = "\x30\x10\x02\x01\x02\x61\x0b\x0a\x01\x00\x04\x00\x04\x00\x87\x02ab" // a success with a token
)

// TestSteps shows what a directory's answers tell of a password: only what came after it was
// shown does.
func TestSteps(t *testing.T) {
	for name, tt := range map[string]struct {
		mechanism, says string
		want            host.Shown
	}{
		"NTLM":                          {"NTLM", goOn2 + success3, host.Taken},
		"NTLM, let in without a proof":  {"NTLM", success2, host.Later},
		"NTLM, with a challenge":        {"NTLM", challenge2, host.Later},
		"NTLM, and on and on":           {"NTLM", goOn2 + goOn3, host.Unsaid},
		"NTLM, and hung up":             {"NTLM", goOn2, host.Unsaid},
		"NTLM, and hung up at once":     {"NTLM", "", host.Later},
		"Kerberos, which proves itself": {"Kerberos", challenge2, host.Taken},
		"Kerberos, which does not":      {"Kerberos", success2, host.Later},
	} {
		t.Run(name, func(t *testing.T) {
			e := &entering{visit: &visit{}, conn: &connection{Conn: said{in: bytes.NewReader([]byte(tt.says))}}}
			got, err := e.steps(t.Context(), &fakeProof{mechanism: tt.mechanism})
			if got != tt.want || (err == nil) != (got == host.Taken) {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// TestConfirm shows that a directory that lets in whoever comes has to prove that it knows the
// password: by what it seals, or by its certificate.
func TestConfirm(t *testing.T) {
	const iAm = "\x30\x0c\x02\x01\x07\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
	const unknown = "\x30\x0c\x02\x01\x07\x78\x07\x0a\x01\x02\x04\x00\x04\x00"
	for name, tt := range map[string]struct {
		says string
		tls  *tls.ConnectionState
		want host.Shown
	}{
		"sealed":                {says: iAm, want: host.Taken},
		"sealed, and of no use": {says: unknown, want: host.Taken},
		"not sealed":            {says: "\x00\x00\x00\x20no seal", want: host.Unsaid},
		"hung up":               {want: host.Unsaid},
		"TLS of whoever":        {tls: &tls.ConnectionState{}, want: host.LetIn},
	} {
		t.Run(name, func(t *testing.T) {
			e := &entering{visit: &visit{}, conn: &connection{Conn: said{in: bytes.NewReader([]byte(tt.says))}, tls: tt.tls}}
			got, err := e.confirm(t.Context())
			if got != tt.want || (err != nil) != (got == host.Unsaid) {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// TestDeep has a directory answer a bind with controls that are ever deeper.
func TestDeep(t *testing.T) {
	controls := []byte{}
	for range 40 {
		controls = append([]byte{0x30, byte(len(controls))}, controls...)
	}
	answer := append([]byte(success2), 0xA0, byte(len(controls)))
	answer = append(answer, controls...)
	answer[1] += byte(len(controls) + 2)
	_, err := exchange(t.Context(), said{in: bytes.NewReader(answer)}, 2, simpleBind("u", "p"))
	if err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("got %v", err)
	}
}

// TestWords shows what is told of a bind that comes to nothing.
func TestWords(t *testing.T) {
	refused := func(words string) string { return answered(0x61, 2, 49, words) }
	for name, tt := range map[string]struct {
		mechanism, says string
		state, words    string
	}{
		"a wrong password":         {"NTLM", goOn2 + answered(0x61, 3, 49, "…, data 52e, v1"), "refused", "the password is wrong"},
		"a ticket that is no good": {"Kerberos", refused("…, data 52e, v1"), "unavailable", "does not take the ticket"},
		"a ticket, without a word": {"Kerberos", refused(""), "unavailable", "does not take the ticket"},
		"a ticket of the disabled": {"Kerberos", refused("…, data 533, v1"), "refused", "it is disabled"},
		"no such thing":            {"NTLM", answered(0x61, 2, 2, "what?"), "protocol error", "what?"},
		"a farewell":               {"NTLM", answered(0x78, 0, 52, "closing"), "unavailable", "ends the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &entering{visit: &visit{}, conn: &connection{Conn: said{in: bytes.NewReader([]byte(tt.says))}}}
			_, err := e.steps(t.Context(), &fakeProof{mechanism: tt.mechanism})
			no, is := errors.AsType[*declined](err)
			if !is || no.name() != tt.state || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("got %v, want %s, %s", err, tt.state, tt.words)
			}
		})
	}
}

// answered is an answer with a code and words.
func answered(op, id, code byte, words string) string {
	result := "\x0a\x01" + string([]byte{code}) + "\x04\x00\x04" + string([]byte{byte(len(words))}) + words
	message := "\x02\x01" + string([]byte{id}) + string([]byte{op, byte(len(result))}) + result
	return "\x30" + string([]byte{byte(len(message))}) + message
}

// oneAtATime is a sealer that minds two things at once.
type oneAtATime struct {
	open
	busy, overlaps atomic.Int32
}

func (o *oneAtATime) use() {
	if o.busy.Add(1) > 1 {
		o.overlaps.Add(1)
	}
	runtime.Gosched()
	o.busy.Add(-1)
}

func (o *oneAtATime) Seal(plain []byte) (signature, sealed []byte, err error) {
	o.use()
	return o.open.Seal(plain)
}

func (o *oneAtATime) Open(signature, sealed []byte) ([]byte, error) {
	o.use()
	return o.open.Open(signature, sealed)
}

// TestSealedOneAtATime has a directory send sealed messages that nobody asked for, while others go out.
func TestSealedOneAtATime(t *testing.T) {
	const messages = 5000
	seal := new(oneAtATime)
	unasked := bytes.Repeat([]byte("\x00\x00\x00\x11\x01aaaaaaaaaaaaaaak"), messages)
	s := &sealed{seal: seal, Conn: said{in: bytes.NewReader(unasked)}}
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(io.Discard, struct{ io.Reader }{s}) })
	for range messages {
		if _, err := s.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
	}
	reading.Wait()
	if n := seal.overlaps.Load(); n > 0 {
		t.Errorf("%d times it was to open and to seal at once", n)
	}
}
