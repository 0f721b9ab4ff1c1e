package http

import (
	"fmt"
	"strconv"
	"strings"

	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/reach"
)

// failure is what became of a request that found no answer, and the host's words
// for it; no state when there is one. The error tells nothing about the server.
func (r reply) failure() (state, cause string, err error) {
	failed := r.row.Get("error").Text
	if failed == "" {
		return "", "", nil
	}
	stage := r.row.Get("stage").Text
	if code, is := winINet(failed); is && stage == "http2" {
		return r.http2(code, failed)
	}
	seen := inside.Reply{To: r.to, Address: r.to, Row: r.row, Err: failed}
	switch state := seen.State(); {
	case stage == "client":
		return "", "", fmt.Errorf(
			"the host has no client of HTTP/2, which came with Windows Server 2016 (%.200q)", failed)
	case stage == "connect" && state != "":
		return state, seen.Cause(), nil
	case failed == "TimedOut":
		return "", "", fmt.Errorf("no answer within %s", hostWait)
	case stage == "tls":
		return reach.TLSFailed, failed, nil
	case stage == "answer" && (state == reach.Reset || failed == "Ended"):
		return reach.Reset, "", nil
	default:
		return "", "", fmt.Errorf("%.200q", failed)
	}
}

// winINet reads an error of Windows' client, "HRESULT 0x80072EFF": facility 7,
// and a code of WinINet or of the system.
func winINet(text string) (code uint16, is bool) {
	hex, found := strings.CutPrefix(text, "HRESULT 0x8007")
	n, err := strconv.ParseUint(hex, 16, 16)
	return uint16(n), found && err == nil && len(hex) == 4
}

// http2 reads WinINet's error codes, as wininet.h has them. The connection came
// about just before, so whatever ends it is the server's doing; an answer that is
// no HTTP/2, too.
func (r reply) http2(code uint16, failed string) (state, cause string, err error) {
	const (
		timeout         = 12002
		aborted         = 12030
		reset           = 12031
		invalidResponse = 12152
		secureChannel   = 12157
		secureFailure   = 12175
	)
	switch code {
	case aborted, reset:
		return reach.Reset, "the server reset HTTP/2 (" + failed + ")", nil
	case invalidResponse:
		return reach.Reset, "what the server sends is no HTTP/2 (" + failed + ")", nil
	case secureChannel, secureFailure:
		return reach.TLSFailed, failed, nil
	case timeout:
		return "", "", fmt.Errorf("no answer by HTTP/2 within %s", hostWait)
	default:
		return "", "", fmt.Errorf("HTTP/2: %s", failed)
	}
}
