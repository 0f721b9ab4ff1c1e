package mail

import (
	"bytes"
	"context"
	"net"
	"time"

	"postpatch/probes/lab/estate"
)

// Talk is what the server says to a client that says all it has at once.
func Talk(h estate.Host, said []byte) string {
	var heard bytes.Buffer
	conn := &oneWay{said: bytes.NewReader(said), heard: &heard}
	New(nil, nil).newSession(context.Background(), conn, h).run()
	return heard.String()
}

// TalkPOP3 is what the POP3 server says likewise; its mailbox has one message.
func TalkPOP3(h estate.Host, said []byte) string {
	var heard bytes.Buffer
	conn := &oneWay{said: bytes.NewReader(said), heard: &heard}
	store := NewStore()
	store.Deliver("probe@corp.test", []byte("Subject: x\r\n\r\n.a\r\nb\r\n"), time.Now())
	v := &visit{ctx: context.Background(), conn: conn, host: h, post: *h.Mail.POP3, store: store}
	v.pop3()
	return heard.String()
}

type oneWay struct {
	net.Conn
	said  *bytes.Reader
	heard *bytes.Buffer
}

func (c *oneWay) Read(p []byte) (int, error)  { return c.said.Read(p) }
func (c *oneWay) Write(p []byte) (int, error) { return c.heard.Write(p) }
func (*oneWay) SetDeadline(time.Time) error   { return nil }
func (*oneWay) RemoteAddr() net.Addr          { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
