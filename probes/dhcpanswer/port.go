package dhcpanswer

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/internal/datagram"
)

// longest is how long a check keeps the port that others of the run wait for: a server
// looks by ping whether an address is free before it offers it.
const longest = 6 * time.Second

// turns are the ports to which servers answer. One check of a run has one at a time:
// were a port bound twice, the answers would come to either.
type turns struct{ client, server chan struct{} }

func newTurns() *turns { return &turns{make(chan struct{}, 1), make(chan struct{}, 1)} }

// own is a connection from a port for which others may wait.
type own struct {
	net.Conn

	turn <-chan struct{}
}

// Close implements net.Conn. It is called once.
func (c *own) Close() error {
	err := c.Conn.Close()
	<-c.turn
	return err
}

// bind connects from the port to which the server answers, when it is free.
func (p probe) bind(ctx context.Context, t probes.Target, from net.IP, to string) (net.Conn, error) {
	all := probes.Common(t.Shared, newTurns)
	port, turn := clientPort, all.client
	if p.discover {
		port, turn = serverPort, all.server
	}
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: the server answers to UDP port %d, by which others were asked all the time",
			probes.ErrNotTried, port)
	}
	t.Dial = (&net.Dialer{LocalAddr: &net.UDPAddr{IP: from, Port: port}}).DialContext
	conn, err := datagram.Dial(ctx, t, to)
	if err != nil {
		<-turn
		return nil, fmt.Errorf("%w: the server answers to UDP port %d of %s, which is not to be had here: %s",
			probes.ErrNotTried, port, from, strings.TrimPrefix(err.Error(), "connecting to "))
	}
	return &own{conn, turn}, nil
}
