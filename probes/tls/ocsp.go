package tls

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/crypto/ocsp"

	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// What OCSP says of a certificate.
const (
	good       = "good"
	revoked    = "revoked"
	unknown    = "unknown"
	outOfDate  = "out of date"
	invalid    = "invalid"
	unverified = "unverified"
	absent     = "absent"
	noneNamed  = "none named"
	notAsked   = "not asked"
)

// stapled is what the server brought along.
func (s *session) stapled(state tls.ConnectionState, now time.Time) string {
	if len(state.OCSPResponse) == 0 {
		return absent
	}
	chain := state.PeerCertificates
	issuer := s.issuer(chain)
	if issuer == nil && len(chain) > 1 {
		issuer = chain[1]
	}
	if issuer == nil {
		return unverified
	}
	return judged(state.OCSPResponse, chain[0], issuer, now)
}

// issuer is who signed the certificate, if whoever runs this trusts it; nil where not.
func (s *session) issuer(chain []*x509.Certificate) *x509.Certificate {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	trusted, err := chain[0].Verify(x509.VerifyOptions{Roots: s.target.Roots, Intermediates: between})
	if err != nil || len(trusted[0]) < 2 {
		return nil
	}
	return trusted[0][1]
}

// skew is what may be between the authority's clock and the runner's.
const skew = 5 * time.Minute

// judged reads a response of OCSP (RFC 6960).
func judged(response []byte, leaf, issuer *x509.Certificate, now time.Time) string {
	r, err := ocsp.ParseResponseForCert(response, leaf, nil)
	switch {
	case err != nil || !entitled(r, issuer, now):
		return invalid
	case !r.NextUpdate.IsZero() && now.After(r.NextUpdate.Add(skew)), now.Add(skew).Before(r.ThisUpdate):
		return outOfDate
	case r.Status == ocsp.Good:
		return good
	case r.Status == ocsp.Revoked:
		return revoked
	default:
		return unknown
	}
}

// entitled says whether whoever signed a response may speak for the issuer: it is the issuer
// itself, or somebody to whom the issuer has given that right, and no other (RFC 6960,
// 4.2.2.2). Anybody whom it has given a certificate, among them the one that is revoked,
// could else say that all is good. That the certificate along has signed the response was
// seen when it was parsed.
func entitled(r *ocsp.Response, issuer *x509.Certificate, now time.Time) bool {
	by := r.Certificate
	if by == nil || bytes.Equal(by.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) {
		return r.CheckSignatureFrom(issuer) == nil
	}
	return issuer.CheckSignature(by.SignatureAlgorithm, by.RawTBSCertificate, by.Signature) == nil &&
		slices.Contains(by.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) &&
		!now.Add(skew).Before(by.NotBefore) && !now.Add(-skew).After(by.NotAfter)
}

// askAuthority asks at the address that a valid certificate names: another one may name
// anybody's. The error means that it could not be asked.
func (s *session) askAuthority(ctx context.Context, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return nil
	}
	trust := reach.Trust{Name: s.probe.ServerName, Roots: s.target.Roots}
	issuer := s.issuer(chain)
	if why := reach.Trusted(tls.ConnectionState{PeerCertificates: chain}, trust, time.Now()); why != nil || issuer == nil {
		s.add("ocsp", fact.Text(notAsked))
		return nil
	}
	responder := responderOf(chain[0])
	if responder == nil {
		s.add("ocsp", fact.Text(noneNamed))
		return nil
	}
	response, err := s.fetchStatus(ctx, responder, chain[0], issuer)
	var said ocsp.ResponseError
	if err == nil {
		if _, parsed := ocsp.ParseResponse(response, nil); errors.As(parsed, &said) {
			err = fmt.Errorf("it answers %s", said.Status)
		}
	}
	if err != nil {
		// That one's silence is not the server's.
		return fmt.Errorf("asking the authority at %s: %s", responder.Host, reach.Printable(err.Error(), mostReason))
	}
	s.add("ocsp", fact.Text(judged(response, chain[0], issuer, time.Now())))
	return nil
}

// responderOf is the first that a certificate names for plain HTTP; nil where it names
// none.
func responderOf(leaf *x509.Certificate) *url.URL {
	for _, server := range leaf.OCSPServer {
		u, err := url.Parse(server)
		if err == nil && u.Scheme == "http" && u.Hostname() != "" && u.User == nil {
			return u
		}
	}
	return nil
}

// fetchStatus asks a responder, which has half of the time that is left.
func (s *session) fetchStatus(ctx context.Context, u *url.URL, leaf, issuer *x509.Certificate) ([]byte, error) {
	const mostBody = 64 << 10
	limit := 5 * time.Second
	if end, limited := ctx.Deadline(); limited {
		limit = min(limit, time.Until(end)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	question, err := ocsp.CreateRequest(leaf, issuer, nil)
	if err != nil {
		return nil, err
	}
	request, err := reach.NewRequest(ctx, http.MethodPost, u.String())
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/ocsp-request")
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(question)), int64(len(question))
	port, err := strconv.Atoi(cmp.Or(u.Port(), "80"))
	if err != nil {
		return nil, fmt.Errorf("%q is no port", u.Port())
	}
	got, err := reach.Fetch(ctx, s.target, reach.Request{
		HTTP: request, Address: reach.JoinPort(u.Hostname(), port), MaxBody: mostBody,
	})
	switch {
	case err != nil:
		return nil, reach.Cause(ctx, err)
	case got.Status != http.StatusOK:
		return nil, fmt.Errorf("it answers with HTTP status %d", got.Status)
	case !got.Whole:
		return nil, fmt.Errorf("its answer has more than %d bytes", mostBody)
	}
	return got.Body, nil
}
