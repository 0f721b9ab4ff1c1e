package suites

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes/host"
)

// LoadCredentials reads the operator's credentials file, unless trust, where it
// is not nil, has an error for it: the file may name programs to run. Secrets are
// asked for only when they are needed. No problem shows a line of the file.
func LoadCredentials(
	file string, trust func(fs.FileInfo) error, secrets func(SecretRef) (host.Secret, error),
) (*Credentials, []Problem) {
	r := reader{file: file, found: &problems{}, secret: true, trust: trust}
	c := &Credentials{File: file, secrets: secrets}
	if data, ok := r.bytes(); ok {
		c.rules = r.credentials(data)
	}
	if list := r.found.sorted(); len(list) > 0 {
		return nil, list
	}
	return c, nil
}

func (r reader) credentials(data []byte) []*credential {
	root := r.document(data)
	if root == nil {
		return nil
	}
	top, ok := r.object(root, "the credentials file")
	if !ok {
		return nil
	}
	if r.another(top, "a credentials file", "credentials") {
		return nil
	}
	r.known(top, "the credentials file", "credentials")
	e, found := top.get("credentials")
	if !found {
		r.hintf(root, "postpatch explain credentials", "the file has no credentials")
		return nil
	}
	elems, ok := r.list(e.value, "credentials")
	if ok && len(elems) == 0 {
		r.errorf(e.value, "credentials: the list is empty")
	}
	var rules []*credential
	seen := map[claim]claimed{}
	for i, n := range elems {
		what := fmt.Sprintf("credentials[%d]", i)
		if o, ok := r.object(n, what); ok {
			rule, hosts := r.credential(o, what)
			r.rivals(seen, rule, hosts, what)
			rules = append(rules, rule)
		}
	}
	return rules
}

// credential reads an entry; hosts are the nodes of its patterns.
func (r reader) credential(o object, what string) (rule *credential, hosts []*yaml.Node) {
	r.known(o, what, append(proofKinds(), "hosts", "for", "user", "transport", "winrm", "ssh", "sql", "mail")...)
	rule = &credential{place: r.place(o.node)}
	rule.bySSH = r.oneOf(o, what, "transport", []string{transportWinRM, transportSSH}) == transportSSH
	proofs := r.proof(rule, o, what)
	if e, found := o.get("hosts"); found {
		hosts = r.texts(e.value, what+".hosts")
		for _, n := range hosts {
			rule.hosts = append(rule.hosts, n.Value)
		}
	} else {
		r.hintf(o.node, "postpatch explain credentials", "%s: hosts is missing", what)
	}
	r.uses(rule, o, what)
	if e, found := o.get("user"); found {
		rule.user, _ = r.text(e.value, what+".user")
		if rule.proof.kind == byCurrentUser || rule.proof.kind == byToken {
			r.hintf(e.key, "leave it out", "%s.user: has no effect with %s", what, rule.proof.kind)
		}
	} else if !rule.isUserless() &&
		(len(proofs) == 0 || slices.Contains([]proofKind{byPassword, byKeytab, byKey, byAgent}, rule.proof.kind)) {
		r.hintf(o.node, "postpatch explain credentials", "%s: user is missing", what)
	}
	if rule.bySSH {
		r.ssh(rule, o, what)
	} else {
		r.settings(rule, o, what)
		r.notSSH(rule, o, what)
	}
	r.sqlSettings(rule, o, what)
	r.mail(rule, o, what)
	r.directories(rule, hosts, what)
	return rule, hosts
}

// uses are what credentials can be for.
func uses() []string {
	return []string{
		"winrm", transportSSH, "sql", forMail, forDirectory, forShares, forTickets, forSNMP, forRADIUS, forRADIUSUser,
	}
}

// usesOf are what a proof can be for.
func usesOf(kind proofKind) []string {
	switch kind {
	case byToken, byManagedIdentity, byWorkloadIdentity:
		return []string{"sql"}
	case byKey, byAgent:
		return []string{"winrm"}
	case byPassword:
		return uses()
	case byCurrentUser:
		return []string{"winrm", "sql", forMail}
	default:
		return []string{"winrm", "sql"}
	}
}

// uses reads what an entry is for.
func (r reader) uses(rule *credential, o object, what string) {
	e, found := o.get("for")
	if rule.named = found; !found {
		rule.uses = slices.DeleteFunc(usesOf(rule.proof.kind), hasToBeSaid)
		if rule.proof.kind == byCertificate { // one for WinRM, unless it is said to be for Entra ID
			rule.uses = []string{"winrm"}
		}
		return
	}
	for _, n := range r.texts(e.value, what+".for") {
		switch {
		case n.Value == transportSSH && rule.bySSH: // how its session is called
			rule.uses = append(rule.uses, "winrm")
		case n.Value == transportSSH:
			r.hintf(n, "add transport: ssh", "%s.for: the entry asks its hosts over WinRM", what)
		case n.Value == "winrm" && rule.bySSH:
			r.hintf(n, "write for: ssh, or leave out transport: ssh", "%s.for: the entry asks its hosts over SSH", what)
		case !slices.Contains(uses(), n.Value):
			// What stands there may be a secret in the wrong place.
			r.hintf(n, suggest(n.Value, uses()),
				"%s.for: want winrm, ssh, sql, mail, ldap, smb, kerberos, snmp, radius or radius_user, got something else", what)
		case !slices.Contains(usesOf(rule.proof.kind), n.Value):
			hint := "give " + n.Value + " an entry of its own"
			if hasToBeSaid(n.Value) {
				hint += ", with a password"
			}
			r.hintf(n, hint, "%s.for: %s cannot use %s", what, n.Value, rule.proof.kind)
		default:
			rule.uses = append(rule.uses, n.Value)
		}
	}
}

// proof reads by what an entry proves its user, and returns all that it names.
func (r reader) proof(rule *credential, o object, what string) []entry {
	var given []entry
	for _, e := range o.entries {
		if !slices.Contains(proofKinds(), e.name()) {
			continue
		}
		given = append(given, e)
		rule.proof.kind = proofKind(e.name())
		r.oneProof(&rule.proof, e, what+"."+e.name())
	}
	switch {
	case len(given) == 0:
		rule.proof.kind = byPassword
		r.hintf(o.node, "or one of "+strings.Join(proofKinds()[1:], ", ")+" instead", "%s: password is missing", what)
	case len(given) > 1:
		r.hintf(given[1].key, "keep one of them", "%s: want one of %s, got %d", what,
			strings.Join(proofKinds(), ", "), len(given))
	}
	return given
}

func (r reader) oneProof(p *proof, e entry, what string) {
	switch p.kind {
	case byPassword, byToken:
		p.secret.ref, p.secret.brief = r.secretRef(e.value, what), p.kind == byToken
	case byKeytab, byCCache:
		if path, ok := r.text(e.value, what); ok {
			p.secret.ref = SecretRef{File: r.beside(path), Form: KeyFile}
		}
	case byCertificate:
		p.certificate.ref.Form, p.secret.ref.Form = PublicFile, KeyFile
		o, ok := r.object(e.value, what)
		if !ok {
			return
		}
		r.known(o, what, "cert", "key")
		for name, ref := range map[string]*SecretRef{"cert": &p.certificate.ref, "key": &p.secret.ref} {
			if e, found := o.get(name); !found {
				r.hintf(o.node, "write certificate: {cert: path, key: path}", "%s: %s is missing", what, name)
			} else if path, ok := r.text(e.value, what+"."+name); ok {
				ref.File = r.beside(path)
			}
		}
	case byKey:
		r.key(p, e, what)
	case byCurrentUser, byManagedIdentity, byWorkloadIdentity, byAgent:
		if e.value.Kind != yaml.ScalarNode || e.value.Value != "true" {
			r.hintf(e.value, "leave it out where it is not so", "%s: want true", what)
		}
	}
}

// beside is a path relative to the file that names it.
func (r reader) beside(path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(r.file), path)
}
