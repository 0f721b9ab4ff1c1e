// Package ssh is OpenSSH's server as Windows and Linux have it: it takes no variables of
// its clients, has no more than one command run at a time, and counts what is tried.
package ssh

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

// Server answers for one host.
type Server struct {
	*conns.Group
	host  func() estate.Host
	key   xssh.Signer
	certs func(estate.TLS) (*tls.Certificate, error)
}

// New makes a server with a host key.
func New(host func() estate.Host, key xssh.Signer, certs func(estate.TLS) (*tls.Certificate, error)) *Server {
	return &Server{conns.New(), host, key, certs}
}

const (
	graceTime   = 2 * time.Minute // LoginGraceTime
	mostTries   = 6               // MaxAuthTries
	mostInput   = 1 << 20         // bytes that a command is fed
	mostPackets = 100             // requests of a session
)

var errRefused = errors.New("permission denied")

// Serve implements the lab's server.
func (s *Server) Serve(ln net.Listener) error {
	return s.Group.Serve(ln, func(ctx context.Context, conn net.Conn) {
		h := s.host()
		switch {
		case h.SSH == nil || h.SSH.Fault == estate.Drop:
		case h.SSH.Fault == estate.Silent:
			conns.Mute(conn)
		case h.SSH.Fault == estate.Error:
			_, _ = io.WriteString(conn, "Exceeded MaxStartups\r\n")
		case h.SSH.Fault != "":
			_, _ = io.WriteString(conn, "220 this is another server\r\n")
			conns.Mute(conn)
		default:
			s.serve(ctx, conn, h)
		}
	})
}

func (s *Server) serve(ctx context.Context, conn net.Conn, h estate.Host) {
	_ = conn.SetDeadline(time.Now().Add(graceTime))
	server, channels, requests, err := xssh.NewServerConn(conn, s.config(h))
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	s.Go(func(context.Context) {
		for r := range requests { // keepalive@openssh.com among them
			if r.WantReply {
				_ = r.Reply(false, nil)
			}
		}
	})
	for c := range channels {
		if c.ChannelType() != "session" {
			_ = c.Reject(xssh.UnknownChannelType, "unknown channel type")
			continue
		}
		channel, asked, err := c.Accept()
		if err != nil {
			break
		}
		s.session(ctx, channel, asked, h)
	}
	_ = server.Close()
}

// config lets in the host's one user.
func (s *Server) config(h estate.Host) *xssh.ServerConfig {
	user, password := h.SSH.User, h.SSH.Password
	if user == "" {
		user = "lab"
	}
	if password == "" {
		password = "lab"
	}
	isRight := func(c xssh.ConnMetadata, given string) bool {
		return c.User() == user && subtle.ConstantTimeCompare([]byte(given), []byte(password)) == 1
	}
	config := &xssh.ServerConfig{MaxAuthTries: mostTries, ServerVersion: "SSH-2.0-" + version(h)}
	config.AddHostKey(s.key)
	config.PublicKeyCallback = func(c xssh.ConnMetadata, key xssh.PublicKey) (*xssh.Permissions, error) {
		known := slices.ContainsFunc(h.SSH.Keys, func(line string) bool {
			one, _, _, _, err := xssh.ParseAuthorizedKey([]byte(line))
			return err == nil && string(one.Marshal()) == string(key.Marshal())
		})
		if c.User() != user || !known {
			return nil, errRefused
		}
		return nil, nil //nolint:nilnil // the library's way to say that there is nothing to permit
	}
	if h.SSH.Interactive {
		config.KeyboardInteractiveCallback = func(
			c xssh.ConnMetadata, ask xssh.KeyboardInteractiveChallenge,
		) (*xssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 || !isRight(c, answers[0]) {
				return nil, errRefused
			}
			return nil, nil //nolint:nilnil // as above
		}
		return config
	}
	config.PasswordCallback = func(c xssh.ConnMetadata, given []byte) (*xssh.Permissions, error) {
		if !isRight(c, string(given)) {
			return nil, errRefused
		}
		return nil, nil //nolint:nilnil // as above
	}
	return config
}

func version(h estate.Host) string {
	switch {
	case h.SSH.Version != "":
		return h.SSH.Version
	case h.Linux != nil:
		return "OpenSSH_10.0p2 Debian-7"
	default:
		return "OpenSSH_for_Windows_9.5"
	}
}

// session carries out one command; it gives nobody a shell, a terminal or a subsystem, and
// takes no variable.
func (s *Server) session(ctx context.Context, channel xssh.Channel, asked <-chan *xssh.Request, h estate.Host) {
	defer func() { _ = channel.Close() }()
	count := 0
	for r := range asked {
		var command struct{ Line string }
		is := r.Type == "exec" && xssh.Unmarshal(r.Payload, &command) == nil
		if r.WantReply {
			_ = r.Reply(is, nil)
		}
		if count++; count > mostPackets {
			return
		}
		if !is {
			continue
		}
		input, err := io.ReadAll(io.LimitReader(channel, mostInput))
		if err != nil || !conns.Wait(ctx, h.Think) {
			return
		}
		ran := s.run(h, command.Line, string(input))
		if !conns.Wait(ctx, ran.Thought) {
			return
		}
		_, _ = channel.Write(ran.Stdout)
		_, _ = channel.Stderr().Write(ran.Stderr)
		_ = channel.CloseWrite()
		status := struct{ Code uint32 }{uint32(ran.Exit)} //nolint:gosec // as a process has it
		_, _ = channel.SendRequest("exit-status", false, xssh.Marshal(&status))
		return
	}
}

func (s *Server) run(h estate.Host, line, input string) wsman.Ran {
	if h.Linux == nil {
		return wsman.Run(h, s.certs, line, input)
	}
	if line != "sh" {
		return wsman.Ran{Stderr: []byte("bash: line 1: " + line + ": command not found\n"), Exit: 127}
	}
	return shell(h, input)
}
