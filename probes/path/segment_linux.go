package path

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"postpatch/probes"
	"postpatch/probes/internal/reach"
)

// segment is how much data a host takes in a segment of TCP, by what it said of itself as
// the connection began.
func segment(ctx context.Context, t probes.Target, address string) (int, error) {
	var dialled net.Conn
	dial := t.Dial
	t.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		dialled = c
		return c, err
	}
	c, err := reach.Dial(ctx, t, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	socket, is := dialled.(syscall.Conn)
	if !is {
		return 0, fmt.Errorf("asking for the size of a segment: %w: the way there is none of TCP alone", probes.ErrNotTried)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	var info *unix.TCPInfo
	failed := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	if err := errors.Join(failed, err); err != nil {
		return 0, fmt.Errorf("asking for the size of a segment: %w", err)
	}
	const hasTimestamps, timestamps = 1, 12 // TCPI_OPT_TIMESTAMPS, and their bytes in each segment
	size := int(info.Snd_mss)
	if info.Options&hasTimestamps != 0 {
		size += timestamps
	}
	return size, nil
}
