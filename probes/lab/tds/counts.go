package tds

import (
	"net"
	"sync/atomic"
)

// Counts are what a server has had to do since it was made.
type Counts struct {
	Connections int64
	Logins      int64 // let in or not
	Batches     int64 // and calls
	Columns     int64 // of all results
	Received    int64 // bytes, as they are on the wire
	Sent        int64
}

type counters struct{ connections, logins, batches, columns, received, sent atomic.Int64 }

// Counts tells what the server has had to do so far.
func (s *Server) Counts() Counts {
	c := &s.counters
	return Counts{
		Connections: c.connections.Load(), Logins: c.logins.Load(), Batches: c.batches.Load(),
		Columns: c.columns.Load(), Received: c.received.Load(), Sent: c.sent.Load(),
	}
}

// countedConn counts bytes.
type countedConn struct {
	net.Conn
	counters *counters
}

func (c countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.counters.received.Add(int64(n))
	return n, err
}

func (c countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.counters.sent.Add(int64(n))
	return n, err
}
