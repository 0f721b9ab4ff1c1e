package winrm

import (
	"errors"
	"net/http"
	"strings"

	"postpatch/probes/host"
)

// authenticate puts the account on every request that goes through next. It is
// the one place that knows how: a RoundTripper can add a header as well as hold
// a handshake and seal bodies.
func authenticate(o Options, next http.RoundTripper) (http.RoundTripper, error) {
	if !o.TLS && !o.AllowPlain {
		return nil, errors.New("without TLS, Basic authentication would send the password readable: " +
			"write winrm: {tls: true} in the credentials file or, for a lab only, winrm: {allow_plain: true}")
	}
	if o.Credential.User == "" || strings.Contains(o.Credential.User, ":") {
		return nil, errors.New("want a user name without a colon")
	}
	return basic{credential: o.Credential, next: next}, nil
}

type basic struct {
	credential host.Credential
	next       http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b basic) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.SetBasicAuth(b.credential.User, b.credential.Password.Reveal())
	return b.next.RoundTrip(req)
}
