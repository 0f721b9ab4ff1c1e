package wsman

import (
	"context"
	"errors"
	"io"
	"log"
	"mime"
	"net/http"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/spnego"
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
	default:
		if who, ok := s.admit(w, r, h); ok {
			s.answer(w, r, h, who)
		}
	}
}

// answer reads one SOAP message and writes its reply.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, h estate.Host, who *session) {
	c := config(h)
	body, protocol, ok := s.receive(w, r, c, who)
	if !ok {
		return
	}
	m, err := parseMessage(body)
	var nth int
	s.count(func(stats *Stats) {
		if stats.Messages == nil {
			stats.Messages = map[string]int{}
		}
		stats.Messages[m.verb()]++
		nth = stats.Messages[m.verb()]
		if protocol != "" {
			stats.Sealed++
		}
	})
	who.messages++
	trouble := c.Of(m.verb(), nth)
	if trouble == estate.TroubleSilent {
		<-r.Context().Done()
		abort() // or net/http would write an empty answer
	}
	call := &call{Server: s, host: h, message: m, client: r.RemoteAddr, url: "http://" + r.Host + r.URL.Path}
	if r.TLS != nil {
		call.url = "https://" + r.Host + r.URL.Path
	}
	var reply reply
	if err == nil {
		err = instead(trouble)
	}
	if err == nil {
		reply, err = call.handle(r.Context())
	}
	if err != nil && r.Context().Err() != nil {
		abort() // nobody is left to read it
	}
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
		reply = faultOf(err).reply(h)
	}
	if trouble == estate.TroubleID {
		m.id = "uuid:" + newUUID()
	}
	back := &channel{w, who, protocol, c.Spaced}
	back.spoil(r.Context(), status, envelope(reply, m.id), trouble)
}

// receive reads a request's message, and how it is sealed. Without TLS a session
// must seal its messages, unless the estate allows otherwise. A client that only
// wants to authenticate sends no message, and is told that it may come in.
func (s *Server) receive(
	w http.ResponseWriter, r *http.Request, c estate.WinRM, who *session,
) (body []byte, protocol string, ok bool) {
	protocol, err := sealingOf(r)
	switch {
	case err != nil:
		bare(w, r, http.StatusBadRequest)
		return nil, "", false
	case protocol != "" && who.Acceptor != nil:
		return s.receiveSealed(w, r, who, protocol)
	case who.Acceptor != nil && r.ContentLength == 0:
		bare(w, r, http.StatusOK)
		return nil, "", false
	case who.Acceptor != nil && r.TLS == nil && !c.Plain:
		refuseClear(w, r, who)
		return nil, "", false
	}
	body, ok = s.read(w, r)
	return body, "", ok
}

// refuseClear answers a message in clear where only sealed ones are taken:
// Windows has 500 for Kerberos and 401 for NTLM (diyan/pywinrm#129, #105).
func refuseClear(w http.ResponseWriter, r *http.Request, who *session) {
	if who.mechanism == spnego.Kerberos {
		bare(w, r, http.StatusInternalServerError)
		return
	}
	w.Header().Set("WWW-Authenticate", "Negotiate")
	bare(w, r, http.StatusUnauthorized)
}

// receiveSealed reads a sealed message. One that cannot be opened ends the
// session, because the ciphers of the two ends have parted.
func (s *Server) receiveSealed(
	w http.ResponseWriter, r *http.Request, who *session, protocol string,
) (body []byte, by string, ok bool) {
	sealed, ok := whole(w, r, maxEnvelope+sealingItself)
	if !ok {
		return nil, "", false
	}
	body, err := who.open(sealed, protocol)
	if err != nil {
		connectionOf(r.Context()).session = nil
		w.Header().Del("WWW-Authenticate")
		bare(w, r, http.StatusBadRequest)
		return nil, "", false
	}
	if len(body) > maxEnvelope {
		bare(w, r, http.StatusRequestEntityTooLarge)
		return nil, "", false
	}
	return body, protocol, true
}

// read reads the request's body, if it is one that WinRM takes.
func (s *Server) read(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != soapType || charset != "" && !strings.EqualFold(charset, "utf-8") {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return nil, false
	}
	return whole(w, r, maxEnvelope)
}

// whole reads a body up to a limit in bytes.
func whole(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return nil, false
	}
	return body, err == nil
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
