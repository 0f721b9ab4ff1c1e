package winrm

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math"
	"math/big"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/kerberos"
	"postpatch/probes/lab/wsman"
)

// brake is a host that can be made to think for a minute over each answer, and
// a client's connections that pull it at a chosen write.
type brake struct {
	slow   atomic.Bool
	writes atomic.Int64
	at     int64 // the write after which the client gives up; 0 for none
	cancel context.CancelFunc
}

func (b *brake) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &braked{conn, b}, err
}

type braked struct {
	net.Conn
	brake *brake
}

func (c *braked) Write(p []byte) (int, error) {
	now := c.brake.writes.Add(1) == c.brake.at
	if now {
		c.brake.slow.Store(true)
	}
	n, err := c.Conn.Write(p)
	if now {
		c.brake.cancel()
	}
	return n, err
}

// braking starts a lab's listener and its KDC, which the brake slows down.
func braking(tb testing.TB, b *brake, useTLS bool) (*wsman.Server, Options) {
	tb.Helper()
	h := jea()
	h.WinRM.TLS, h.WinRM.HTTP, h.WinRM.Plain = useTLS, !useTLS, false
	certificate := selfSigned(tb, h.Name)
	server := wsman.New(func() estate.Host {
		h := h
		if b.slow.Load() {
			h.Think = time.Minute
		}
		return h
	}, func(estate.TLS) (*tls.Certificate, error) { return certificate, nil })
	kdc, err := kerberos.NewKDC(kerberos.Options{Realm: "CORP.TEST"},
		kerberos.Account{Name: "probe", Password: host.NewSecret("p")},
		kerberos.Account{Name: "EX01$", Password: host.NewSecret("m"), SPNs: []string{"HTTP/" + h.Name}})
	if err != nil {
		tb.Fatal(err)
	}
	service, err := kerberos.NewService(kdc.Keytab("HTTP/"+h.Name), kerberos.Relaxed, nil)
	if err != nil {
		tb.Fatal(err)
	}
	server.Kerberos = func(bindings []byte) wsman.Acceptor { return service.Acceptor(bindings) }
	serve := server.Serve
	if useTLS {
		serve = server.ServeTLS
	}
	address := serving(tb, serve, server.Close)
	return server, Options{
		Host: h.Name, Address: "127.0.0.1", Port: address.Port, TLS: useTLS, Insecure: true, Dial: b.dial,
		Krb5Conf:   kdc.Config(serving(tb, kdc.Serve, kdc.Close).String()),
		Credential: host.Credential{User: "probe@corp.test", Password: host.NewSecret("p")},
	}
}

// serving runs a server until the test ends.
// Its listener is closed with it.
func serving(tb testing.TB, serve func(net.Listener) error, stop func() error) *net.TCPAddr {
	tb.Helper()
	ln, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = serve(ln)
	}()
	tb.Cleanup(func() {
		_ = stop()
		_ = ln.Close()
		<-ended
	})
	address, _ := ln.Addr().(*net.TCPAddr)
	return address
}

func selfSigned(tb testing.TB, name string) *tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// settled waits until nothing more runs or is open than before.
func settled(t *testing.T, before int, open func() int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for ; open() > 0 || runtime.NumGoroutine() > before; runtime.Gosched() {
		if ctx.Err() != nil {
			t.Fatalf("%d goroutines, %d before; %d connections", runtime.NumGoroutine(), before, open())
		}
	}
}

// TestCancellingAtEveryStep gives up after each write in turn, while the host
// thinks over its answer: Ask returns, and with Close nothing is left here or
// there.
func TestCancellingAtEveryStep(t *testing.T) {
	for name, c := range map[string]struct {
		auth string
		tls  bool
		ask  []host.Question
	}{
		"Kerberos":         {Kerberos, false, []host.Question{services(), build()}},
		"Kerberos in TLS":  {Kerberos, true, []host.Question{services(), system()}},
		"NTLM":             {NTLM, false, []host.Question{services(), build()}},
		"NTLM, by queries": {NTLM, false, []host.Question{services(), system()}},
		"NTLM, by command": {NTLM, false, []host.Question{command("Test-Health"), command("Get-Half")}},
		"Basic in TLS":     {Basic, true, []host.Question{services(), build()}},
		"what can be had":  {Negotiate, false, []host.Question{services()}},
	} {
		t.Run(name, func(t *testing.T) {
			b := &brake{}
			server, o := braking(t, b, c.tls)
			if o.Auth = c.auth; c.auth == Basic || c.auth == NTLM {
				o.Credential.User = "probe"
			}
			before := runtime.NumGoroutine()
			step, reached := int64(0), true
			for reached {
				step++
				ctx, cancel := context.WithCancel(t.Context())
				b.writes.Store(0)
				b.at, b.cancel = step, cancel
				s, err := Open(ctx, o)
				if err != nil {
					t.Fatal(err)
				}
				_, err = s.Ask(ctx, c.ask)
				reached = ctx.Err() != nil
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("step %d: %v, want it cancelled", step, err)
				}
				// What the host has not begun by now, it will not do any more.
				if err != nil {
					settled(t, math.MaxInt, func() int { return server.Stats().Open })
				}
				b.slow.Store(false)
				b.at = 0
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
				cancel()
				if stats := server.Stats(); stats.Shells != 0 || stats.Pools != 0 {
					t.Errorf("step %d: %d shells and %d pools are left: %v", step, stats.Shells, stats.Pools, stats.Messages)
				}
			}
			if step < 4 {
				t.Errorf("all was done in %d writes", step-1)
			}
			settled(t, before, func() int { return server.Stats().Open })
		})
	}
}

// BenchmarkCancel measures how long Ask takes to return once it is cancelled,
// while it waits for each of those who may keep it waiting.
func BenchmarkCancel(b *testing.B) {
	mute := serving(b, keep, func() error { return nil })
	for name, c := range map[string]struct {
		at     int64 // the write after which it is cancelled
		change func(*Options, *brake)
	}{
		"a connection": {0, func(o *Options, k *brake) {
			o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				go k.cancel()
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}},
		"a TLS handshake": {1, func(o *Options, _ *brake) { o.TLS, o.Port, o.Auth = true, mute.Port, Basic }},
		"a KDC": {1, func(o *Options, _ *brake) {
			o.Auth, o.Krb5Conf = Kerberos, strings.ReplaceAll(o.Krb5Conf, " kdc = ", " kdc = "+mute.String()+" #")
		}},
		"a logon": {1, func(o *Options, _ *brake) { o.Port = mute.Port }},
		"a reply": {2, func(*Options, *brake) {}},
	} {
		b.Run(name, func(b *testing.B) {
			k := &brake{}
			_, o := braking(b, k, false)
			o.Auth, o.Credential.User = NTLM, "probe@corp.test"
			if name == "a reply" {
				o.Credential.User = "probe"
			}
			c.change(&o, k)
			var worst, total time.Duration
			for b.Loop() {
				ctx, cancel := context.WithCancel(b.Context())
				var at atomic.Pointer[time.Time]
				k.writes.Store(0)
				k.at, k.cancel = c.at, func() { now := time.Now(); at.Store(&now); cancel() }
				s, err := Open(ctx, o)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s.Ask(ctx, []host.Question{services()}); !errors.Is(err, context.Canceled) {
					b.Fatal(err)
				}
				took := time.Since(*at.Load())
				worst, total = max(worst, took), total+took
				k.slow.Store(false)
				k.at = 0
				s.left = nil // what a mute host would be told takes its own time
				_ = s.Close(b.Context())
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
			b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), "mean-ms")
		})
	}
}

// keep takes connections, and says nothing on them.
func keep(ln net.Listener) error {
	var held []net.Conn
	defer func() {
		for _, conn := range held {
			_ = conn.Close()
		}
	}()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		held = append(held, conn)
	}
}

// A host that takes the connection and says nothing is not asked to tidy up: whoever
// waits for it has waited long enough.
func TestAMuteHostIsLeftAtOnce(t *testing.T) {
	var config net.ListenConfig
	ln, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var connections atomic.Int32
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			all.Go(func() {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			})
		}
	})
	defer all.Wait()
	defer func() { _ = ln.Close() }()
	s, err := Open(t.Context(), Options{
		Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, AllowPlain: true,
		Credential: host.Credential{User: "probe", Password: host.NewSecret("pw")},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Ask(ctx, []host.Question{host.Collector{Name: "servicekeys"}}); !errors.Is(err, host.ErrNoAnswer) {
		t.Errorf("%v: want no answer", err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections: want the one of the question", n)
	}
}
