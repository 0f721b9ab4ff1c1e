package tds

import (
	"cmp"
	"crypto/subtle"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/ntlm"
	"postpatch/probes/lab/spnego"
)

const (
	packetSSPI = 0x11
	tokenSSPI  = 0xed
)

// Acceptor is the server's side of one proof by NTLM or Kerberos.
type Acceptor interface {
	Accept(token []byte) (out []byte, done bool, err error)
	User() string // who was proved: CORP\probe or probe@CORP.TEST
}

// proved is who a client is by other means than a SQL login's password.
type proved struct {
	bindings []byte // of the TLS below
	scheme   string // NTLM, KERBEROS or entra; "" for a SQL login
	user     string // "" where the proof failed
	fedAuth  bool   // FEDAUTH was asked for
}

// authScheme is what sys.dm_exec_connections calls it. That a token of Entra ID is none of
// Windows' is from memory.
func (p proved) authScheme() string {
	if p.scheme == "" || p.scheme == entraScheme {
		return "SQL"
	}
	return p.scheme
}

// refusal is the error for who was proved and may not enter, or was not proved.
func (p proved) refusal(sql estate.SQL) *sqlError {
	switch {
	case p.scheme == entraScheme && p.user == "":
		return loginError(18456, "<token-identified principal>")
	case p.scheme == entraScheme:
		return nil
	case p.user == "" || sql.Windows == nil:
		return loginError(18452, "")
	case sql.Windows.NoLogin || !strings.EqualFold(bare(p.user), bare(sql.Windows.User)):
		return loginError(18456, p.user)
	default:
		return nil
	}
}

// bare is a user's name without a domain.
func bare(user string) string {
	if _, name, qualified := strings.Cut(user, `\`); qualified {
		return name
	}
	name, _, _ := strings.Cut(user, "@")
	return name
}

// prove goes through the proof that a LOGIN7 message begins, if it begins one. The error
// means that the connection is over; a proof that failed is for answerLogin to tell.
func (s *session) prove(login7 []byte) error {
	fed, found, err := fedAuthOf(login7)
	switch {
	case err != nil:
		return err
	case found:
		return s.proveToken(fed)
	case s.login.integrated:
		return s.proveWindows(login7)
	default:
		return nil
	}
}

func (s *session) proveWindows(login7 []byte) error {
	token, err := sspiOf(login7)
	if err != nil {
		return err
	}
	s.proved.scheme = spnego.NTLM
	begun := s.beginProof(token)
	if begun == nil {
		return nil
	}
	for {
		out, done, err := begun.Accept(token)
		switch {
		case err != nil: // what Kerberos has to tell does not travel further
			s.proved.user = ""
			return nil
		case len(out) > 0:
			// In a message of its own, also the last one, behind which the login's answer
			// comes: Microsoft's driver takes them so, and would wait for ever otherwise.
			if err := s.write(sized(tokenSSPI, out)); err != nil {
				return err
			}
			if err := s.out.Finish(); err != nil {
				return err
			}
		}
		if done {
			s.proved.scheme, s.proved.user = strings.ToUpper(begun.mechanism()), begun.user()
			return nil
		}
		m, err := readMessage(s.conn)
		if err != nil {
			return err
		}
		if m.kind != packetSSPI {
			return fmt.Errorf("packet of kind %#x within a proof", m.kind)
		}
		token = m.body
	}
}

// proof is a proof that has begun, in SPNEGO or bare.
type proof struct {
	name   string
	bare   Acceptor
	spnego *spnego.Acceptor // nil for a bare mechanism
}

// Accept takes the client's next token.
func (p *proof) Accept(token []byte) (out []byte, done bool, err error) {
	if p.spnego == nil {
		return p.bare.Accept(token)
	}
	out, done, err = p.spnego.Accept(token)
	name, mechanism := p.spnego.Mechanism()
	p.name = name
	p.bare, _ = mechanism.(Acceptor) // as begin made it
	return out, done, err
}

func (p *proof) mechanism() string { return p.name }

func (p *proof) user() string { return p.bare.User() }

// beginProof makes a proof for a client's first token; nil for one of no mechanism here. Windows
// takes NTLM and Kerberos bare as well as in SPNEGO.
func (s *session) beginProof(token []byte) *proof {
	mechanism := func(name string) Acceptor {
		windows := s.sql().Windows
		switch {
		case windows == nil:
			return nil
		case name == spnego.NTLM:
			return s.ntlm(*windows)
		case name == spnego.Kerberos && s.server.Kerberos != nil:
			return s.server.Kerberos(s.proved.bindings)
		default:
			return nil
		}
	}
	switch {
	case ntlm.IsMessage(token):
		if a := mechanism(spnego.NTLM); a != nil {
			return &proof{name: spnego.NTLM, bare: a}
		}
	case spnego.IsKerberos(token):
		if a := mechanism(spnego.Kerberos); a != nil {
			return &proof{name: spnego.Kerberos, bare: a}
		}
	case spnego.IsInit(token):
		return &proof{spnego: spnego.NewAcceptor(func(name string) spnego.Mechanism {
			if a := mechanism(name); a != nil {
				return a
			}
			return nil // and no nil Acceptor in an interface
		})}
	}
	return nil
}

func (s *session) ntlm(w estate.SQLWindows) Acceptor {
	policy := map[string]ntlm.BindingPolicy{
		"allowed": ntlm.RelaxedBinding, "required": ntlm.StrictBinding,
	}[w.Protection]
	h := s.server.host()
	computer, _, _ := strings.Cut(h.Name, ".")
	user, home := w.User, h.OS.Domain
	prefix, name, qualified := strings.Cut(w.User, `\`)
	switch {
	case qualified && (prefix == "." || strings.EqualFold(prefix, computer)):
		user = name // the machine's own
	case qualified:
		home = cmp.Or(home, strings.ToLower(prefix))
	}
	return ntlm.NewAcceptor(ntlm.Config{
		Computer: strings.ToUpper(computer), Domain: home, User: user, Password: w.Password,
		Bindings: s.proved.bindings, Policy: policy,
	})
}

// bindingsOf are the channel bindings that Extended Protection compares: SQL Server's are
// tls-unique (RFC 5929) up to TLS 1.2. Those of TLS 1.3 (RFC 9266) are from memory.
func bindingsOf(conn net.Conn) []byte {
	secured, ok := conn.(*tls.Conn)
	if !ok {
		return nil
	}
	state := secured.ConnectionState()
	if state.Version < tls.VersionTLS13 {
		return append([]byte("tls-unique:"), state.TLSUnique...)
	}
	key, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		return nil
	}
	return append([]byte("tls-exporter:"), key...)
}

// sspiOf is the first token of a proof, as LOGIN7 carries it: longer ones have their length
// in a field of its own.
func sspiOf(login7 []byte) ([]byte, error) {
	const long, offsetLong = 0xffff, 90
	at := int(binary.LittleEndian.Uint16(login7[offsetSSPI:]))
	size := int(binary.LittleEndian.Uint16(login7[offsetSSPI+2:]))
	if longer := int(binary.LittleEndian.Uint32(login7[offsetLong:])); size == long && longer > 0 {
		size = longer
	}
	if at < loginHeader || size > len(login7)-at {
		return nil, errors.New("LOGIN7 with a token outside of it")
	}
	return login7[at : at+size], nil
}

// equalText compares secrets.
func equalText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// tlsConfig is what the instance's Windows can do; newest is how far the protocol goes, which
// is 1.2 within TDS 7: TLS 1.3 sends tickets after the handshake, which would still be wrapped
// when the client no longer expects it.
func (s *session) tlsConfig(cert *tls.Certificate, newest uint16) *tls.Config {
	c := &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12, MaxVersion: newest}
	wire := s.sql().Wire
	if wire == nil {
		return c
	}
	if wire.Newest != "" {
		c.MaxVersion = map[string]uint16{
			"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12,
		}[wire.Newest]
		c.MinVersion = min(c.MinVersion, c.MaxVersion)
	}
	if wire.RSAKeyExchange {
		c.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}
	}
	return c
}
