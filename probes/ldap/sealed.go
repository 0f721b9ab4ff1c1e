package ldap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"postpatch/probes/host"
)

// maxSealed bounds one sealed buffer: many messages may be in it, or a part of one.
const maxSealed = 2 << 20

// The bytes of a signature, by the mechanism. Those that open take it in two parts.
const ntlmSignature = 16

// sealed protects what goes over a connection by the proof of the account (RFC 4752, 3.1:
// the length in four bytes, then what is sealed).
type sealed struct {
	net.Conn

	mu   sync.Mutex // a sealer does one thing at a time, and the library writes while it reads
	seal host.Sealer
	in   []byte // opened and not read yet
}

// Write implements net.Conn.
func (s *sealed) Write(p []byte) (int, error) {
	s.mu.Lock()
	signature, body, err := s.seal.Seal(p)
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	buffer := binary.BigEndian.AppendUint32(nil, uint32(len(signature)+len(body)))
	if _, err := s.Conn.Write(append(append(buffer, signature...), body...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read implements net.Conn.
func (s *sealed) Read(p []byte) (int, error) {
	for len(s.in) == 0 {
		var head [4]byte
		if _, err := io.ReadFull(s.Conn, head[:]); err != nil {
			return 0, err
		}
		length := binary.BigEndian.Uint32(head[:])
		if length < ntlmSignature || length > maxSealed {
			return 0, fmt.Errorf("the directory seals %d bytes at once, which is not %d to %d", length, ntlmSignature, maxSealed)
		}
		buffer := make([]byte, length)
		if _, err := io.ReadFull(s.Conn, buffer); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		s.mu.Lock()
		plain, err := s.seal.Open(buffer[:ntlmSignature], buffer[ntlmSignature:])
		s.mu.Unlock()
		if err != nil {
			return 0, err
		}
		s.in = plain
	}
	n := copy(p, s.in)
	s.in = s.in[n:]
	return n, nil
}
