package web

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"postpatch/probes/lab/estate"
)

// Visit is a request from a host to its own web server, whichever port that is
// behind.
type Visit struct {
	Host  estate.Host
	Certs func(estate.TLS) (*tls.Certificate, error)
	Port  int
	Name  string // for TLS; empty presents none
	HTTP2 bool   // whether it is offered
}

// Errors of a visit, beside those of a connection that the server ended.
var (
	ErrRefused = errors.New("nothing listens at the port")
	ErrSilent  = errors.New("the server says nothing")
	ErrTLS     = errors.New("no TLS session came about")
)

// Head is an answer without its body.
type Head struct {
	Status      int
	Protocol    string // "HTTP/1.1", "HTTP/2"
	Header      http.Header
	Certificate []byte // the leaf; nil without TLS
}

// Get returns the head of the answer to r, whose URL says whether there is TLS.
func (v Visit) Get(ctx context.Context, r *http.Request) (*Head, error) {
	v.Host.Think = 0 // whoever visits on the host's behalf has taken the time
	s := New(func() estate.Host { return v.Host }, v.Certs, v.Port)
	s.powerShell = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Negotiate")
		write(w, http.StatusUnauthorized, "")
	})
	seen := s.view()
	switch fault := seen.connFault(); {
	case seen.site == nil && seen.exchange == nil && !seen.powerShell, fault == estate.Refuse:
		return nil, ErrRefused
	case fault == estate.Silent, seen.requestFault(r.URL.Path) == estate.Silent:
		return nil, ErrSilent
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(ln) // until Close
	}()
	defer func() {
		_ = s.Close()
		_ = ln.Close() // which Serve may never have seen
		<-served
	}()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	answer, err := v.ask(ctx, c, r)
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close()
	head := &Head{Status: answer.StatusCode, Protocol: answer.Proto, Header: answer.Header}
	if answer.ProtoMajor == 2 {
		head.Protocol = "HTTP/2"
	}
	if answer.TLS != nil {
		head.Certificate = answer.TLS.PeerCertificates[0].Raw
	}
	return head, nil
}

func (v Visit) ask(ctx context.Context, c net.Conn, r *http.Request) (*http.Response, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	var state *tls.ConnectionState
	if r.URL.Scheme == "https" {
		config := &tls.Config{ServerName: v.Name, InsecureSkipVerify: true}
		if v.HTTP2 {
			config.NextProtos = protocols()
		}
		secured := tls.Client(c, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(ErrTLS, err)
		}
		negotiated := secured.ConnectionState()
		c, state = secured, &negotiated
		if negotiated.NegotiatedProtocol == "h2" {
			return ask2(ctx, secured, r)
		}
	}
	r.Close = true
	_ = r.Write(c) // a server that has closed already may have said something
	answer, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		return nil, err
	}
	answer.TLS = state
	return answer, nil
}

func ask2(ctx context.Context, c net.Conn, r *http.Request) (*http.Response, error) {
	transport := &http.Transport{
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return c, nil },
		Protocols:      new(http.Protocols),
	}
	transport.Protocols.SetHTTP2(true)
	connection, err := transport.NewClientConn(ctx, "https", c.RemoteAddr().String())
	if err != nil {
		return nil, err
	}
	return connection.RoundTrip(r.WithContext(ctx))
}
