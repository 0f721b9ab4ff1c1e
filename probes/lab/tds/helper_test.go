package tds_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
)

// started is when the simulated instance was started.
func started() time.Time { return time.Date(2026, 11, 20, 3, 12, 44, 0, time.UTC) }

// healthy is a host with an instance at which all is well.
func healthy() estate.Host {
	return estate.Host{
		Name: "sql01.corp.test",
		OS:   estate.OS{Caption: "Windows Server 2022 Standard", Build: 20348},
		SQL: &estate.SQL{
			User: "probe", Password: "Pr0be!Pässwörd", Version: "16.0.4165.4", Update: "CU16", KB: "KB5048033",
			Started: started(),
			Databases: map[string]estate.Database{
				"Orders": {Recovery: "FULL"}, "Archive": {State: "OFFLINE"}, "Stock": {State: "RECOVERY_PENDING"},
			},
		},
	}
}

// lab is a running server whose host a test may change.
type lab struct {
	address string
	pem     string // the file of the certificate
	mu      sync.Mutex
	host    estate.Host
	onAsk   func() // called, once, when the server next looks at the host
}

func (l *lab) get() estate.Host {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.onAsk != nil {
		l.onAsk()
		l.onAsk = nil
	}
	return l.host
}

func (l *lab) set(h estate.Host) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.host = h
}

// whenAsked calls f when the server looks at the host to answer a request.
func (l *lab) whenAsked(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onAsk = f
}

// serve starts a server, which ends with the test.
func serve(t testing.TB, h estate.Host) *lab {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cert := selfSigned(t)
	l := &lab{address: listener.Addr().String(), host: h, pem: filepath.Join(t.TempDir(), "server.pem")}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	if err := os.WriteFile(l.pem, block, 0o600); err != nil {
		t.Fatal(err)
	}
	server := tds.New(l.get, func(estate.TLS) (*tls.Certificate, error) { return cert, nil })
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return l
}

func selfSigned(t testing.TB) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sql01.corp.test"},
		DNSNames: []string{"sql01.corp.test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// rowsOf reads all rows, each as its cells with spaces between them; times
// are in the layout.
func rowsOf(t *testing.T, rows *sql.Rows, layout string) ([]string, error) {
	t.Helper()
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		cells, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, cell := range cells {
			if at, isTime := cell.(time.Time); isTime {
				cell = at.Format(layout)
			}
			words = append(words, fmt.Sprint(cell))
		}
		all = append(all, strings.Join(words, " "))
	}
	return all, rows.Err()
}
