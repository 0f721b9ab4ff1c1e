package tds_test

import (
	"bytes"
	"net"
	"testing"
	"time"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
)

// TestBrowser holds what is answered to which datagram, and what to none.
// Source: Microsoft, "[MC-SQLR]: SQL Server Resolution Protocol".
func TestBrowser(t *testing.T) {
	h := healthy()
	h.Instances = map[string]estate.SQL{
		"SHOP":   {Version: "16.0.4165.4", Port: 49172, Server: estate.SQLServer{Clustered: true}},
		"HIDDEN": {Version: "16.0.4165.4", Hidden: true},
		"PIPES":  {Version: "15.0.4430.1", NoTCP: true},
	}
	const (
		main  = "ServerName;SQL01;InstanceName;MSSQLSERVER;IsClustered;No;Version;16.0.4165.4;tcp;1433;;"
		shop  = "ServerName;SQL01;InstanceName;SHOP;IsClustered;Yes;Version;16.0.4165.4;tcp;49172;;"
		pipes = `ServerName;SQL01;InstanceName;PIPES;IsClustered;No;Version;15.0.4430.1;` +
			`np;\\SQL01\pipe\MSSQL$PIPES\sql\query;;`
	)
	pc, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := tds.NewBrowser(func() estate.Host { return h })
	served := make(chan error, 1)
	go func() { served <- b.ServePacket(pc) }()
	t.Cleanup(func() {
		_ = b.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	conn, err := new(net.Dialer).DialContext(t.Context(), "udp", pc.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// Nothing comes back to what is no question, so that the next answer is of the list.
	for question, want := range map[string]string{
		"\x04SHOP\x00": shop, "\x04shop\x00": shop, "\x04MSSQLSERVER\x00": main, "\x04PIPES\x00": pipes, "\x03": main + pipes + shop,
		"\x04HIDDEN\x00": "", "\x04NOWHERE\x00": "", "\x04SHOP": "", "\x04\x00": "", "": "", "\x03\x03": "", "\x02": "",
		"\x04SHOP\x00more": "", "\x04" + string(bytes.Repeat([]byte("A"), 33)) + "\x00": "",
	} {
		asked := []string{question}
		if want == "" {
			asked, want = append(asked, "\x03"), main+pipes+shop
		}
		for _, q := range asked {
			if _, err := conn.Write([]byte(q)); err != nil {
				t.Fatal(err)
			}
		}
		got := make([]byte, 4096)
		n, err := conn.Read(got)
		if err != nil {
			t.Fatalf("%q: %v", question, err)
		}
		header := []byte{5, byte(len(want)), byte(len(want) >> 8)}
		if !bytes.Equal(got[:min(n, 3)], header) || string(got[min(n, 3):n]) != want {
			t.Errorf("%q: got %q, want %q", question, got[:n], want)
		}
	}
}
