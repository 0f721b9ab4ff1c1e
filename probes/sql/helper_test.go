package sql

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
)

func started() time.Time { return time.Date(2026, 11, 20, 3, 12, 44, 0, time.UTC) }

// healthy is a host with an instance at which all is well.
func healthy() estate.Host {
	return estate.Host{
		Name: "sql01.corp.test",
		SQL: &estate.SQL{
			User: "probe", Password: "Pr0be!", Version: "16.0.4165.4", Update: "CU16", KB: "KB5048033",
			Started:   started(),
			Databases: map[string]estate.Database{"Orders": {}, "Stock": {Recovery: "SIMPLE"}},
		},
	}
}

// changed is a healthy host but for one thing.
func changed(change func(*estate.SQL)) estate.Host {
	h := healthy()
	change(h.SQL)
	return h
}

// server is a running instance.
type server struct {
	address   string
	dialled   atomic.Int32
	simulator *tds.Server
}

func serve(t testing.TB, h estate.Host, cert *tls.Certificate) *server {
	t.Helper()
	return serveFunc(t, func() estate.Host { return h }, cert)
}

func serveFunc(t testing.TB, h func() estate.Host, cert *tls.Certificate) *server {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	simulator := tds.New(h, func(estate.TLS) (*tls.Certificate, error) { return cert, nil })
	served := make(chan error, 1)
	go func() { served <- simulator.Serve(listener) }()
	t.Cleanup(func() {
		_ = simulator.Close()
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return &server{address: listener.Addr().String(), simulator: simulator}
}

// target leads port 1433 of the host to the server.
func (s *server) target() probes.Target {
	return probes.Target{
		Host: "sql01.corp.test", Address: "sql01.corp.test", Accounts: &host.Accounts{},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			s.dialled.Add(1)
			routes := probes.Routes{"sql01.corp.test": {Ports: map[string]string{"tcp/1433": s.address}}}
			return routes.Dial(ctx, network, address)
		},
		Credential: func(string) (host.Credential, error) {
			return s.credential(host.SQLWay{Insecure: true}), nil
		},
	}
}

// at leads a port of the host to the server.
func (s *server) at(port int) func(ctx context.Context, network, address string) (net.Conn, error) {
	return probes.Routes{"sql01.corp.test": {Ports: map[string]string{fmt.Sprintf("tcp/%d", port): s.address}}}.Dial
}

// by is a target that the operator enters in a way.
func (s *server) by(way host.SQLWay) probes.Target {
	t := s.target()
	t.Credential = func(string) (host.Credential, error) { return s.credential(way), nil }
	return t
}

// encrypting is a target that the operator enters with an encryption, trusting one certificate.
func encrypting(t probes.Target, encrypt string, cert *tls.Certificate) probes.Target {
	way := host.SQLWay{Encrypt: encrypt}
	if encrypt != encryptDisable {
		way.Pin = pinOf(cert)
	}
	t.Credential = func(string) (host.Credential, error) { return (&server{}).credential(way), nil }
	return t
}

func (s *server) credential(way host.SQLWay) host.Credential {
	return host.Credential{User: "probe", Password: host.NewSecret("Pr0be!"), SQL: way}
}

// readings is what was observed, as "item name" to value.
func readings(observed []fact.Reading) map[string]string {
	m := map[string]string{}
	for _, r := range observed {
		if !slices.Contains([]string{"login_time", "round_trip", "answer_time", "query_time"}, r.Key.Name) {
			m[r.Key.Item+" "+r.Key.Name] = r.Value.String()
		}
	}
	return m
}

func build(t *testing.T, args map[string]any) probes.Probe {
	t.Helper()
	p, err := Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// leavesNone waits until nothing of the driver runs any more: what reads a
// closed connection needs a moment to notice.
func leavesNone(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for limit := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		running := stacks[:runtime.Stack(stacks, true)]
		if !bytes.Contains(running, []byte("go-mssqldb")) && !bytes.Contains(running, []byte("database/sql.")) {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("the driver still runs:\n%s", running)
		}
	}
}

// pinOf is what the operator trusts when that certificate alone.
func pinOf(cert *tls.Certificate) []byte {
	sum := sha256.Sum256(cert.Certificate[0])
	return sum[:]
}
