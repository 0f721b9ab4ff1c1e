package suites

import (
	"net/mail"
	"slices"
	"strings"

	"postpatch/probes/host"
)

// forMail is the use of SMTP, IMAP, POP3 and what reads a mailbox over the web: a
// test mailbox. An entry serves it only by name, so that no administrator's password
// ever gets into a mail program's login.
const forMail = "mail"

// mail reads an entry's mail: how far its password may be trusted to a server.
func (r reader) mail(rule *credential, o object, what string) {
	e, found := o.get("mail")
	if !found {
		return
	}
	what += ".mail"
	if !slices.Contains(rule.uses, forMail) {
		r.hintf(e.key, "add for: mail", "%s: has no effect on an entry that is not for mail", what)
	}
	at, ok := r.object(e.value, what)
	if !ok {
		return
	}
	rule.mail = &host.Mail{}
	r.known(at, what, "address", "names", "insecure", "allow_plain", "auth", "channel_binding", "krb5_conf")
	for name, set := range map[string]*bool{
		"insecure": &rule.mail.Insecure, "allow_plain": &rule.mail.AllowPlain,
	} {
		if e, found := at.get(name); found {
			*set = r.bool(e.value, what+"."+name)
		}
	}
	if word := r.oneOf(at, what, "auth", []string{authNegotiate, authKerberos, authNTLM, authBasic}); word != authUnknown {
		rule.mail.Auth = word
	}
	if rule.proof.kind == byCurrentUser && rule.mail.Auth == authBasic {
		r.hintf(e.key, "leave it out, or write negotiate", "%s.auth: %s has no password for basic", what, byCurrentUser)
	}
	if e, found := at.get("channel_binding"); found {
		rule.mail.Unbound = !r.bool(e.value, what+".channel_binding")
	}
	if e, found := at.get("krb5_conf"); found {
		if path, ok := r.text(e.value, what+".krb5_conf"); ok {
			rule.mail.Krb5Conf = r.beside(path)
		}
	}
	if e, found := at.get("names"); found {
		for _, n := range r.texts(e.value, what+".names") {
			if n.Value == "" || strings.ContainsAny(n.Value, "*?/: \t") {
				r.hintf(n, "write the name as the certificate has it, without *", "%s.names: want a server's name", what)
			}
			rule.mail.Names = append(rule.mail.Names, n.Value)
		}
	}
	if e, found := at.get("address"); found {
		if text, ok := r.text(e.value, what+".address"); ok {
			parsed, err := mail.ParseAddress(text)
			if err != nil || parsed.Address != text {
				r.hintf(e.value, "write address: probe@example.org", "%s.address: want a mail address alone", what)
			}
			rule.mail.Address = text
		}
	}
}
