package suites

import (
	"fmt"

	"postpatch/probes/host"
)

// WinRMSettings says how WinRM is reached on a host, or that SSH is in its place.
type WinRMSettings struct {
	SSH *SSHSettings // where it is set nothing else counts: transport: ssh

	TLS        bool
	Port       int    // 5986 with TLS, 5985 without, unless the file says otherwise
	Insecure   bool   // do not check the server's certificate
	CAFile     string // trust only what this file's certificates sign; "" for the system's
	AllowPlain bool   // Basic without TLS, with the password readable: for a lab
	Auth       string // negotiate, kerberos, ntlm, basic or certificate; never empty
	SPN        string // the service's Kerberos name, like HTTP/name; "" for that of the host
	Krb5Conf   string // a krb5.conf file's path; "" for the system's
	SnapIn     bool   // Exchange's commands are run by its snap-in, and not at its endpoint
}

// Credentials is the operator's own file: which user goes to which host. No
// suite and no plan can choose another. It may be used by many goroutines.
type Credentials struct {
	File    string
	rules   []*credential
	secrets func(SecretRef) (host.Secret, error)
}

// credential is one entry of the file.
type credential struct {
	place string   // file and line, for messages
	hosts []string // globs
	uses  []string // those that its proof can serve, where the entry names none
	named bool     // whether the entry names its uses
	user  string
	proof proof
	winrm WinRMSettings
	bySSH bool // transport: ssh
	sql   SQLSettings
	mail  *host.Mail
}

// For returns the credential for a use ("winrm", "sql") of a host: that of the
// entry that fits best, the errors being that there is none, that two fit
// equally well, and that its secret cannot be read. Secrets are read when they
// are first needed, and then kept.
func (c *Credentials) For(hostName, use string) (host.Credential, error) {
	rule, err := c.choose(hostName, use)
	if err != nil {
		return host.Credential{}, err
	}
	credential, err := rule.proof.read(c.secrets)
	if err != nil {
		return host.Credential{}, fmt.Errorf("entering as the entry at %s says: %w", rule.place, err)
	}
	how, _ := rule.fits(hostName, use)
	credential.User, credential.Mail, credential.Named = rule.user, rule.mail, how.exact
	return credential, nil
}

// WinRM returns the connection settings of the entry that For takes for the use
// "winrm", and the common ones where For has an error.
func (c *Credentials) WinRM(hostName string) WinRMSettings {
	if rule, err := c.choose(hostName, "winrm"); err == nil {
		return rule.winrm
	}
	return WinRMSettings{}.complete(byPassword)
}

func (c *Credentials) file() string {
	if c == nil || c.File == "" {
		return "the credentials file"
	}
	return c.File
}
