package wsman

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"

	"postpatch/probes/lab/estate"
)

// instead returns the fault that the estate orders in place of a message's
// effect; nil for none.
func instead(trouble estate.Trouble) error {
	switch trouble {
	case estate.TroubleTimeout:
		return timedOut()
	case estate.TroubleShells:
		return quota(2150859173, "shells")
	case estate.TroubleOperations:
		return quota(2150859174, "operations")
	case estate.TroubleShellGone:
		return noShell()
	case estate.TroubleDenied:
		return accessDenied()
	case estate.TroubleInternal:
		return errors.New("the estate wants it so")
	default:
		return nil
	}
}

// abort ends the connection as it is.
func abort() { panic(http.ErrAbortHandler) }

// spoil sends an answer as the estate's trouble has it.
func (c *channel) spoil(ctx context.Context, status int, body []byte, trouble estate.Trouble) {
	switch trouble {
	case estate.TroubleDrop:
		abort()
	case estate.TroubleUnsealed:
		c.protocol = ""
	case estate.TroubleGarbage:
		body = []byte(`<s:Envelope xmlns:s="` + nsSOAP + `"><s:Header><a:Action></s:Body>&nix;` + "\x00\x80<")
	case estate.TroubleHuge:
		c.huge(ctx)
	default: // spoils something else
	}
	wrapped, err := c.wrap(body, trouble)
	if err != nil { // a session that agreed on no sealing gets no sealed message in
		abort()
	}
	if trouble == estate.TroubleCut || trouble == estate.TroubleLength && c.protocol == "" {
		end := len(wrapped) / 2
		if trouble == estate.TroubleLength { // in clear it is HTTP's own length
			end = len(wrapped) - 1
		}
		c.Header().Set("Content-Type", c.contentType())
		c.Header().Set("Content-Length", strconv.Itoa(len(wrapped)))
		c.WriteHeader(status)
		_, _ = c.Write(wrapped[:end])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		abort()
	}
	c.write(status, wrapped)
}

// huge answers without an end until the client goes away.
func (c *channel) huge(ctx context.Context) {
	c.Header().Set("Content-Type", c.contentType())
	start := `<s:Envelope xmlns:s="` + nsSOAP + `"><s:Body>`
	if c.protocol != "" {
		start = "--" + boundary + "\r\n\tContent-Type: " + c.protocol +
			"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=2147483647\r\n" +
			"--" + boundary + "\r\n\tContent-Type: application/octet-stream\r\n\x10\x00\x00\x00"
	}
	_, err := c.Write([]byte(start))
	for chunk := bytes.Repeat([]byte("<x>endless</x>"), 2048); err == nil && ctx.Err() == nil; {
		_, err = c.Write(chunk)
	}
	abort()
}
