// Package conns holds the open connections of a simulated server and ends them
// all together.
package conns

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Group is a server's listeners, connections and the goroutines that handle
// them. New makes one.
type Group struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	open   map[io.Closer]struct{}
	work   sync.WaitGroup
}

// New makes an open group.
func New() *Group {
	ctx, cancel := context.WithCancel(context.Background())
	return &Group{ctx: ctx, cancel: cancel, open: map[io.Closer]struct{}{}}
}

// Context is done when the group is closed.
func (g *Group) Context() context.Context { return g.ctx }

// Serve accepts connections and runs handle for each of them, until Close. The
// connection is closed when handle returns.
func (g *Group) Serve(ln net.Listener, handle func(context.Context, net.Conn)) error {
	if !g.Keep(ln) {
		return nil
	}
	defer g.Release(ln)
	for {
		conn, err := ln.Accept()
		if g.ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting on %s: %w", ln.Addr(), err)
		}
		if !g.Keep(conn) {
			return nil
		}
		g.Go(func(ctx context.Context) {
			defer g.Release(conn)
			handle(ctx, conn)
		})
	}
}

// Go runs f, for which Close waits. It does nothing once the group is closed.
func (g *Group) Go(f func(context.Context)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.work.Go(func() { f(g.ctx) })
	}
}

// Keep makes Close close c. It reports false, and closes c, when the group is
// closed already.
func (g *Group) Keep(c io.Closer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		_ = c.Close()
		return false
	}
	g.open[c] = struct{}{}
	return true
}

// Release closes c and forgets it.
func (g *Group) Release(c io.Closer) {
	g.mu.Lock()
	delete(g.open, c)
	g.mu.Unlock()
	_ = c.Close()
}

// Close closes all that is kept and waits for all handlers to end. A second
// Close does nothing more.
func (g *Group) Close() error {
	g.mu.Lock()
	g.closed = true
	g.cancel()
	for c := range g.open {
		_ = c.Close()
	}
	clear(g.open)
	g.mu.Unlock()
	g.work.Wait()
	return nil
}

// Wait lasts d, the time a host takes to think. It reports false when ctx ended
// first.
func Wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Mute says nothing to whatever the client sends, until the client or the
// server closes the connection.
func Mute(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// Endless writes the same chunk again and again until ctx or the connection
// ends, a little slower than the line allows: an endless answer shall cost the
// client, not the machine.
func Endless(ctx context.Context, w io.Writer, chunk []byte) {
	for Wait(ctx, time.Millisecond) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// Noise is an answer of n bytes that no protocol knows: the same every time, with
// control characters and invalid UTF-8 in it.
func Noise(n int) []byte {
	noise := make([]byte, n)
	state := uint32(0x9E3779B9)
	for i := range noise {
		state = state*1664525 + 1013904223
		noise[i] = byte(state >> 24)
	}
	return noise
}
