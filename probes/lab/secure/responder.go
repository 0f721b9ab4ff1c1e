package secure

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path"
	"time"

	"golang.org/x/crypto/ocsp"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Responder answers OCSP over HTTP (RFC 6960, A.1). NewResponder makes one.
type Responder struct {
	host   func() estate.Host
	status Status
	ctx    context.Context
	cancel context.CancelFunc
	http   *http.Server
}

// NewResponder returns a responder that answers as host() says at the time of each request.
func NewResponder(host func() estate.Host, status Status) *Responder {
	r := &Responder{host: host, status: status}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.http = &http.Server{
		Handler: r, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return r.ctx },
	}
	return r
}

// Serve answers until Close.
func (r *Responder) Serve(ln net.Listener) error { return r.http.Serve(ln) }

// Close ends all connections.
func (r *Responder) Close() error {
	r.cancel()
	return r.http.Close()
}

// ServeHTTP implements http.Handler.
func (r *Responder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	h := r.host()
	if h.OCSP == nil || !conns.Wait(request.Context(), h.Think) {
		panic(http.ErrAbortHandler)
	}
	switch h.OCSP.Fault {
	case estate.Drop, estate.Refuse:
		panic(http.ErrAbortHandler)
	case estate.Silent:
		<-request.Context().Done()
		return
	case estate.Error:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case estate.Garbage:
		_, _ = w.Write(conns.Noise(512))
		return
	case estate.Endless:
		conns.Endless(request.Context(), w, conns.Noise(1<<14))
		return
	default: // there is none
	}
	question, err := questionOf(request)
	response := ocsp.MalformedRequestErrorResponse
	if err == nil {
		if response, err = r.status.says(question.SerialNumber, h.OCSP.Status); err != nil {
			response = ocsp.InternalErrorErrorResponse
		}
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	_, _ = w.Write(response)
}

// questionOf reads what is asked, by POST or, as Windows does with short ones, by GET.
func questionOf(r *http.Request) (*ocsp.Request, error) {
	var der []byte
	var err error
	switch r.Method {
	case http.MethodPost:
		der, err = io.ReadAll(io.LimitReader(r.Body, 64<<10))
	case http.MethodGet:
		var text string
		if text, err = url.PathUnescape(path.Base(r.URL.EscapedPath())); err == nil {
			der, err = base64.StdEncoding.DecodeString(text)
		}
	default:
		err = errors.New("neither GET nor POST")
	}
	if err != nil {
		return nil, err
	}
	return ocsp.ParseRequest(der)
}
