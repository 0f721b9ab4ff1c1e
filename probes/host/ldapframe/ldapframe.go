// Package ldapframe lets the messages of LDAP through to a library that makes room for all that
// a server announces: none may be too long, too deep or of too many parts.
package ldapframe

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
)

// The deepest answer of LDAP is a value within a search's entry: six levels. The library copies
// what is in a level to the one above, and has a hundred bytes and more for each part.
const (
	mostLevels = 16
	mostParts  = 50_000
)

// ErrNone is wrapped where what comes is no message of LDAP.
var ErrNone = errors.New("the answer is no message of LDAP")

// Conn is a connection from which messages of LDAP are read.
type Conn struct {
	net.Conn

	Most    int // bytes of one message
	MostAll int // and of all together

	failed atomic.Pointer[error]
	at     int    // bytes that have come
	skip   int    // bytes of the part that comes, which holds no others
	header []byte // of the part that begins, as far as it is here
	ends   []int  // of the parts that others are in
	parts  int    // of the message
}

// Failed is why nothing comes or goes any more, which the library tells in words alone; nil for
// nothing.
func (c *Conn) Failed() error {
	if err := c.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if wrong := c.look(p[:n]); wrong != nil {
		c.failed.CompareAndSwap(nil, &wrong)
		return 0, wrong
	}
	if err != nil {
		c.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

func (c *Conn) look(b []byte) error {
	if c.at+len(b) > c.MostAll {
		return fmt.Errorf("the answers are longer than %d MiB", c.MostAll>>20)
	}
	for len(b) > 0 {
		took := min(c.skip, len(b))
		if took > 0 {
			c.skip -= took
		} else {
			took = 1
			c.header = append(c.header, b[0])
		}
		c.at += took
		b = b[took:]
		if err := c.step(); err != nil {
			return err
		}
	}
	return nil
}

// step goes on with the part whose header has come, and leaves those that are at their end.
func (c *Conn) step() error {
	if len(c.header) > 0 {
		length, whole, good := lengthOf(c.header)
		switch {
		case !good, whole && len(c.ends) == 0 && c.header[0] != 0x30:
			return ErrNone
		case !whole:
			return nil
		}
		if err := c.begin(length); err != nil {
			return err
		}
	}
	for c.skip == 0 && len(c.ends) > 0 && c.at == c.ends[len(c.ends)-1] {
		c.ends = c.ends[:len(c.ends)-1]
	}
	return nil
}

func (c *Conn) begin(length int) error {
	const constructed = 0x20
	end := c.at + length
	switch {
	case len(c.ends) == 0 && length > c.Most:
		return fmt.Errorf("%w, or one that is longer than %d KiB", ErrNone, c.Most>>10)
	case len(c.ends) == 0:
		c.parts = 0
	case end > c.ends[len(c.ends)-1]:
		return fmt.Errorf("%w: a part of it is longer than the whole", ErrNone)
	}
	if c.parts++; c.parts > mostParts {
		return fmt.Errorf("%w, or one of more than %d parts", ErrNone, mostParts)
	}
	within := c.header[0]&constructed != 0
	c.header = c.header[:0]
	if !within {
		c.skip = length
		return nil
	}
	if c.ends = append(c.ends, end); len(c.ends) > mostLevels {
		return fmt.Errorf("%w: its parts are more than %d deep", ErrNone, mostLevels)
	}
	return nil
}

// lengthOf reads a part's length from its first bytes; whole says that these are its header.
// LDAP has no lengths that are not said, and no tags of several bytes (RFC 4511, 5.1).
func lengthOf(header []byte) (length int, whole, good bool) {
	const manyBytes = 0x1F
	switch {
	case header[0]&manyBytes == manyBytes:
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
	return length, true, length >= 0
}
