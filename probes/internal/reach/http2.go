package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"golang.org/x/net/http2"
)

// protocol2 is HTTP/2 in TLS's negotiation (RFC 9113, 3.2).
const protocol2 = http2.NextProtoTLS

func (r Request) protocols() []string {
	if !r.HTTP2 {
		return nil
	}
	return []string{protocol2, "http/1.1"}
}

// ask2 asks by HTTP/2. Its flow control bounds what the server may send ahead, so
// there is nothing to limit later.
func ask2(ctx context.Context, c net.Conn, r *http.Request) (head *http.Response, limit func(int64), err error) {
	transport := &http.Transport{
		DialTLSContext:         func(context.Context, string, string) (net.Conn, error) { return c, nil },
		Protocols:              new(http.Protocols),
		DisableCompression:     true, // the body is as the server sends it, as by HTTP/1.1
		MaxResponseHeaderBytes: mostHead,
	}
	transport.Protocols.SetHTTP2(true)
	connection, err := transport.NewClientConn(ctx, r.URL.Scheme, c.RemoteAddr().String())
	if err != nil {
		return nil, nil, fmt.Errorf("starting HTTP/2: %w", Cause(ctx, abandoned(err)))
	}
	head, err = connection.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, nil, fmt.Errorf("asking by HTTP/2: %w", Cause(ctx, abandoned(err)))
	}
	return head, func(int64) {}, nil
}

// abandoned tells the server's own end of a stream or a connection from what was
// wrong with its answer.
func abandoned(err error) error {
	code, leaves := goesAway(err)
	stream, isReset := resets(err)
	switch {
	case leaves:
		return Tell("the server ended the connection (GOAWAY, "+code+")", ErrEnded, err)
	case isReset:
		return Tell("the server reset the request ("+stream.Code.String()+")", ErrEnded, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Tell(ErrEnded.Error(), ErrEnded, err)
	default:
		return err
	}
}

// goesAway finds the server's GOAWAY, and its reason in the words of RFC 9113. The
// client tells of it in words alone.
func goesAway(err error) (code string, leaves bool) {
	text := err.Error()
	if !strings.Contains(text, "GOAWAY") {
		return "", false
	}
	for _, before := range []string{"received GOAWAY from server ErrCode:", "ErrCode="} {
		if _, after, found := strings.Cut(text, before); found {
			code, _, _ = strings.Cut(after, ",")
			return code, true
		}
	}
	return http2.ErrCodeNo.String(), true // in good order
}

// resets finds the server's reset of the request's stream. That it is not our own
// reset the package says in words alone.
func resets(err error) (stream http2.StreamError, is bool) {
	stream, is = errors.AsType[http2.StreamError](err)
	return stream, is && stream.Cause != nil && stream.Cause.Error() == "received from peer"
}

// wantsHTTP1 says whether the server refused HTTP/2 for this page: IIS does so
// where it authenticates by Windows.
func wantsHTTP1(err error) bool {
	if err == nil {
		return false
	}
	if stream, is := resets(err); is {
		return stream.Code == http2.ErrCodeHTTP11Required
	}
	return errors.Is(err, ErrEnded) && strings.Contains(err.Error(), http2.ErrCodeHTTP11Required.String())
}
