package tds

import (
	"context"
	"io"

	"postpatch/probes/lab/estate"
)

// Session is one of which a test says when it hears an attention, and when it answers.
type Session struct{ s *session }

// NewSession makes one whose answers nobody reads.
func NewSession(h estate.Host) Session {
	s := newSession(New(func() estate.Host { return h }, nil), nil)
	s.out.w = io.Discard
	return Session{s}
}

// Hear does what is done when an attention was read, beside the answering.
func (s Session) Hear() { s.s.interrupt() }

// Attend answers an attention.
func (s Session) Attend() error {
	return s.s.answer(context.Background(), message{kind: packetAttention})
}

// Batch answers a batch.
func (s Session) Batch(text string) error {
	noHeaders := []byte{4, 0, 0, 0}
	return s.s.answer(context.Background(), message{kind: packetBatch, body: append(noHeaders, toUCS2(text)...)})
}

// Catalogue are the names of all views, as a query writes them behind a database.
func Catalogue() []string {
	var names []string
	for _, v := range catalogue() {
		names = append(names, v.name)
	}
	return names
}

// SSPIOf is the token of a LOGIN7 message that was read.
func SSPIOf(login7 []byte) ([]byte, error) {
	if _, err := parseLogin(login7); err != nil {
		return nil, err
	}
	return sspiOf(login7)
}

// FedAuthOf reads the feature of a LOGIN7 message.
func FedAuthOf(login7 []byte) { _, _, _ = fedAuthOf(login7) }
