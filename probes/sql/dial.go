package sql

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	// maxAnswer is more than any instance has to say about its databases.
	maxAnswer = 32 << 20
	// farewells are the writes that a lost connection still takes: a driver that cannot
	// send its farewell leaves the goroutine behind that hands it rows. There is an end to
	// them, because one to which a server has named packets that hold nothing sends for ever.
	farewells = 8
)

// errEndless is the end of an answer that is longer than maxAnswer.
var errEndless = errors.New("its answer does not end")

// HostName tells the driver that names are looked up by the dialer.
func (d *door) HostName() string { return "" }

// DialContext implements the driver's Dialer. The connection ends with the
// check, because after it is made the driver waits for ever.
func (d *door) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dialled {
		return nil, d.again(address)
	}
	d.dialled = true
	start := time.Now()
	conn, err := d.dial(d.ctx, network, d.at)
	if err != nil {
		d.failed, d.waited = err, time.Since(start)
		return nil, err
	}
	stop := context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	d.conn = &limited{Conn: d.guard(conn), stop: stop, left: maxAnswer, farewells: farewells}
	return d.conn, nil
}

// close ends the connection, which a driver that panics leaves open.
func (d *door) close() {
	if conn := d.connection(); conn != nil {
		_ = conn.Close()
	}
}

// connection is what was made, nil while nothing was.
func (d *door) connection() *limited {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conn
}

// isIn says whether the login was let in.
func (d *door) isIn() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.in
}

// limited is a connection that gives only so much and takes everything. It remembers
// what became of it, which the driver tells in words only, or not at all.
type limited struct {
	net.Conn
	stop func() bool

	mu        sync.Mutex
	left      int
	farewells int
	head      []byte // the first bytes of the server's
	lost      error  // the first error
}

// Read implements net.Conn.
func (l *limited) Read(b []byte) (int, error) {
	l.mu.Lock()
	left := l.left
	l.mu.Unlock()
	if left <= 0 {
		return 0, l.lose(fmt.Errorf("%w: more than %d MiB", errEndless, maxAnswer>>20))
	}
	n, err := l.Conn.Read(b[:min(len(b), left)])
	l.mu.Lock()
	l.left -= n
	l.head = append(l.head, b[:min(n, packetHead-len(l.head))]...)
	l.mu.Unlock()
	if err != nil {
		return n, l.lose(err)
	}
	return n, nil
}

// lose remembers the first error.
func (l *limited) lose(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost == nil {
		l.lost = err
	}
	return err
}

// Write implements net.Conn. It does not fail as long as a driver may want to say
// farewell: what could not be sent shows in the next Read, because there is no
// connection any more.
func (l *limited) Write(b []byte) (int, error) {
	_, err := l.Conn.Write(b)
	if err == nil {
		return len(b), nil
	}
	_ = l.lose(err)
	_ = l.Conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.farewells--; l.farewells < 0 {
		return 0, err
	}
	return len(b), nil
}

// Close implements net.Conn.
func (l *limited) Close() error {
	l.stop()
	return l.Conn.Close()
}

// fate is the first error that reading or writing came to, nil while there was none.
func (l *limited) fate() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

const (
	packetHead  = 8    // bytes of a TDS packet's header
	packetReply = 0x04 // the kind of packet in which a server answers
)

// isForeign says whether the server began with what no SQL Server begins its answer to
// an unencrypted client with.
func (l *limited) isForeign() bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.head) == 0 {
		return false
	}
	return l.head[0] != packetReply ||
		len(l.head) == packetHead && binary.BigEndian.Uint16(l.head[2:]) <= packetHead
}
