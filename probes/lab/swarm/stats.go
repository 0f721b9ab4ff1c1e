//go:build linux

package swarm

import (
	"net"
	"sync"
	"sync/atomic"

	"postpatch/probes/lab/wsman"
)

// Stats are what reached the hosts of a swarm so far.
type Stats struct {
	Hosts       int64 `json:"hosts"` // that were made: a host called again counts again
	Living      int   `json:"living"`
	Connections int64 `json:"connections"`
	Open        int64 `json:"open"`
	MostOpen    int64 `json:"most_open"` // at the same time
	Messages    int64 `json:"messages"`  // of WinRM
	Requests    int64 `json:"requests"`  // for web pages
	Datagrams   int64 `json:"datagrams"`
	Received    int64 `json:"received"` // bytes over TCP, from the client
	Sent        int64 `json:"sent"`
	Shells      int64 `json:"shells"`  // that were left behind
	Printed     int64 `json:"printed"` // bytes of commands' standard output
}

// counters count them.
type counters struct {
	hosts, connections, open, messages, requests, datagrams, received, sent, shells, printed atomic.Int64

	mu   sync.Mutex
	most int64
}

func (c *counters) opened() {
	c.connections.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most = max(c.most, c.open.Add(1))
}

func (c *counters) add(s wsman.Stats) {
	for _, n := range s.Messages {
		c.messages.Add(int64(n))
	}
	c.shells.Add(int64(s.Shells))
	c.printed.Add(int64(s.Printed))
}

// Stats returns what was counted; what a host counts that is still talked to comes
// later. MostOpen begins anew.
func (s *Swarm) Stats() Stats {
	c := &s.stats
	s.mu.Lock()
	living := len(s.hosts)
	s.mu.Unlock()
	c.mu.Lock()
	most := c.most
	c.most = c.open.Load()
	c.mu.Unlock()
	return Stats{
		Hosts: c.hosts.Load(), Living: living, Connections: c.connections.Load(), Open: c.open.Load(), MostOpen: most,
		Messages: c.messages.Load(), Requests: c.requests.Load(), Datagrams: c.datagrams.Load(),
		Received: c.received.Load(), Sent: c.sent.Load(), Shells: c.shells.Load(),
		Printed: c.printed.Load(),
	}
}

// counted is a listener whose connections and their bytes are counted.
type counted struct {
	net.Listener
	counters *counters
}

// Accept implements net.Listener.
func (c counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.counters.opened()
	return &countedConn{Conn: conn, counters: c.counters}, nil
}

type countedConn struct {
	net.Conn
	counters *counters
	host     *machine // that it leads to
	closed   atomic.Bool
}

// Read implements net.Conn.
func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.counters.received.Add(int64(n))
	return n, err
}

// Write implements net.Conn.
func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.counters.sent.Add(int64(n))
	return n, err
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.counters.open.Add(-1)
	}
	return c.Conn.Close()
}
