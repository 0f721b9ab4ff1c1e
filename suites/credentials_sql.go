package suites

import (
	"encoding/hex"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// SQLSettings says how SQL Server is entered on a host.
type SQLSettings struct {
	Auth     string // sql, ntlm, kerberos, negotiate or entra; never empty
	Encrypt  string // strict, true, false or disable; never empty
	Insecure bool   // do not check the server's certificate
	CAFile   string // trust only what this file's certificates sign; "" for the system's
	Pin      []byte // the SHA-256 of the one certificate to trust; nil for none
	PinFile  string // or a file with it
	TLSMin   string // 1.0, 1.1, 1.2 or 1.3; "" for 1.2
	SPN      string // the service's Kerberos name; "" for MSSQLSvc/ with the host's name and port
	Krb5Conf string // a krb5.conf file's path; "" for the system's
	Unbound  bool   // leave out the channel binding
	Tenant   string // of Entra ID
	// Identity is what Entra ID proves where it is no secret: managed_identity,
	// workload_identity or token; "" otherwise.
	Identity string
}

// SQL returns the settings of the entry that For takes for the use "sql", and the common
// ones where For has an error.
func (c *Credentials) SQL(hostName string) SQLSettings {
	if rule, err := c.choose(hostName, "sql"); err == nil {
		return rule.sql
	}
	return SQLSettings{}.complete(&credential{proof: proof{kind: byPassword}})
}

// The ways to log in to SQL Server beside those of WinRM.
const (
	authSQL   = "sql"
	authEntra = "entra"
)

// The ways of encryption.
const (
	encryptTrue    = "true"
	encryptStrict  = "strict"
	encryptFalse   = "false"
	encryptDisable = "disable"
)

// sqlAuths lists the ways to log in that a proof can go; all of them for "".
func sqlAuths(kind proofKind) []string {
	switch kind {
	case byPassword:
		return []string{authSQL, authNegotiate, authKerberos, authNTLM, authEntra}
	case byKeytab, byCCache:
		return []string{authNegotiate, authKerberos}
	case byCurrentUser:
		return []string{authNegotiate, authKerberos, authNTLM}
	case byCertificate, byToken, byManagedIdentity, byWorkloadIdentity:
		return []string{authEntra}
	default:
		return []string{authSQL, authNegotiate, authKerberos, authNTLM, authEntra}
	}
}

// complete sets what the file leaves open.
func (s SQLSettings) complete(rule *credential) SQLSettings {
	switch kind := rule.proof.kind; {
	case s.Auth != "":
	case kind == byPassword && !strings.ContainsAny(rule.user, `\@`):
		s.Auth = authSQL
	case kind == byCertificate, kind == byToken, kind == byManagedIdentity, kind == byWorkloadIdentity:
		s.Auth = authEntra
	default:
		s.Auth = authNegotiate
	}
	if s.Encrypt == "" {
		s.Encrypt = encryptTrue
	}
	if slices.Contains([]proofKind{byToken, byManagedIdentity, byWorkloadIdentity}, rule.proof.kind) {
		s.Identity = string(rule.proof.kind)
	}
	return s
}

// sqlSettings reads an entry's sql, and what of it does not go together.
func (r reader) sqlSettings(rule *credential, o object, what string) {
	var at object
	e, found := o.get("sql")
	if found {
		if at, found = r.object(e.value, what+".sql"); found {
			rule.sql = r.sql(at, what+".sql")
		}
	}
	rule.sql = rule.sql.complete(rule)
	forSQL := slices.Contains(rule.uses, "sql")
	if found && !forSQL {
		r.hintf(e.key, "leave it out, or write for: sql", "%s.sql: has no effect, the entry is not for sql", what)
		return
	}
	if !forSQL || rule.sql.Auth == authUnknown || rule.sql.Encrypt == authUnknown {
		return
	}
	r.sqlProof(rule, o, what)
	r.sqlTrust(at, rule.sql, what+".sql")
	r.sqlNames(at, rule.sql, what+".sql")
}

// sql reads the settings one by one.
func (r reader) sql(o object, what string) SQLSettings {
	var s SQLSettings
	r.known(o, what, "auth", "encrypt", "insecure", "ca_file", "pin", "tls_min", "spn", "krb5_conf", "channel_binding",
		"tenant")
	if e, found := o.get("insecure"); found {
		s.Insecure = r.bool(e.value, what+".insecure")
	}
	if e, found := o.get("channel_binding"); found {
		s.Unbound = !r.bool(e.value, what+".channel_binding")
	}
	for name, set := range map[string]*string{"ca_file": &s.CAFile, "krb5_conf": &s.Krb5Conf} {
		if e, found := o.get(name); found {
			if path, ok := r.text(e.value, what+"."+name); ok {
				*set = r.beside(path)
			}
		}
	}
	s.Auth = r.oneOf(o, what, "auth", sqlAuths(""))
	s.Encrypt = r.oneOf(o, what, "encrypt", []string{encryptTrue, encryptStrict, encryptFalse, encryptDisable})
	s.TLSMin = r.oneOf(o, what, "tls_min", []string{"1.0", "1.1", "1.2", "1.3"})
	if e, found := o.get("tenant"); found {
		s.Tenant, _ = r.text(e.value, what+".tenant")
		if strings.ContainsAny(s.Tenant, "/ \t") {
			r.hintf(e.value, "write tenant: contoso.onmicrosoft.com, or its id", "%s.tenant: want a tenant's name", what)
		}
	}
	if e, found := o.get("spn"); found {
		s.SPN, _ = r.text(e.value, what+".spn")
		class, name, ok := strings.Cut(s.SPN, "/")
		if s.SPN != "" && (!ok || class == "" || name == "" || strings.ContainsAny(s.SPN, " \t@")) {
			r.hintf(e.value, "write spn: MSSQLSvc/sql01.corp.example.org:1433", "%s.spn: want a service and a name", what)
		}
	}
	if e, found := o.get("pin"); found {
		s.Pin, s.PinFile = r.pin(e.value, what+".pin")
	}
	return s
}

// oneOf reads a word; what is none of those is authUnknown, and refused already.
func (r reader) oneOf(o object, what, name string, words []string) string {
	e, found := o.get(name)
	if !found {
		return ""
	}
	word, ok := r.text(e.value, what+"."+name)
	if ok && slices.Contains(words, word) {
		return word
	}
	if ok {
		last := len(words) - 1
		r.hintf(e.value, suggest(word, words), "%s.%s: want %s or %s, got something else", what, name,
			strings.Join(words[:last], ", "), words[last])
	}
	return authUnknown
}

// pin reads a certificate's SHA-256, as tools write it, or the path of its file.
func (r reader) pin(n *yaml.Node, what string) (sum []byte, file string) {
	text, ok := r.text(n, what)
	if !ok {
		return nil, ""
	}
	digits := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(text))
	digits = strings.TrimPrefix(digits, "sha256")
	sum, err := hex.DecodeString(digits)
	const sha1Size, sha256Size = 20, 32
	switch {
	case err != nil:
		return nil, r.beside(text)
	case len(sum) == sha256Size:
		return sum, ""
	case len(sum) == sha1Size:
		r.hintf(n, "write the certificate's SHA-256, or the path of its file",
			"%s: this is a thumbprint of SHA-1, which can be forged", what)
	default:
		r.hintf(n, "write 64 hexadecimal digits, or the path of the certificate's file",
			"%s: want the SHA-256 of a certificate", what)
	}
	return nil, ""
}

// sqlProof reports a way to log in that the proof cannot go.
func (r reader) sqlProof(rule *credential, o object, what string) {
	proof, _ := o.get(string(rule.proof.kind))
	at, auth := object{}, rule.sql.Auth
	if e, found := o.get("sql"); found {
		at, _ = r.object(e.value, what+".sql")
	}
	authAt, given := at.get("auth")
	if proof.key == nil {
		return
	}
	node, wrong := proof.key, what+"."+string(rule.proof.kind)
	if given {
		node, wrong = authAt.value, what+".sql.auth"
	}
	if !slices.Contains(sqlAuths(rule.proof.kind), auth) {
		r.hintf(node, "auth with "+string(rule.proof.kind)+": "+strings.Join(sqlAuths(rule.proof.kind), " or "),
			"%s: %s cannot use %s", wrong, auth, rule.proof.kind)
		return
	}
	if rule.proof.kind == byCertificate && rule.user == "" {
		r.hintf(proof.key, "write user: with the application's id", "%s: user is missing", what)
	}
	byApplication := rule.proof.kind == byPassword || rule.proof.kind == byCertificate
	if auth == authEntra && byApplication && rule.sql.Tenant == "" {
		r.hintf(node, "write sql: {auth: entra, tenant: contoso.onmicrosoft.com}", "%s.sql: tenant is missing", what)
	}
}

// sqlTrust reports what does not go together of encryption and certificates.
func (r reader) sqlTrust(o object, s SQLSettings, what string) {
	get := func(name string) entry { e, _ := o.get(name); return e }
	var trusts []entry
	for name, set := range map[string]bool{
		"insecure": s.Insecure, "ca_file": s.CAFile != "", "pin": s.Pin != nil || s.PinFile != "",
	} {
		if set {
			trusts = append(trusts, get(name))
		}
	}
	slices.SortFunc(trusts, func(a, b entry) int {
		return 1000*(a.key.Line-b.key.Line) + a.key.Column - b.key.Column
	})
	if len(trusts) > 1 {
		r.hintf(trusts[1].key, "keep one of insecure, ca_file and pin", "%s.%s: has no effect with %s", what,
			trusts[1].name(), trusts[0].name())
	}
	switch {
	case s.Encrypt == encryptDisable:
		for _, e := range append(trusts, get("tls_min"), get("channel_binding")) {
			if e.key != nil {
				r.hintf(e.key, "leave it out, or encrypt", "%s.%s: has no effect without encryption", what, e.name())
			}
		}
	case s.Encrypt == encryptStrict && s.Insecure:
		r.hintf(get("insecure").key, "say whom to trust by ca_file or pin",
			"%s.insecure: strict encryption always checks the certificate", what)
	case s.Encrypt == encryptStrict && (s.TLSMin == "1.0" || s.TLSMin == "1.1"):
		r.hintf(get("tls_min").value, "leave it out", "%s.tls_min: strict encryption begins with TLS 1.2", what)
	}
	if s.Auth != authEntra {
		return
	}
	if s.Encrypt == encryptDisable {
		r.hintf(get("encrypt").value, "leave it out",
			"%s.encrypt: a token of Entra ID never travels without encryption", what)
	}
	if s.Insecure {
		r.hintf(get("insecure").key, "say whom to trust by ca_file or pin",
			"%s.insecure: a token of Entra ID is for a server that is known: it is good for others, too", what)
	}
}

// sqlNames reports settings of one way to log in where it is another.
func (r reader) sqlNames(o object, s SQLSettings, what string) {
	for name, auths := range map[string][]string{
		"spn":             {authSQL, authEntra},
		"krb5_conf":       {authSQL, authEntra, authNTLM},
		"channel_binding": {authSQL, authEntra},
		"tenant":          {authSQL, authNegotiate, authKerberos, authNTLM},
	} {
		if e, found := o.get(name); found && slices.Contains(auths, s.Auth) {
			r.hintf(e.key, "leave it out", "%s.%s: has no effect with %s", what, name, s.Auth)
		}
	}
}
