package winrm

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// renewWithin is how near to its end a certificate is worth a note.
const renewWithin = 30 * 24 * time.Hour

const renewListener = "give the listener a certificate that fits: winrm set " +
	"winrm/config/listener?Address=*+Transport=HTTPS @{CertificateThumbprint=\"THUMBPRINT\"}"

// handshake is the step "tls".
func (x *examiner) handshake(ctx context.Context) Step {
	t := x.session.transport
	state, err := x.shake(ctx, t.tls)
	if err != nil {
		return x.noTLS(ctx, err)
	}
	step := Step{Saw: describe(state)}
	if x.Insecure {
		step.State = Note
		step.Cause = "insecure: true takes any certificate: whoever stands in between can pose as the host"
		step.Cure = "write the certificate of its authority as winrm: {ca_file: FILE} in place of insecure: true"
		return step
	}
	chain := state.PeerCertificates
	if len(state.VerifiedChains) > 0 {
		chain = state.VerifiedChains[0]
	}
	first := slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
	if left := time.Until(first.NotAfter); left < renewWithin {
		step.State = Note
		step.Cause = fmt.Sprintf("the certificate of %s expires in %s", nameOf(first), days(left))
		step.Cure = "renew it before then, and " + renewListener
	}
	return step
}

// shake makes one TLS handshake over a connection of its own, and notes whether
// the host asks for a certificate that there is not.
func (x *examiner) shake(ctx context.Context, config *tls.Config) (tls.ConnectionState, error) {
	if len(config.Certificates) == 0 {
		config = config.Clone()
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			x.asked = true
			return &tls.Certificate{}, nil
		}
	}
	c, err := dialConn(ctx, x.session.transport.dial, config)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer func() { _ = c.Close() }()
	secure, _ := c.Conn.(*tls.Conn)
	return secure.ConnectionState(), nil
}

// noTLS looks for why a handshake failed: once more without checks, only to look
// at what the host shows. Nothing is sent over that connection.
func (x *examiner) noTLS(ctx context.Context, err error) Step {
	open := x.session.transport.tls.Clone()
	open.InsecureSkipVerify, open.MinVersion = true, tls.VersionTLS10
	state, blind := x.shake(ctx, open)
	seen := blind == nil && len(state.PeerCertificates) > 0
	step := Step{State: Failed, Saw: "no TLS"}
	if seen {
		step.Saw = describe(state)
	}
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		step.Saw, step.Cause = "an answer that is not TLS", "what listens on this port speaks something else"
		if bytes.Equal(record.RecordHeader[:], []byte("HTTP/")) {
			step.Saw, step.Cause = "an answer in plain HTTP", "this port is the listener without TLS"
		}
		step.Cure = "write winrm: {tls: false} for this port (messages are sealed there), or the port of the https listener"
	case seen && state.Version < tls.VersionTLS12:
		step.Cause = tls.VersionName(state.Version) + " is the newest that the host speaks, and too weak"
		step.Cure = "enable TLS 1.2 in SCHANNEL there and reboot; .NET and the registry may hold it off since an upgrade"
	case x.demandsCertificate(err):
		return wantsCertificate(err)
	case x.Auth == Certificate && isAlert(err, protocolVersion):
		step.Saw = clean(deepest(err).Error())
		step.Cause = "a client's certificate goes over TLS 1.2, where Windows asks for it, and the host speaks none"
		step.Cure = "enable TLS 1.2 in SCHANNEL there and reboot; or use an account with a password"
	case seen:
		step.Cause, step.Cure = x.badCertificate(err, state.PeerCertificates[0])
	case hungUp(err):
		step.Saw = "the host closed the connection in the handshake"
		step.Cause = "the https listener has no certificate any more, or http.sys has lost its binding"
		step.Cure = "on the host: netsh http show sslcert, and winrm enumerate winrm/config/listener; then " + renewListener
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		step = broken("tls", err)
	default:
		step.Saw = clean(deepest(err).Error())
		step.Cause = "the host and this program find no common protocol, cipher or certificate"
		step.Cure = "compare the cipher suites there (Get-TlsCipherSuite), and whether it wants a client's certificate"
	}
	return step
}

// The numbers of alerts (RFC 8446, section 6.2; RFC 5246, 7.4.6).
const (
	handshakeFailure    tls.AlertError = 40
	protocolVersion     tls.AlertError = 70
	certificateRequired tls.AlertError = 116
)

// isAlert says whether the other side has ended TLS so. Its error has a type of
// its own only for QUIC, and else the same text.
func isAlert(err error, alert tls.AlertError) bool {
	op, is := errors.AsType[*net.OpError](err)
	return is && op.Op == "remote error" && op.Err.Error() == alert.Error()
}

// demandsCertificate says whether a host ends a connection for want of a client's
// certificate. In TLS 1.3 it says so after the handshake, and the end of the
// connection may overtake the words.
func (x *examiner) demandsCertificate(err error) bool {
	return isAlert(err, certificateRequired) || x.asked && (isAlert(err, handshakeFailure) || hungUp(err))
}

func wantsCertificate(err error) Step {
	cause := "the listener demands a client's certificate in the handshake, and the credentials have none"
	if hungUp(err) {
		cause = "the listener asks for a client's certificate in the handshake and maybe demands it, and the credentials " +
			"have none; or the service is just starting or stopping"
	}
	return Step{
		State: Failed, Saw: "the host ends TLS without a client's certificate: " + clean(deepest(err).Error()),
		Cause: cause,
		Cure: "write certificate: {cert: FILE, key: FILE} in the credentials file, which needs TLS 1.2 there; or have the " +
			"binding ask for none (netsh http show sslcert, Negotiate Client Certificate)",
	}
}

// badCertificate tells what is wrong with a certificate by the error of its
// verification.
func (x *examiner) badCertificate(err error, leaf *x509.Certificate) (cause, cure string) {
	var stranger x509.UnknownAuthorityError
	var otherName x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &otherName):
		names := namesOf(leaf)
		if len(names) == 0 {
			return fmt.Sprintf("the certificate names its host in its subject alone (%s), which nobody reads any more",
				nameOf(leaf)), renewListener
		}
		return fmt.Sprintf("the certificate is for %s, not for %s", few(names), x.Host),
			"ask for the host by one of these names, and lead it there with --address; or " + renewListener
	case errors.As(err, &stranger):
		if bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
			return "the certificate is self-signed: it speaks for itself alone",
				"get it from the host by a way you trust and write it as winrm: {ca_file: FILE} in the credentials file; better, " +
					renewListener
		}
		return fmt.Sprintf("this machine does not trust who has signed it: %s", clean(leaf.Issuer.String())),
			"write the certificate of that authority as winrm: {ca_file: FILE} in the credentials file, or as --ca"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		cert := invalid.Cert
		if cert == nil {
			cert = leaf
		}
		const hint = "this machine's clock says "
		now := time.Now().UTC()
		if now.Before(cert.NotBefore) {
			return fmt.Sprintf("the certificate of %s is valid from %s on, and %s%s", nameOf(cert), minute(cert.NotBefore), hint,
				minute(now)), "set the clock that is wrong, this machine's or that of the authority"
		}
		return fmt.Sprintf("the certificate of %s expired %s ago, on %s", nameOf(cert), days(now.Sub(cert.NotAfter)),
			minute(cert.NotAfter)), "renew it and " + renewListener + "; if it should be valid still, " + hint + minute(now)
	default:
		return clean(deepest(err).Error()), renewListener
	}
}

// describe says what a handshake has shown.
func describe(state tls.ConnectionState) string {
	text := tls.VersionName(state.Version)
	if len(state.PeerCertificates) == 0 {
		return text
	}
	leaf := state.PeerCertificates[0]
	names := namesOf(leaf)
	if len(names) == 0 {
		names = []string{nameOf(leaf)}
	}
	issuer := clean(leaf.Issuer.CommonName)
	if bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
		issuer = "itself"
	}
	text += ", for " + few(names) + ", signed by " + issuer
	if n := len(state.PeerCertificates); n > 1 {
		text += fmt.Sprintf(" (chain of %d)", n)
	}
	if left := time.Until(leaf.NotAfter); left > 0 {
		return text + ", expires in " + days(left)
	}
	return text + ", expired on " + minute(leaf.NotAfter)
}

func namesOf(cert *x509.Certificate) []string {
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	for i := range names {
		names[i] = clean(names[i])
	}
	return names
}

func nameOf(cert *x509.Certificate) string {
	if cert.Subject.CommonName != "" {
		return clean(cert.Subject.CommonName)
	}
	return clean(cert.Subject.String())
}

// few names the first of many.
func few(names []string) string {
	const most = 4
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// days is a time as people say it.
func days(d time.Duration) string {
	if n := int(d.Hours() / 24); n > 1 {
		return fmt.Sprintf("%d days", n)
	}
	return d.Round(time.Minute).String()
}
