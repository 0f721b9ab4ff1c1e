package suites

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"postpatch/probes/host"
)

// SecretRef says where a secret is kept; one of its fields is set.
type SecretRef struct {
	Env  string // an environment variable's name
	File string // a file's path
}

// String names the source, never the secret.
func (s SecretRef) String() string {
	if s.Env != "" {
		return "environment variable " + s.Env
	}
	return "file " + s.File
}

// WinRMSettings says how WinRM is reached on a host.
type WinRMSettings struct {
	TLS        bool
	Port       int    // 5986 with TLS, 5985 without, unless the file says otherwise
	Insecure   bool   // do not check the server's certificate
	CAFile     string // trust only what this file's certificates sign; "" for the system's
	AllowPlain bool   // go without TLS, with the password readable: for a lab
}

// Credentials is the operator's own file: which user goes to which host. No
// suite and no plan can choose another. It may be used by many goroutines.
type Credentials struct {
	File    string
	rules   []*credential
	secrets func(SecretRef) (string, error)
}

// credential is one entry of the file.
type credential struct {
	hosts []string // globs
	uses  []string // nil for every use
	user  string
	ref   SecretRef
	winrm WinRMSettings

	mu     sync.Mutex
	secret *host.Secret // once it was read
}

// For returns the credential for a use ("winrm", "sql") of a host: that of the
// first entry that fits. The secret is read when it is first needed.
func (c *Credentials) For(hostName, use string) (host.Credential, error) {
	rule := c.first(hostName, use)
	if rule == nil {
		return host.Credential{}, fmt.Errorf("no credential for %s on %q: add an entry with hosts: %q and for: [%s] to %s",
			use, hostName, hostName, use, c.file())
	}
	secret, err := rule.read(c.secrets)
	if err != nil {
		return host.Credential{}, fmt.Errorf("reading the password for %s on %q from %s: %w", use, hostName, rule.ref, err)
	}
	return host.Credential{User: rule.user, Password: secret}, nil
}

// WinRM returns the connection settings of the entry that For takes for the use
// "winrm", and the common ones where no entry fits.
func (c *Credentials) WinRM(hostName string) WinRMSettings {
	if rule := c.first(hostName, "winrm"); rule != nil {
		return rule.winrm
	}
	return WinRMSettings{}.complete()
}

func (c *Credentials) file() string {
	if c == nil || c.File == "" {
		return "the credentials file"
	}
	return c.File
}

func (c *Credentials) first(hostName, use string) *credential {
	if c == nil { // no file is like an empty one
		return nil
	}
	for _, rule := range c.rules {
		fits := func(pattern string) bool { return glob(pattern, hostName) }
		if slices.ContainsFunc(rule.hosts, fits) && (rule.uses == nil || slices.Contains(rule.uses, use)) {
			return rule
		}
	}
	return nil
}

func (r *credential) read(secrets func(SecretRef) (string, error)) (host.Secret, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.secret != nil {
		return *r.secret, nil
	}
	if secrets == nil {
		return host.Secret{}, errors.New("nothing reads secrets here")
	}
	text, err := secrets(r.ref)
	if err != nil {
		return host.Secret{}, err
	}
	if r.ref.File != "" { // editors and echo end a file with a new line
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	}
	if text == "" {
		return host.Secret{}, errors.New("it is empty or not set")
	}
	secret := host.NewSecret(text)
	r.secret = &secret
	return secret, nil
}

func (w WinRMSettings) complete() WinRMSettings {
	switch {
	case w.Port != 0:
	case w.TLS:
		w.Port = 5986
	default:
		w.Port = 5985
	}
	return w
}
