package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/host"
	"postpatch/runner/report"
)

// webhook is where a channel's messages go. All of its address is a secret: who has it can
// write there.
type webhook struct {
	address host.Secret
	err     error // why there is none
}

// newWebhook makes sure that an address is one to which something may be sent.
func newWebhook(address host.Secret) (webhook, error) {
	text := strings.TrimSpace(address.Reveal())
	u, err := url.Parse(text)
	switch {
	case err != nil: // which says what it is
		return webhook{}, errors.New("what is kept there is no URL")
	case u.Host == "" || u.Hostname() == "":
		return webhook{}, errors.New("what is kept there is no URL with a server in it")
	case u.User != nil:
		return webhook{}, errors.New("the URL kept there has a user in it, which no webhook has")
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		return webhook{address: host.NewSecret(text)}, nil
	default:
		return webhook{}, errors.New("the URL kept there does not begin with https://")
	}
}

// isLoopback says whether a name is this machine itself, whoever answers for names.
func isLoopback(name string) bool {
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

const (
	postTime  = 15 * time.Second // for one try
	mostReply = 4 << 10          // bytes that are read of an answer
	shortWait = 2 * time.Second  // before the second try, where nobody says how long
	longWait  = 30 * time.Second // and at most, whatever the server says
)

// sender sends messages.
type sender struct{ client *http.Client }

// newSender trusts the operator's authorities beside the system's. It goes the way of the
// environment's proxy, follows nobody elsewhere, and keeps nothing.
func newSender(roots *x509.CertPool) sender {
	return sender{&http.Client{
		Timeout:       postTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DialContext: (&net.Dialer{Timeout: postTime}).DialContext, ForceAttemptHTTP2: true,
			DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// post sends a message, a second time only where the server says that it is busy.
func (s sender) post(ctx context.Context, to webhook, message []byte) error {
	if to.err != nil {
		return to.err
	}
	wait, err := s.try(ctx, to, message)
	if wait == 0 {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("%w, and there was no time for another try", err)
	case <-timer.C:
	}
	if _, again := s.try(ctx, to, message); again != nil {
		return fmt.Errorf("%w; and again: %w", err, again)
	}
	return nil
}

// try sends a message once. Where it is worth another try, it says after how long.
func (s sender) try(ctx context.Context, to webhook, message []byte) (again time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.address.Reveal(), bytes.NewReader(message))
	if err != nil {
		return 0, errors.New("the address is none") // the error has it
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "postpatch/"+version)
	answer, err := s.client.Do(request)
	if err != nil {
		return 0, to.without(err)
	}
	defer func() { _ = answer.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, mostReply)) // it is no more than a hint
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return 0, nil
	case code >= 300 && code < 400:
		return 0, fmt.Errorf("the server leads elsewhere (%d), and a webhook is not followed: is its address right?", code)
	case code == http.StatusTooManyRequests || code >= 500:
		return retryAfter(answer.Header.Get("Retry-After"), time.Now()), to.refused(code, said)
	default:
		return 0, to.refused(code, said)
	}
}

// refused is what a server said, unless it repeats of the address what nobody is to see.
func (w webhook) refused(code int, said []byte) error {
	text := strings.TrimSpace(report.CleanLine(strings.TrimSpace(string(said[:min(len(said), 200)]))))
	if text == "" || !w.harmless(string(said)) {
		return fmt.Errorf("the server refused it (%d %s)", code, http.StatusText(code))
	}
	return fmt.Errorf("the server refused it (%d %s): %s", code, http.StatusText(code), text)
}

// harmless says whether a text has no part of the address in it: of the path, or of what
// follows it.
func (w webhook) harmless(text string) bool {
	u, err := url.Parse(w.address.Reveal())
	if err != nil {
		return false
	}
	parts := strings.FieldsFunc(u.Path+"/"+u.EscapedPath()+"/"+u.RawQuery+"/"+u.Fragment, func(r rune) bool {
		return strings.ContainsRune("/?&=;", r)
	})
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	for _, part := range parts {
		const telling = 6 // a shorter one is "api" or "v2"
		if len(part) >= telling && strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// without is an error of sending without the address, which net/http puts into it.
func (w webhook) without(err error) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("no answer within %v", postTime)
	}
	if !w.harmless(err.Error()) {
		return errors.New("the connection failed")
	}
	return err
}

// retryAfter is how long a server wants to be left alone, in seconds or until a time. It
// is never nothing.
func retryAfter(header string, now time.Time) time.Duration {
	wait := shortWait
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(longWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, time.Second), longWait)
}
