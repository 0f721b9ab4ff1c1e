package conns_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"postpatch/probes/lab/conns"
)

// TestCloseEndsAll closes a group whose handlers would stay for ever: one reads,
// one waits.
func TestCloseEndsAll(t *testing.T) {
	group := conns.New()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served, handled, waits := make(chan error, 1), make(chan struct{}), make(chan bool, 2)
	waits <- true
	waits <- false
	go func() {
		served <- group.Serve(ln, func(ctx context.Context, conn net.Conn) {
			handled <- struct{}{}
			if <-waits {
				<-ctx.Done()
			} else {
				conns.Mute(conn)
			}
		})
	}()
	var clients []net.Conn
	for range 2 {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, conn)
		<-handled
	}
	for range 2 {
		if err := group.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-served; err != nil {
		t.Errorf("serving: %v", err)
	}
	for i, conn := range clients {
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("client %d: %v", i, err)
		}
		_ = conn.Close()
	}
	group.Go(func(context.Context) { t.Error("ran after Close") })
	if err := group.Serve(ln, nil); err != nil {
		t.Errorf("serving after Close: %v", err)
	}
}

func TestServeTellsWhenItsListenerFails(t *testing.T) {
	group := conns.New()
	defer func() { _ = group.Close() }()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	if err := group.Serve(ln, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		if !conns.Wait(ctx, 0) || time.Since(begun) != 0 {
			t.Error("no time to think took time")
		}
		if !conns.Wait(ctx, 10*time.Second) || time.Since(begun) != 10*time.Second {
			t.Errorf("10 s took %s", time.Since(begun))
		}
		if conns.Wait(ctx, time.Hour) || time.Since(begun) != time.Minute {
			t.Errorf("the context ended after %s", time.Since(begun))
		}
		if conns.Wait(ctx, 0) {
			t.Error("went on after the end")
		}
	})
}

func TestEndlessEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var out bytes.Buffer
		conns.Endless(ctx, &out, []byte("x"))
		if n := out.Len(); n < 900 || n > 1000 {
			t.Errorf("wrote %d bytes in a second", n)
		}
	})
}

func TestNoiseIsNoText(t *testing.T) {
	noise := conns.Noise(512)
	if utf8.Valid(noise) || !bytes.Equal(noise, conns.Noise(512)) || bytes.IndexByte(noise, 0) < 0 {
		t.Errorf("got %q", noise)
	}
}
