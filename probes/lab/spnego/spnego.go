// Package spnego is the server's side of SPNEGO (RFC 4178 and MS-SPNG): it
// agrees with a client on a mechanism and passes the mechanism's messages on.
package spnego

import (
	"errors"
	"fmt"
)

// The mechanisms, as a server's choice and its log name them.
const (
	Kerberos = "Kerberos"
	NTLM     = "NTLM"
)

// What a client is refused for; errors of a mechanism are the mechanism's own.
var (
	ErrMalformed   = errors.New("malformed SPNEGO token")
	ErrNoMechanism = errors.New("no mechanism in common")
	ErrList        = errors.New("the list of mechanisms was changed on the way, or is not signed")
)

// Mechanism takes a client's messages of one mechanism.
type Mechanism interface {
	Accept(token []byte) (out []byte, done bool, err error)
}

// signer is a mechanism that can protect the list of mechanisms, as NTLM must.
type signer interface {
	MIC(list []byte) ([]byte, error)
	CheckMIC(list, mic []byte) error
}

// Acceptor is the server's end of one negotiation.
type Acceptor struct {
	choose func(name string) Mechanism
	list   []byte // the client's mechanisms, as it wrote them
	oid    string // of the mechanism agreed on
	first  bool   // it is the one that the client likes best
	mech   Mechanism
	told   bool // the client knows the mechanism
	done   bool
}

// NewAcceptor makes an acceptor that waits for a client's first message. Choose
// returns the mechanism of that name, or nil where the server has it not; it is
// called in the client's order until it returns one.
func NewAcceptor(choose func(name string) Mechanism) *Acceptor { return &Acceptor{choose: choose} }

// Mechanism returns what was agreed on; "" and nil while nothing is.
func (a *Acceptor) Mechanism() (name string, m Mechanism) { return nameOf(a.oid), a.mech }

// Accept takes the client's next message and returns the answer to it, which is
// there even when done holds, and beside an error when the mechanism has one to
// tell.
func (a *Acceptor) Accept(token []byte) (out []byte, done bool, err error) {
	if a.done {
		return nil, false, fmt.Errorf("%w: the negotiation is over", ErrMalformed)
	}
	var m message
	if a.list == nil {
		m, err = parseInit(token)
	} else {
		m, err = parseResponse(token)
	}
	if err != nil {
		return nil, false, err
	}
	if a.list == nil {
		if err := a.agree(m); err != nil {
			return nil, false, err
		}
		if !a.first || m.token == nil {
			m.token = nil // meant for another mechanism
			return a.answer(message{state: a.incomplete()}), false, nil
		}
	}
	inner, done, err := a.mech.Accept(m.token)
	switch {
	case err != nil && inner != nil: // Kerberos tells why, and Windows passes it on
		return a.answer(message{state: acceptIncomplete, token: inner}), false, err
	case err != nil:
		return nil, false, err
	}
	reply := message{state: acceptIncomplete, token: inner}
	if done {
		if reply.mic, err = a.protect(m.mic); err != nil {
			return nil, false, err
		}
		reply.state, a.done = acceptCompleted, true
	}
	return a.answer(reply), done, nil
}

// agree takes the first of the client's mechanisms that the server has.
func (a *Acceptor) agree(m message) error {
	for i, oid := range m.mechanisms {
		name := nameOf(oid)
		if name == "" {
			continue
		}
		if mech := a.choose(name); mech != nil {
			a.mech, a.oid, a.first, a.list = mech, oid, i == 0, m.list
			return nil
		}
	}
	return ErrNoMechanism
}

// incomplete is the state of the first answer: a client that did not get the
// mechanism it likes best has to sign its list, or somebody on the way could
// have taken the better ones out of it.
func (a *Acceptor) incomplete() int {
	if a.first {
		return acceptIncomplete
	}
	return requestMIC
}

// protect checks the client's signature over its list and makes ours.
func (a *Acceptor) protect(mic []byte) ([]byte, error) {
	s, signs := a.mech.(signer)
	if mic == nil && a.first || !signs && a.first {
		return nil, nil
	}
	if mic == nil || !signs {
		return nil, ErrList
	}
	if err := s.CheckMIC(a.list, mic); err != nil {
		return nil, errors.Join(ErrList, err)
	}
	return s.MIC(a.list)
}

// answer writes a reply, with the mechanism in the first.
func (a *Acceptor) answer(m message) []byte {
	if !a.told {
		m.mechanisms, a.told = []string{a.oid}, true
	}
	return m.marshal()
}
