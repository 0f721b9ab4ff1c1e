package suites

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes/fact"
)

// The ways to log on to WinRM.
const (
	authNegotiate   = "negotiate"
	authKerberos    = "kerberos"
	authNTLM        = "ntlm"
	authBasic       = "basic"
	authCertificate = "certificate"
)

// auths lists the ways to log on that a proof can go; all of them for "".
func auths(kind proofKind) []string {
	switch kind {
	case byPassword:
		return []string{authNegotiate, authKerberos, authNTLM, authBasic}
	case byKeytab, byCCache:
		return []string{authNegotiate, authKerberos}
	case byCertificate:
		return []string{authCertificate}
	case byCurrentUser:
		return []string{authNegotiate, authKerberos, authNTLM}
	default:
		return []string{authNegotiate, authKerberos, authNTLM, authBasic, authCertificate}
	}
}

// settings reads an entry's winrm, and what of it does not go together.
func (r reader) settings(rule *credential, o object, what string) {
	var at object
	e, found := o.get("winrm")
	if found {
		if at, found = r.object(e.value, what+".winrm"); found {
			rule.winrm = r.winRM(at, what+".winrm")
		}
	}
	rule.winrm = rule.winrm.complete(rule.proof.kind)
	r.transport(at, rule.winrm, what+".winrm")
	if rule.winrm.Auth == authUnknown {
		return
	}
	r.tickets(at, rule.winrm, what+".winrm")
	proof, _ := o.get(string(rule.proof.kind))
	if proof.key == nil || !slices.Contains(rule.uses, "winrm") {
		return
	}
	auth, kind := rule.winrm.Auth, rule.proof.kind
	if !slices.Contains(auths(kind), auth) {
		node, wrong := proof.key, what+"."+string(kind)
		if e, given := at.get("auth"); given {
			node, wrong = e.value, what+".winrm.auth"
		}
		r.hintf(node, "auth with "+string(kind)+": "+strings.Join(auths(kind), " or "),
			"%s: %s cannot use %s", wrong, auth, kind)
	}
	if kind == byCertificate && !rule.winrm.TLS {
		r.hintf(proof.key, "add winrm: {tls: true}", "%s.certificate: a certificate is shown in TLS alone", what)
	}
}

// winRM reads the settings one by one.
func (r reader) winRM(o object, what string) WinRMSettings {
	var w WinRMSettings
	r.known(o, what, "tls", "port", "insecure", "ca_file", "allow_plain", "auth", "spn", "krb5_conf", "exchange")
	w.SnapIn = r.snapIn(o, what+".exchange")
	for name, set := range map[string]*bool{"tls": &w.TLS, "insecure": &w.Insecure, "allow_plain": &w.AllowPlain} {
		if e, found := o.get(name); found {
			*set = r.bool(e.value, what+"."+name)
		}
	}
	for name, set := range map[string]*string{"ca_file": &w.CAFile, "krb5_conf": &w.Krb5Conf} {
		if e, found := o.get(name); found {
			if path, ok := r.text(e.value, what+"."+name); ok {
				*set = r.beside(path)
			}
		}
	}
	if e, found := o.get("port"); found {
		port, ok := fact.Whole(e.value.Value)
		if e.value.Kind != yaml.ScalarNode || !ok || port < 1 || port > 65535 {
			r.errorf(e.value, "%s.port: want a whole number from 1 to 65535", what)
		}
		w.Port = int(port)
	}
	if e, found := o.get("spn"); found {
		w.SPN, _ = r.text(e.value, what+".spn")
		class, name, ok := strings.Cut(w.SPN, "/")
		if w.SPN != "" && (!ok || class == "" || name == "" || strings.ContainsAny(w.SPN, " \t@")) {
			r.hintf(e.value, "write spn: HTTP/srv01.corp.example.org", "%s.spn: want a service and a name", what)
		}
	}
	if e, found := o.get("auth"); found {
		w.Auth, _ = r.text(e.value, what+".auth")
		if all := auths(""); !slices.Contains(all, w.Auth) {
			if w.Auth != "" {
				r.hintf(e.value, suggest(w.Auth, all), "%s.auth: want %s or %s, got something else", what,
					strings.Join(all[:len(all)-1], ", "), all[len(all)-1])
			}
			w.Auth = authUnknown
		}
	}
	return w
}

// authUnknown is what was refused already.
const authUnknown = "?"

// transport reports what cannot be without TLS, or with it.
func (r reader) transport(o object, w WinRMSettings, what string) {
	for name, set := range map[string]bool{"insecure": w.Insecure, "ca_file": w.CAFile != ""} {
		if e, found := o.get(name); found && set && !w.TLS {
			r.hintf(e.key, "add tls: true", "%s.%s: has no effect without TLS", what, name)
		}
	}
	plain, found := o.get("allow_plain")
	switch {
	case !found || !w.AllowPlain:
		if auth, given := o.get("auth"); given && w.Auth == authBasic && !w.TLS {
			r.hintf(auth.value, "add tls: true or, in a lab, allow_plain: true",
				"%s.auth: basic without TLS sends the password readable", what)
		}
	case w.TLS:
		r.hintf(plain.key, "choose one of them", "%s.allow_plain: has no effect with TLS", what)
	case w.Auth != authBasic && w.Auth != authUnknown:
		r.hintf(plain.key, "leave it out, or write auth: basic",
			"%s.allow_plain: means Basic without TLS, and auth says otherwise", what)
	}
}

// tickets reports settings of Kerberos where there is none. NTLM takes a
// service's name, too.
func (r reader) tickets(o object, w WinRMSettings, what string) {
	without := map[string][]string{
		"spn":       {authBasic, authCertificate},
		"krb5_conf": {authBasic, authCertificate, authNTLM},
	}
	for name, auths := range without {
		if e, found := o.get(name); found && slices.Contains(auths, w.Auth) {
			r.hintf(e.key, "leave it out", "%s.%s: has no effect with %s", what, name, w.Auth)
		}
	}
}

// complete sets what the file leaves open.
func (w WinRMSettings) complete(kind proofKind) WinRMSettings {
	switch {
	case w.Auth != "":
	case kind == byCertificate:
		w.Auth = authCertificate
	case w.AllowPlain && !w.TLS:
		w.Auth = authBasic
	default:
		w.Auth = authNegotiate
	}
	switch {
	case w.Port != 0:
	case w.TLS:
		w.Port = 5986
	default:
		w.Port = 5985
	}
	return w
}

func (r reader) bool(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
		r.hintf(n, r.wayOut(n.Value, fact.TypeBool), "%s: want true or false", what)
		return false
	}
	return n.Value == "true"
}
