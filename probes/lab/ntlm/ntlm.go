// Package ntlm is the server's side of NTLM version 2 with session security,
// as Windows Server has it. It is written from MS-NLMP and knows no client's
// code.
package ntlm

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/md5" // all of NTLM is built on it
	"crypto/rand"
	"crypto/rc4" // likewise
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"golang.org/x/crypto/md4" //nolint:staticcheck // NT hashes are MD4 (MS-NLMP 3.3.2)
)

// What a client is refused for.
var (
	ErrMalformed   = errors.New("malformed NTLM message")
	ErrUnknownUser = errors.New("unknown user")
	ErrPassword    = errors.New("wrong password")
	ErrMIC         = errors.New("wrong message integrity code")
	ErrBinding     = errors.New("wrong channel binding")
	ErrTooWeak     = errors.New("the client's session security is too weak: want NTLMv2 with 128 bits")
	ErrSignature   = errors.New("wrong signature")
)

// BindingPolicy says what a server makes of the channel binding in a client's
// answer, as WinRM's CbtHardeningLevel.
type BindingPolicy int

// The policies.
const (
	NoBinding      BindingPolicy = iota // looks at none
	RelaxedBinding                      // a client may leave it out, and may not have another one
	StrictBinding                       // a client must have it
)

// Config is the server and its accounts.
type Config struct {
	Computer string // NetBIOS name
	Domain   string // DNS name of the domain; a workgroup's machine when empty
	// User is the account, with its domain's NetBIOS name in front (ACME\probe)
	// unless the account is the machine's own.
	User, Password string
	// Passwords finds the password of an account by the names that a client sent, in
	// place of User and Password; nil is only these.
	Passwords func(domain, user string) (password string, known bool)
	// Bindings is the application data of the channel binding, which is
	// "tls-server-end-point:" and a hash (RFC 5929); nil without TLS.
	Bindings []byte
	Policy   BindingPolicy
}

// Acceptor is the server's end of one authentication and of the session that
// comes out of it. It is for one goroutine.
type Acceptor struct {
	config    Config
	negotiate []byte
	challenge []byte
	nonce     [8]byte
	flags     uint32 // of the challenge, then those agreed on
	done      bool
	user      string
	key       []byte
	in, out   *direction
}

// NewAcceptor makes an acceptor that waits for a client's first message.
func NewAcceptor(config Config) *Acceptor { return &Acceptor{config: config} }

// User returns who the client is once Accept is done, as DOMAIN\user.
func (a *Acceptor) User() string { return a.user }

// Accept takes the client's next message: a type 1, for which the answer is
// out, then a type 3, after which done holds. An error is one of this package's
// and ends the authentication; a client may begin again with a type 1.
func (a *Acceptor) Accept(token []byte) (out []byte, done bool, err error) {
	if IsNegotiate(token) {
		out, err = a.begin(token)
		return out, false, err
	}
	if a.challenge == nil || a.done {
		return nil, false, malformed("a type 3 message without a challenge before it")
	}
	err = a.finish(token)
	a.challenge = nil // a challenge is good for one answer
	return nil, err == nil, err
}

// begin answers a type 1 message with a type 2 (MS-NLMP 3.2.5.1.1).
func (a *Acceptor) begin(token []byte) ([]byte, error) {
	asked, err := parseNegotiate(token)
	if err != nil {
		return nil, err
	}
	if asked&(flagUnicode|flagOEM) == 0 {
		return nil, malformed("neither Unicode nor OEM names")
	}
	*a = Acceptor{config: a.config, negotiate: bytes.Clone(token)}
	_, _ = rand.Read(a.nonce[:]) // never fails
	netbios, _ := a.domains()
	target, kind := a.config.Computer, uint32(flagTargetServer)
	if a.config.Domain != "" {
		target, kind = netbios, flagTargetDomain
	}
	const echoed = flagRequestTarget | flagSign | flagSeal | flagAlwaysSign | flagExtended | flag128 | flagKeyExchange |
		flag56
	a.flags = asked&echoed | flagNTLM | flagTargetInfo | flagVersion | kind
	if asked&flagUnicode != 0 {
		a.flags |= flagUnicode
	} else {
		a.flags |= flagOEM
	}
	if asked&flagRequestTarget == 0 {
		target = ""
		a.flags &^= kind
	}
	a.challenge = challenge{a.flags, a.nonce, target, a.targetInfo()}.marshal()
	return a.challenge, nil
}

// domains returns the NetBIOS and the DNS name of the domain; of the machine
// itself where it has none, as Windows in a workgroup does.
func (a *Acceptor) domains() (netbios, dns string) {
	if a.config.Domain == "" {
		return a.config.Computer, a.config.Computer
	}
	if domain, _, found := strings.Cut(a.config.User, `\`); found && domain != "." {
		return strings.ToUpper(domain), a.config.Domain
	}
	first, _, _ := strings.Cut(a.config.Domain, ".")
	return strings.ToUpper(first), a.config.Domain
}

// targetInfo is what Windows says of itself, in its order.
func (a *Acceptor) targetInfo() []byte {
	netbios, dns := a.domains()
	full := strings.ToLower(a.config.Computer)
	if a.config.Domain != "" {
		full += "." + a.config.Domain
	}
	info := appendPair(nil, avDomain, encode(netbios))
	info = appendPair(info, avComputer, encode(a.config.Computer))
	info = appendPair(info, avDNSDomain, encode(dns))
	info = appendPair(info, avDNSComputer, encode(full))
	// In 100 ns since 1601.
	ticks := uint64(time.Now().UnixMilli()+11_644_473_600_000) * 10_000
	info = appendPair(info, avTimestamp, binary.LittleEndian.AppendUint64(nil, ticks))
	return appendPair(info, avEnd, nil)
}

// finish checks a type 3 message and makes the session's keys (MS-NLMP
// 3.2.5.1.2). The first message and the last are held together by the MIC,
// where the client says that it has one: Windows does not insist on it, because
// clients older than Vista's send none.
func (a *Acceptor) finish(token []byte) error {
	r, err := parseAuthenticate(token)
	if err != nil {
		return err
	}
	if r.flags&flagAnonymous != 0 || r.user == "" {
		return ErrUnknownUser
	}
	// Windows refuses LM, NTLM and what it calls NTLM2 at its default level.
	const proof, blob = 16, 28 // NTProofStr; the client's part up to its AV pairs
	if len(r.nt) < proof+blob {
		return ErrTooWeak
	}
	if !bytes.Equal(r.nt[proof:][:2], []byte{1, 1}) {
		return malformed("an NTLMv2 response of another version")
	}
	pairs, err := parsePairs(r.nt[proof+blob:])
	if err != nil {
		return err
	}
	password, known := a.password(r.domain, r.user)
	if !known {
		return ErrUnknownUser
	}
	key := a.sessionBase(r, password)
	if key == nil {
		return ErrPassword
	}
	agreed := a.flags & r.flags
	if agreed&(flagSign|flagSeal) != 0 && agreed&(flagExtended|flag128) != flagExtended|flag128 {
		return ErrTooWeak
	}
	if agreed&flagKeyExchange != 0 && agreed&(flagSign|flagSeal|flagAlwaysSign) != 0 {
		if len(r.sessionKey) != len(key) {
			return malformed("a session key of %d bytes", len(r.sessionKey))
		}
		key = rc4Once(key, r.sessionKey)
	}
	if err := a.checkMIC(r, pairs, key); err != nil {
		return err
	}
	if err := a.checkBinding(pairs[avBindings]); err != nil {
		return err
	}
	a.flags, a.done, a.key = agreed, true, key
	a.user = cmp.Or(r.domain, a.config.Computer) + `\` + r.user
	if agreed&(flagSign|flagSeal) != 0 {
		a.in, a.out = newDirection(key, agreed, toServer), newDirection(key, agreed, toClient)
	}
	return nil
}

// password finds the account that a client names.
func (a *Acceptor) password(domain, user string) (password string, known bool) {
	if a.config.Passwords != nil {
		return a.config.Passwords(domain, user)
	}
	return a.config.Password, a.knows(domain, user)
}

// knows says whether a name leads to the account. An account of the machine's
// own is found under every domain that the machine does not know; one of a
// domain under the domain's two names, under none, and as user@domain.
func (a *Acceptor) knows(domain, user string) bool {
	home, name, qualified := strings.Cut(a.config.User, `\`)
	if !qualified {
		return strings.EqualFold(user, a.config.User)
	}
	ours := func(domain string) bool {
		return strings.EqualFold(domain, home) || domain != "" && strings.EqualFold(domain, a.config.Domain)
	}
	if at, suffix, isUPN := strings.Cut(user, "@"); isUPN && domain == "" {
		return strings.EqualFold(at, name) && ours(suffix)
	}
	return strings.EqualFold(user, name) && (domain == "" || ours(domain))
}

// sessionBase returns the session base key when the response is right for the
// password, or nil. Only the user's name is folded (MS-NLMP 3.3.2). Clients that
// leave the domain out of the hash are taken, as 3.2.5.1.2 advises.
func (a *Acceptor) sessionBase(r response, password string) []byte {
	hash := md4.New()
	_, _ = hash.Write(encode(password)) // a hash takes everything
	nt := hash.Sum(nil)
	for _, domain := range []string{r.domain, ""} {
		owf := sum(nt, encode(strings.ToUpper(r.user)+domain))
		if proof := sum(owf, a.nonce[:], r.nt[16:]); hmac.Equal(proof, r.nt[:16]) {
			return sum(owf, proof)
		}
	}
	return nil
}

func (a *Acceptor) checkMIC(r response, pairs map[uint16][]byte, key []byte) error {
	flags := pairs[avFlags]
	if len(flags) != 4 || binary.LittleEndian.Uint32(flags)&avFlagMIC == 0 {
		return nil
	}
	mic, without, err := r.mic()
	if err != nil {
		return err
	}
	if !hmac.Equal(mic, sum(key, a.negotiate, a.challenge, without)) {
		return ErrMIC
	}
	return nil
}

// checkBinding compares the hash of the client's channel binding with ours. A
// hash of zeros is none (MS-NLMP 2.2.2.1).
func (a *Acceptor) checkBinding(got []byte) error {
	if a.config.Policy == NoBinding || a.config.Bindings == nil {
		return nil
	}
	if len(got) == 0 || bytes.Equal(got, make([]byte, md5.Size)) {
		if a.config.Policy == StrictBinding {
			return ErrBinding
		}
		return nil
	}
	// gss_channel_bindings_struct: no addresses, then the application data.
	bound := make([]byte, 16, 20+len(a.config.Bindings))
	bound = binary.LittleEndian.AppendUint32(bound, uint32(len(a.config.Bindings)))
	want := md5.Sum(append(bound, a.config.Bindings...))
	if !hmac.Equal(got, want[:]) {
		return ErrBinding
	}
	return nil
}

// sum is the HMAC-MD5 of all parts together.
func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(md5.New, key)
	for _, part := range parts {
		_, _ = mac.Write(part) // a hash takes everything
	}
	return mac.Sum(nil)
}

func rc4Once(key, data []byte) []byte {
	out := make([]byte, len(data))
	newRC4(key).XORKeyStream(out, data)
	return out
}

// newRC4 makes a cipher of a key of 16 bytes, which RC4 always takes.
func newRC4(key []byte) *rc4.Cipher {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return c
}
