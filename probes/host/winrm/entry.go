package winrm

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// Windows takes this in place of a password from who has shown a TLS client
// certificate (MS-WSMV 2.2.1).
const byCertificate = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

const (
	maxLegs  = 6        // of one proof; NTLM and Kerberos take two
	maxToken = 64 << 10 // bytes; a ticket with many groups has some 12,000
)

// entry is how a transport enters the host: a header on every message, or a
// proof of the account for every connection.
type entry struct {
	method    string // of the Options
	user      string
	header    host.Secret    // Authorization of every message
	mechanism auth.Mechanism // nil where the header does it
	peer      auth.Peer
	// try asks for leave to show an account that a wrong password can lock; nil
	// where none can be.
	try func(ctx context.Context) (done func(auth.Outcome), err error)
}

// seals says whether messages are sealed: where nothing else hides them.
func (t *transport) seals() bool { return t.tls == nil && t.proof != nil }

// prove proves the account on the connection that was just opened. What is left
// to say goes along with the first message.
func (t *transport) prove(ctx context.Context) error {
	if t.entry.mechanism == nil {
		return t.admit(ctx)
	}
	peer := t.entry.peer
	peer.Bindings = t.conn.bindings
	proof, used, err := t.newProof(ctx, peer)
	if err != nil {
		return fmt.Errorf("logging on as %q: %w", t.entry.user, err)
	}
	t.used = used
	var token []byte
	for range maxLegs {
		// A ticket is verified by the host alone, and NTLM's first token names nobody.
		if used.Mechanism != "Kerberos" && len(token) > 0 {
			if err := t.admit(ctx); err != nil {
				return err
			}
		}
		out, done, err := proof.Step(ctx, token)
		if err != nil {
			return fmt.Errorf("logging on as %q by %s: %w", t.entry.user, used.Mechanism, err)
		}
		if done {
			if err := t.show(used); err != nil {
				return err
			}
			t.proof, t.pending, t.used = proof, out, auth.Settled(proof, used)
			return t.finish(ctx)
		}
		if len(token) > 0 {
			t.showing()
		}
		got, err := t.offer(ctx, out)
		if err != nil {
			return err
		}
		if token, err = t.challenge(got); err != nil {
			if t.exposed && got.status == http.StatusUnauthorized {
				t.settle(auth.Refused)
			}
			return err
		}
		if t.conn.last {
			return &Fault{Kind: NotWSMan, Status: got.status, Reason: "the host closes the connection in the middle of the " +
				"logon: a proxy that does not keep connections may stand between"}
		}
	}
	return &Fault{Kind: NotWSMan, Reason: fmt.Sprintf("the host's logon is not over after %d tokens", maxLegs)}
}

// show counts how often the account is shown to a host that has not taken it: a
// host that answers nothing may still count wrong passwords.
func (t *transport) show(used auth.Used) error {
	const most = 2
	t.unbound = t.tls != nil && len(t.conn.bindings) == 0
	if t.accepted || used.Mechanism == "Kerberos" {
		return nil
	}
	if t.shown == most {
		return &Fault{Kind: AccessDenied, Reason: fmt.Sprintf("the user %q was shown to the host %d times, and it has "+
			"neither taken nor refused it: not tried again, so that it is not locked", t.entry.user, most)}
	}
	t.shown++
	return nil
}

// newProof begins a proof, which may ask KDCs.
func (t *transport) newProof(ctx context.Context, peer auth.Peer) (auth.Context, auth.Used, error) {
	ctx, cancel := context.WithTimeout(ctx, maxExchange)
	defer cancel()
	return t.entry.mechanism.New(ctx, peer)
}

// offer sends a token without a message.
func (t *transport) offer(ctx context.Context, token []byte) (*reply, error) {
	return t.do(ctx, soapType, nil, "Negotiate "+base64.StdEncoding.EncodeToString(token))
}

// finish sends the last token by itself to a host that takes no message with it,
// or when other hosts wait to hear whether the account is taken: the answer to a
// message may be long in coming.
func (t *transport) finish(ctx context.Context) error {
	if !t.late && (t.trial == nil || t.alone) || len(t.pending) == 0 {
		return nil
	}
	token := t.pending
	t.pending = nil
	t.showing()
	got, err := t.offer(ctx, token)
	switch {
	case err != nil:
		return err
	case got.status == http.StatusUnauthorized:
		t.settle(auth.Refused)
		return t.refused(got)
	case got.status == http.StatusOK:
		t.settle(auth.Passed) // in clear, from whoever answers here
	case t.late: // without, the first message shows what the host has made of it
		return &Fault{Kind: NotWSMan, Status: got.status, Reason: fmt.Sprintf("HTTP %d at the end of the logon", got.status)}
	}
	return nil
}

// challenge takes the host's token out of its reply, whatever the status.
func (t *transport) challenge(got *reply) ([]byte, error) {
	for _, value := range got.header.Values("WWW-Authenticate") {
		for part := range strings.SplitSeq(value, ",") {
			scheme, text, _ := strings.Cut(strings.TrimSpace(part), " ")
			if !strings.EqualFold(scheme, "Negotiate") || text == "" {
				continue
			}
			token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
			if err != nil || len(token) > maxToken {
				return nil, &Fault{Kind: NotWSMan, Status: got.status, Reason: "a token that is no base64, or too long"}
			}
			return token, nil
		}
	}
	switch got.status {
	case http.StatusUnauthorized:
		return nil, t.refused(got)
	case http.StatusOK:
		return nil, &Fault{Kind: NotWSMan, Status: got.status, Reason: "the host took the account without a proof of its own"}
	}
	_, err := t.judge(got, "")
	if err == nil {
		err = &Fault{Kind: NotWSMan, Status: got.status, Reason: "an answer in the middle of the logon"}
	}
	return nil, err
}

// refused says why a host may have answered 401, from what it offers instead.
func (t *transport) refused(got *reply) error {
	offers := strings.Join(got.header.Values("WWW-Authenticate"), ", ")
	var schemes []string
	for part := range strings.SplitSeq(offers, ",") {
		if scheme, _, _ := strings.Cut(strings.TrimSpace(part), " "); scheme != "" && !strings.Contains(scheme, "=") {
			schemes = append(schemes, clean(scheme))
		}
	}
	offered := strings.Join(schemes, ", ")
	has := func(name string) bool { return strings.Contains(strings.ToLower(offers), name) }
	reason := ""
	switch {
	case t.entry.method == Certificate:
		reason = "the certificate was refused: it must be mapped to a local account there, and WinRM must take certificates"
	case t.entry.mechanism == nil && !has("basic"):
		reason = fmt.Sprintf("the host does not take Basic from %q: leave out auth: basic, or allow it in WinRM there",
			t.entry.user)
	case t.entry.mechanism == nil:
		reason = fmt.Sprintf("the user %q was refused: check name and password; Basic knows local accounts only",
			t.entry.user)
	case !has("negotiate"):
		reason = fmt.Sprintf("the host offers no Negotiate to %q: WinRM there has it switched off, or something else answers",
			t.entry.user)
	case t.used.Mechanism == "Kerberos":
		reason = fmt.Sprintf("the ticket of %q was refused: check that %s belongs to this host and that its clock is right",
			t.entry.user, spnOf(t.entry.peer))
	default:
		reason = fmt.Sprintf("the user %q was refused by %s: check name and password, and that the account may log on "+
			"over the network", t.entry.user, t.used.Mechanism)
		switch {
		case t.tls != nil && t.unbound:
			reason += "; the certificate's signature has no hash to bind the logon to, which a strict host demands"
		case t.tls != nil:
			reason += "; a proxy that ends TLS breaks the channel binding"
		}
	}
	if offered == "" {
		offered = "nothing"
	}
	return &Fault{
		Kind: AccessDenied, Status: http.StatusUnauthorized, Reason: reason + " (the server offers " + offered + ")",
	}
}

func spnOf(p auth.Peer) string {
	if p.SPN != "" {
		return p.SPN
	}
	return "HTTP/" + p.Host
}

// judge honours the status: only 200 carries an answer, only in SOAP, and only to
// the message that was asked, when it has an identity.
func (t *transport) judge(got *reply, asked string) (string, error) {
	switch got.status {
	case http.StatusUnauthorized:
		return "", t.refused(got)
	case http.StatusRequestEntityTooLarge:
		if t.conn != nil && t.seals() {
			t.conn.last = true // what it has not read, it has not counted either
		}
		return "", &Fault{Kind: Quota, Status: got.status, Reason: "the request is larger than the server takes"}
	}
	contentType, body, err := t.opened(got)
	if err != nil {
		return "", err
	}
	kind, _, _ := mime.ParseMediaType(contentType)
	text := string(body)
	switch {
	case kind != "application/soap+xml":
		return "", &Fault{Kind: NotWSMan, Status: got.status, Reason: fmt.Sprintf(
			"HTTP %d with %q, want SOAP", got.status, clean(contentType))}
	case got.status == http.StatusOK:
		return text, related(asked, text, false)
	}
	if fault, ok := errors.AsType[*Fault](readEnvelope(text, nil)); ok {
		if err := related(asked, text, true); err != nil {
			return "", err
		}
		fault.Status = got.status
		return "", fault
	}
	return "", &Fault{Kind: NotWSMan, Status: got.status, Reason: fmt.Sprintf("HTTP %d without a fault", got.status)}
}

// opened returns what a reply says, out of its seal where one has to be. A reply
// in clear is then not looked at: anybody on the way could have written it.
func (t *transport) opened(got *reply) (contentType string, body []byte, err error) {
	contentType = got.header.Get("Content-Type")
	if !t.seals() {
		return contentType, got.body, nil
	}
	bad := func(err error) error {
		return &Fault{Kind: NotWSMan, Status: got.status, Reason: clean(fmt.Sprintf("HTTP %d: %v", got.status, err))}
	}
	sealed, err := unwrapSealed(contentType, got.body)
	if err != nil {
		return "", nil, bad(err)
	}
	plain, err := t.proof.Open(sealed.signature, sealed.sealed)
	if err != nil {
		return "", nil, bad(fmt.Errorf("opening a sealed reply: %w", err))
	}
	if len(plain) != sealed.size {
		return "", nil, bad(fmt.Errorf("a sealed reply of %d bytes that announced %d", len(plain), sealed.size))
	}
	return sealed.contentType, plain, nil
}
