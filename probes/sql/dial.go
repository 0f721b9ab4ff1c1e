package sql

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// maxAnswer is more than any instance has to say about its databases.
const maxAnswer = 32 << 20

// HostName tells the driver that names are looked up by the dialer.
func (d *door) HostName() string { return "" }

// DialContext implements the driver's Dialer. The connection ends with the
// check, because after it is made the driver waits for ever.
func (d *door) DialContext(_ context.Context, network, _ string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dialled {
		return nil, errors.New("connecting again: once is enough")
	}
	d.dialled = true
	start := time.Now()
	conn, err := d.dial(d.ctx, network, d.at)
	if err != nil {
		d.failed, d.waited = err, time.Since(start)
		return nil, err
	}
	stop := context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	return &limited{Conn: conn, stop: stop, left: maxAnswer}, nil
}

// limited is a connection that gives only so much and takes everything.
type limited struct {
	net.Conn
	stop func() bool
	left int
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("reading more than %d bytes", maxAnswer)
	}
	n, err := l.Conn.Read(b[:min(len(b), l.left)])
	l.left -= n
	return n, err
}

// Write implements net.Conn. It never fails: a driver that cannot send its
// farewell leaves the goroutine behind that still hands it rows. What could not
// be sent shows in the next Read, because there is no connection any more.
func (l *limited) Write(b []byte) (int, error) {
	if _, err := l.Conn.Write(b); err != nil {
		_ = l.Conn.Close()
	}
	return len(b), nil
}

// Close implements net.Conn.
func (l *limited) Close() error {
	l.stop()
	return l.Conn.Close()
}
