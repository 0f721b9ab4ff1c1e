package suites

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// The words of transport, by which an entry says how its hosts are asked.
const (
	transportWinRM = "winrm"
	transportSSH   = "ssh"
)

// SSHSettings says how SSH is reached on a host, and by which key it is known.
type SSHSettings struct {
	Port int
	// KnownHosts are files of OpenSSH; none for the operator's own and the system's.
	KnownHosts []string
	// HostKeys are the keys of the host where it has an entry of its own, as
	// SHA256:… or as the line of a .pub file; with them KnownHosts does not count.
	HostKeys []string
	Agent    bool   // the operator's agent proves the user
	Identity string // by this one of its keys, as SHA256:…; "" for any
}

// sshPort is where SSH listens, unless the file says otherwise.
const sshPort = 22

// ssh reads the ssh of an entry with transport: ssh.
func (r reader) ssh(rule *credential, o object, what string) {
	s := &SSHSettings{Port: sshPort, Agent: rule.proof.kind == byAgent}
	rule.winrm = WinRMSettings{SSH: s}.complete(rule.proof.kind)
	if kind := rule.proof.kind; !slices.Contains([]proofKind{byPassword, byKey, byAgent}, kind) {
		if e, found := o.get(string(kind)); found {
			r.hintf(e.key, "write key, agent: true or password", "%s.%s: SSH cannot use it", what, kind)
		}
	}
	if e, found := o.get("winrm"); found {
		r.hintf(e.key, "leave out one of them", "%s.winrm: has no effect with transport: ssh", what)
	}
	e, found := o.get("ssh")
	if !found {
		return
	}
	what += ".ssh"
	at, ok := r.object(e.value, what)
	if !ok {
		return
	}
	r.known(at, what, "port", "known_hosts", "host_keys", "identity")
	if e, found := at.get("port"); found {
		port, ok := fact.Whole(e.value.Value)
		if e.value.Kind != yaml.ScalarNode || !ok || port < 1 || port > 65535 {
			r.errorf(e.value, "%s.port: want a whole number from 1 to 65535", what)
		}
		s.Port = int(port)
	}
	if e, found := at.get("known_hosts"); found {
		for _, n := range r.texts(e.value, what+".known_hosts") {
			s.KnownHosts = append(s.KnownHosts, r.beside(n.Value))
		}
	}
	r.hostKeys(s, at, rule, what)
	r.identity(s, at, what)
}

// hostKeys reads the keys that an entry names. They are of one host: with a pattern each
// host of it could take another one's place.
func (r reader) hostKeys(s *SSHSettings, at object, rule *credential, what string) {
	e, found := at.get("host_keys")
	if !found {
		return
	}
	key := regexp.MustCompile(`^(SHA256:[A-Za-z0-9+/]{43}=?|[a-z0-9@.-]+ [A-Za-z0-9+/]{16,}={0,2}( .*)?)$`)
	for _, n := range r.texts(e.value, what+".host_keys") {
		if !key.MatchString(n.Value) {
			r.hintf(n, "ssh-keygen -l -f ssh_host_ed25519_key.pub on the host prints it",
				"%s.host_keys: want SHA256:… or the line of a .pub file", what)
		}
		s.HostKeys = append(s.HostKeys, n.Value)
	}
	if len(rule.hosts) != 1 || strings.ContainsAny(rule.hosts[0], "*?") {
		r.hintf(e.key, "give the host an entry of its own, or write known_hosts: path",
			"%s.host_keys: want one host, since keys prove which one it is", what)
	}
	if other, found := at.get("known_hosts"); found {
		r.hintf(other.key, "keep one of them", "%s.known_hosts: has no effect with host_keys", what)
	}
}

func (r reader) identity(s *SSHSettings, at object, what string) {
	e, found := at.get("identity")
	if !found {
		return
	}
	s.Identity, _ = r.text(e.value, what+".identity")
	switch {
	case !regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`).MatchString(s.Identity):
		r.hintf(e.value, "ssh-add -l prints it", "%s.identity: want the SHA256:… of one of the agent's keys", what)
	case !s.Agent:
		r.hintf(e.key, "write agent: true", "%s.identity: has no effect without the agent", what)
	}
}

// notSSH reports what only SSH has, on an entry without it.
func (r reader) notSSH(rule *credential, o object, what string) {
	const hint = "add transport: ssh"
	if e, found := o.get("ssh"); found {
		r.hintf(e.key, hint, "%s.ssh: has no effect, the entry asks its hosts over WinRM", what)
	}
	if kind := rule.proof.kind; kind == byKey || kind == byAgent {
		if e, found := o.get(string(kind)); found {
			r.hintf(e.key, hint, "%s.%s: WinRM cannot use it", what, kind)
		}
	}
}

// key reads where a private key is kept, what opens it, and its certificate.
func (r reader) key(p *proof, e entry, what string) {
	p.secret.ref.Form, p.certificate.ref.Form = SSHFile, SSHPublicFile
	const hint = "write key: {file: path, passphrase: {env: NAME_OF_A_VARIABLE}}"
	if e.value.Kind != yaml.MappingNode {
		r.hintf(e.value, hint, "%s: want where the key is", what)
		return
	}
	o, ok := r.object(e.value, what)
	if !ok {
		return
	}
	r.known(o, what, "file", "passphrase", "certificate")
	if e, found := o.get("file"); !found {
		r.hintf(o.node, hint, "%s: file is missing", what)
	} else if path, ok := r.text(e.value, what+".file"); ok {
		p.secret.ref.File = r.beside(path)
	}
	if e, found := o.get("certificate"); found {
		if path, ok := r.text(e.value, what+".certificate"); ok {
			p.certificate.ref.File = r.beside(path)
		}
	}
	if e, found := o.get("passphrase"); found {
		p.passphrase.ref = r.secretRef(e.value, what+".passphrase")
	}
}

// isNamed says whether there is a source at all.
func (s SecretRef) isNamed() bool {
	return s.Env != "" || s.File != "" || len(s.Command) > 0 || s.Keyring != Keyring{}
}

// readKey reads what goes with a private key.
func (p *proof) readKey(key host.Secret, secrets func(SecretRef) (host.Secret, error)) (host.Credential, error) {
	c := host.Credential{Key: key}
	if p.passphrase.ref.isNamed() {
		passphrase, err := p.passphrase.read(secrets)
		if err != nil {
			return host.Credential{}, fmt.Errorf("reading the SSH key's passphrase from %s: %w", p.passphrase.ref, err)
		}
		c.Passphrase = passphrase
	}
	if p.certificate.ref.isNamed() {
		certificate, err := p.certificate.read(secrets)
		if err != nil {
			return host.Credential{}, fmt.Errorf("reading the SSH key's certificate from %s: %w", p.certificate.ref, err)
		}
		c.Certificate = []byte(certificate.Reveal())
		if len(c.Certificate) == 0 {
			return host.Credential{}, errors.New("the SSH key's certificate is empty")
		}
	}
	return c, nil
}
