package ldap

import (
	"fmt"
	"net"
	"sync/atomic"
)

const (
	maxMessage = 1 << 20 // bytes of one message; rootDSE has some thousand
	maxAnswers = 16 << 20
)

// frames lets the messages of LDAP through, none of which may be too long: the
// library would make room for what a server announces.
type frames struct {
	net.Conn

	failed atomic.Pointer[error] // why nothing comes any more, which the library tells in words alone
	header []byte                // of the message that begins, as far as it is here
	left   int                   // bytes of the message
	all    int
}

// Read implements net.Conn.
func (f *frames) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if err != nil {
		f.failed.CompareAndSwap(nil, &err)
	}
	if f.all += n; f.all > maxAnswers {
		return 0, fmt.Errorf("the answers are longer than %d MiB", maxAnswers>>20)
	}
	for rest := p[:n]; len(rest) > 0; {
		if f.left > 0 {
			skip := min(f.left, len(rest))
			f.left -= skip
			rest = rest[skip:]
			continue
		}
		f.header = append(f.header, rest[0])
		rest = rest[1:]
		length, whole, good := lengthOf(f.header)
		switch {
		case !good:
			return 0, errNoLDAP
		case whole:
			f.left, f.header = length, f.header[:0]
		}
	}
	return n, err
}

// lengthOf reads a message's length from its first bytes; whole says that these
// are its header.
func lengthOf(header []byte) (length int, whole, good bool) {
	const sequence = 0x30
	switch {
	case header[0] != sequence:
		return 0, false, false
	case len(header) < 2:
		return 0, false, true
	case header[1] < 0x80:
		return int(header[1]), true, true
	}
	digits := int(header[1] & 0x7F)
	switch {
	case digits == 0 || digits > 4:
		return 0, false, false
	case len(header) < 2+digits:
		return 0, false, true
	}
	for _, b := range header[2:] {
		length = length<<8 | int(b)
	}
	return length, true, length >= 0 && length <= maxMessage
}
