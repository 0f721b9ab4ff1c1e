package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"time"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Post shows the mailboxes of a host on one port of IMAP or POP3. NewPost makes one.
type Post struct {
	host  func() estate.Host
	certs func(estate.TLS) (*tls.Certificate, error)
	port  int
	store *Store
	group *conns.Group
}

// NewPost returns a server that answers as host() says at the time of each
// connection: IMAP at 143 and 993, POP3 at 110 and 995; at 993 and 995 TLS begins at
// once.
func NewPost(
	host func() estate.Host, certs func(estate.TLS) (*tls.Certificate, error), port int, store *Store,
) *Post {
	return &Post{host: host, certs: certs, port: port, store: store, group: conns.New()}
}

// Serve answers until Close.
func (p *Post) Serve(ln net.Listener) error { return p.group.Serve(ln, p.serveConn) }

// Close ends all connections and goroutines.
func (p *Post) Close() error { return p.group.Close() }

// visit is one connection.
type visit struct {
	ctx    context.Context
	conn   net.Conn
	host   estate.Host
	post   estate.Post
	store  *Store
	config *tls.Config // for STARTTLS; nil where there is none, or TLS is there
	secure bool
}

func (p *Post) serveConn(ctx context.Context, conn net.Conn) {
	h := p.host()
	isIMAP := p.port == 143 || p.port == 993
	if h.Mail == nil || h.Power == "off" {
		return
	}
	post := h.Mail.POP3
	if isIMAP {
		post = h.Mail.IMAP
	}
	if post == nil || misbehaves(ctx, conn, post.Fault, h.Think) {
		return
	}
	v := visit{ctx: ctx, conn: conn, host: h, post: *post, store: p.store}
	config, err := p.config(h)
	if err != nil {
		return
	}
	if p.port == 993 || p.port == 995 {
		secured := tls.Server(conn, config)
		if secured.HandshakeContext(ctx) != nil {
			return
		}
		v.conn, v.secure = secured, true
		defer func() { _ = secured.Close() }()
	} else if post.StartTLS != "absent" {
		v.config = config
	}
	switch {
	case v.config != nil && post.StartTLS != "":
		v.stripped(isIMAP)
	case isIMAP:
		v.imap()
	default:
		v.pop3()
	}
}

// misbehaves is how a server does that is not one, and says whether it was.
func misbehaves(ctx context.Context, conn net.Conn, fault estate.Fault, think time.Duration) bool {
	switch fault {
	case estate.Drop, estate.Refuse:
		return true
	case estate.Silent:
		conns.Mute(conn)
		return true
	case estate.Garbage:
		_, _ = conn.Write(conns.Noise(512))
		return true
	default: // the other faults come once the host has thought
	}
	if !conns.Wait(ctx, think) {
		return true
	}
	if fault == estate.Endless {
		conns.Endless(ctx, conn, []byte(strings.Repeat("* OK one moment\r\n", 40)))
		return true
	}
	return false
}

func (p *Post) config(h estate.Host) (*tls.Config, error) {
	want := estate.TLS{}
	if h.Mail.TLS != nil {
		want = *h.Mail.TLS
	}
	if len(want.Names) == 0 {
		want.Names = []string{h.Name}
	}
	cert, err := p.certs(want)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}, nil
}

// greeting is the first line of a server: the estate's own, or the common one.
func (v *visit) greeting(common string) string {
	switch {
	case v.post.Fault == estate.Error && strings.HasPrefix(common, "*"):
		return "* BYE Server shutting down."
	case v.post.Fault == estate.Error:
		return "-ERR Server shutting down."
	case v.post.Greeting != "":
		return v.post.Greeting
	default:
		return common
	}
}

// open says whether a session follows a greeting.
func open(greeting string) bool {
	return !strings.HasPrefix(greeting, "* BYE") && !strings.HasPrefix(greeting, "-ERR")
}

// takes says whether a password is the mailbox' own.
func (v *visit) takes(user, password string) bool { return takes(v.host, user, password) }

func takes(h estate.Host, user, password string) bool {
	if h.Mail == nil {
		return false
	}
	for name, own := range h.Mail.Users {
		if strings.EqualFold(name, user) {
			return own == password
		}
	}
	return false
}

// stripped is a server that offers TLS and does not come to it: it refuses, or
// somebody on the way has said something ahead of it.
func (v *visit) stripped(isIMAP bool) {
	in := bufio.NewReaderSize(v.conn, maxLine)
	say := func(lines ...string) bool {
		_, err := io.WriteString(v.conn, strings.Join(lines, "\r\n")+"\r\n")
		return err == nil
	}
	greeting := v.greeting(popGreeting)
	if isIMAP {
		greeting = v.greeting(imapGreeting)
	}
	if !say(greeting) {
		return
	}
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		tag, command, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		ok, no := tag+" OK done", tag+" NO TLS is not available"
		capabilities := "* CAPABILITY IMAP4 IMAP4rev1 LOGINDISABLED STARTTLS"
		if !isIMAP {
			ok, no, command, capabilities = "+OK done", "-ERR TLS is not available", tag, ""
		}
		switch verb := strings.ToUpper(command); {
		case verb == "CAPABILITY":
			say(capabilities, ok)
		case verb == "CAPA":
			say(ok, "STLS", "UIDL", ".")
		case (verb == "STARTTLS" || verb == "STLS") && v.post.StartTLS == "injected":
			say(ok, ok)
			secured := tls.Server(v.conn, v.config)
			_ = secured.HandshakeContext(v.ctx)
			return
		case verb == "STARTTLS" || verb == "STLS":
			say(no)
		case verb == "LOGOUT" || verb == "QUIT":
			say(ok)
			return
		default:
			say(no)
		}
	}
}
