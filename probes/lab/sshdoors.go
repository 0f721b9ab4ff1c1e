package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	"strings"

	xssh "golang.org/x/crypto/ssh"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/ssh"
)

// addSSH makes the door of OpenSSH, with a host key of the machine's own.
func (m *machine) addSSH() {
	if m.hostKey == nil {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return // crypto/rand never fails
		}
		if m.hostKey, err = xssh.NewSignerFromKey(private); err != nil {
			return
		}
	}
	m.add(tcp(22), func(h estate.Host) bool { return h.SSH != nil && h.SSH.Fault != estate.Refuse },
		fresh{func() server { return ssh.New(m.host, m.hostKey, m.certs) }})
}

// HostKey returns the key that a host shows over SSH, as the line of a .pub file; "" for
// one without SSH.
func (l *Lab) HostKey(host string) string {
	for i, h := range l.now.Load().hosts {
		if strings.EqualFold(h.Name, host) && i < len(l.machines) && l.machines[i].hostKey != nil {
			return strings.TrimSpace(string(xssh.MarshalAuthorizedKey(l.machines[i].hostKey.PublicKey())))
		}
	}
	return ""
}

// KnownHosts returns the keys of all hosts with SSH, as a known_hosts file.
func (l *Lab) KnownHosts() []byte {
	var lines strings.Builder
	for _, h := range l.now.Load().hosts {
		if key := l.HostKey(h.Name); key != "" {
			lines.WriteString(strings.ToLower(h.Name) + " " + key + "\n")
		}
	}
	return []byte(lines.String())
}
