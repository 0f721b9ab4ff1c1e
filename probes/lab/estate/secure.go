package estate

import (
	"crypto/tls"
	"slices"

	"gopkg.in/yaml.v3"
)

// Secure is a port at which TLS begins at once, and which says nothing within it.
type Secure struct {
	Cert TLS `yaml:"cert"`
	// Versions are those that it takes, the newest of a client's first; 1.2 and 1.3 when
	// there are none.
	Versions []string `yaml:"versions" oneof:"1.0,1.1,1.2,1.3"`
	// Ciphers are the suites that it takes up to TLS 1.2, by IANA's names; Go's own choice
	// when there are none.
	Ciphers []string `yaml:"ciphers"`
	// ALPN are the protocols that it knows. It begins without one where a client has none
	// of them.
	ALPN []string `yaml:"alpn"`
	// Staple is what it brings along of OCSP; nothing when empty.
	Staple string `yaml:"staple" oneof:"good,revoked,unknown,expired,garbage"`
	// Fault is what is wrong with it; an error is an alert in place of a session.
	Fault Fault `yaml:"fault"`
}

// OCSP is the responder of the lab's CA, by plain HTTP.
type OCSP struct {
	Port int `yaml:"port"` // 80 when 0
	// Status is what it says of each certificate; "good" when empty. Expired is a good
	// one of two days ago.
	Status string `yaml:"status" oneof:"good,revoked,unknown,expired,garbage,later"`
	Fault  Fault  `yaml:"fault"`
}

// Suite finds a cipher suite by its name.
func Suite(name string) (id uint16, found bool) {
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if suite.Name == name {
			return suite.ID, true
		}
	}
	return 0, false
}

// checkSecure looks at ports with TLS.
func (p *parser) checkSecure(at *yaml.Node, h Host) {
	for port, s := range h.TLS {
		if port < 1 || port > 65535 {
			p.problemf(at, "tls: %d is no port", port)
		}
		for _, name := range s.Ciphers {
			if _, found := Suite(name); !found {
				p.problemf(at, "tls: %d: ciphers: the lab has no %q", port, name)
			}
		}
	}
	if h.OCSP != nil && (h.OCSP.Port < 0 || h.OCSP.Port > 65535) {
		p.problemf(at, "ocsp: %d is no port", h.OCSP.Port)
	}
}
