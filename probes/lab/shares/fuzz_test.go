package shares_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/shares"
)

// FuzzServer says anything to the server: it ends the conversation, and nothing else.
func FuzzServer(f *testing.F) {
	f.Add([]byte("\xfeSMB\x40\x00"))
	f.Add(append([]byte("\xfeSMB\x40\x00"), make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, message []byte) {
		s := shares.New(func() estate.Host {
			return estate.Host{Name: "fs01", SMB: &estate.SMB{Shares: map[string]map[string]string{"a": nil}}}
		})
		client, server := net.Pipe()
		ln := &one{conn: server, end: make(chan struct{})}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = s.Serve(ln)
		}()
		_ = client.SetDeadline(time.Now().Add(time.Minute))
		go func() {
			_, _ = client.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...))
			_ = client.Close()
		}()
		_, _ = io.Copy(io.Discard, client)
		_ = s.Close()
		<-served
	})
}

// one is a listener for one connection.
type one struct {
	conn net.Conn
	end  chan struct{}
}

func (o *one) Accept() (net.Conn, error) {
	if conn := o.conn; conn != nil {
		o.conn = nil
		return conn, nil
	}
	<-o.end
	return nil, net.ErrClosed
}

func (o *one) Close() error {
	select {
	case <-o.end:
	default:
		close(o.end)
	}
	return nil
}

func (o *one) Addr() net.Addr { return &net.TCPAddr{} }
