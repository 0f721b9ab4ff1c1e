package wsman

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

const (
	maxEnvelope     = 500 << 10 // MaxEnvelopeSizekb
	defaultEnvelope = 150 << 10 // of a client that does not say
	minEnvelope     = 8192
	maxTimeout      = 60 * time.Second // MaxTimeoutms
	soapType        = "application/soap+xml"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.running.Add(1)
	s.stats.Requests++
	s.mu.Unlock()
	defer s.running.Done()

	h := s.host()
	c := config(h)
	w.Header().Set("Server", "Microsoft-HTTPAPI/2.0")
	if c.Fault != "" {
		misbehave(w, r, c.Fault)
		return
	}
	anonymous := strings.EqualFold(r.URL.Path, "/wsman-anon/identify")
	switch {
	case !anonymous && !strings.EqualFold(r.URL.Path, "/wsman"):
		w.WriteHeader(http.StatusNotFound)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
	case anonymous || r.Header.Get("WSMANIDENTIFY") == "unauthenticated":
		s.identifyAnyone(w, r)
	case !authenticated(r, c):
		w.Header().Add("WWW-Authenticate", "Negotiate")
		if takesBasic(r, c) {
			w.Header().Add("WWW-Authenticate", `Basic realm="WSMAN"`)
		}
		// http.sys reads what was sent before it answers.
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxEnvelope))
		w.WriteHeader(http.StatusUnauthorized)
	default:
		s.answer(w, r, h)
	}
}

// takesBasic says whether the listener lets a password through: always with
// TLS, without only where the estate says AllowUnencrypted.
func takesBasic(r *http.Request, c estate.WinRM) bool { return r.TLS != nil || c.Plain }

func authenticated(r *http.Request, c estate.WinRM) bool {
	user, password, ok := r.BasicAuth()
	if !ok || !takesBasic(r, c) {
		return false
	}
	// Windows takes an account of its own with or without a name in front.
	same := func(name string) bool {
		_, bare, qualified := strings.Cut(name, `\`)
		return strings.EqualFold(name, c.User) || qualified && strings.EqualFold(bare, c.User)
	}
	return same(user) && subtle.ConstantTimeCompare([]byte(password), []byte(c.Password)) == 1
}

// answer reads one SOAP message and writes its reply.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, h estate.Host) {
	body, ok := s.read(w, r)
	if !ok {
		return
	}
	m, err := parseMessage(body)
	s.count(func(stats *Stats) {
		if stats.Messages == nil {
			stats.Messages = map[string]int{}
		}
		stats.Messages[m.verb()]++
	})
	call := &call{Server: s, host: h, message: m, client: r.RemoteAddr, url: "http://" + r.Host + r.URL.Path}
	if r.TLS != nil {
		call.url = "https://" + r.Host + r.URL.Path
	}
	var reply reply
	if err == nil {
		reply, err = call.handle(r.Context())
	}
	if err != nil && r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // nobody is left to read it
	}
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
		reply = faultOf(err).reply(h)
	}
	write(w, status, envelope(reply, m.id))
}

// read reads the request's body, if it is one that WinRM takes.
func (s *Server) read(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != soapType || charset != "" && !strings.EqualFold(charset, "utf-8") {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEnvelope))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return nil, false
	}
	return body, err == nil
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", soapType+";charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away wants no answer
}

// misbehave does what the estate's fault says instead of answering.
func misbehave(w http.ResponseWriter, r *http.Request, fault estate.Fault) {
	// The end of the connection shows only to a server that has read everything.
	_, _ = io.Copy(io.Discard, r.Body)
	switch fault {
	case estate.Silent:
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // or net/http would write an empty answer
	case estate.Error:
		w.Header().Set("Content-Type", "text/html; charset=us-ascii")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "<HTML><HEAD><TITLE>Server Error</TITLE></HEAD>"+
			"<BODY><h2>Internal Server Error</h2><hr><p>HTTP Error 500.</p></BODY></HTML>\r\n")
	case estate.Endless:
		w.Header().Set("Content-Type", soapType+";charset=UTF-8")
		_, err := io.WriteString(w, `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>`)
		for item := strings.Repeat("<x>endless</x>", 2048); err == nil && r.Context().Err() == nil; {
			_, err = io.WriteString(w, item)
		}
	default:
		hijacked, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		if fault == estate.Garbage {
			_, _ = buffer.WriteString("\x00\x16\x03\xff\xfe\x00garbage\x00\r\n\r\n<<<&;\x80")
			_ = buffer.Flush()
		}
		_ = hijacked.Close()
	}
}

// wait lets d pass, or less when ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
