package lab

import (
	"slices"
	"sync"

	"postpatch/probes/lab/directory"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/kerberos"
)

// ldapPorts are where a host answers as a directory.
func ldapPorts(h estate.Host) []int {
	switch {
	case h.LDAP == nil:
		return nil
	case len(h.LDAP.Ports) == 0:
		return []int{389}
	default:
		return h.LDAP.Ports
	}
}

func (m *machine) addLDAP(h estate.Host) {
	for _, port := range ldapPorts(h) {
		m.add(tcp(port), func(h estate.Host) bool {
			return slices.Contains(ldapPorts(h), port) && h.LDAP.Fault != estate.Refuse
		}, fresh{func() server {
			s := directory.New(m.host, m.certs, port)
			if m.tickets != nil {
				s.Kerberos = func(bindings []byte) directory.Acceptor {
					policy := ""
					if l := m.host().LDAP; l != nil {
						policy = l.Binding
					}
					return m.tickets(policy)(bindings)
				}
			}
			return s
		}})
	}
}

// acceptors make the Kerberos side of a host's services, by what they want of channel
// bindings; nil without a realm.
func (l *Lab) acceptors(h estate.Host) func(policy string) func([]byte) *kerberos.Acceptor {
	if l.domain == nil {
		return nil
	}
	var mu sync.Mutex
	services := map[string]*kerberos.Service{}
	return func(policy string) func([]byte) *kerberos.Acceptor {
		return func(bindings []byte) *kerberos.Acceptor {
			mu.Lock()
			defer mu.Unlock()
			if services[policy] == nil {
				strictness := map[string]kerberos.Policy{
					"": kerberos.NoBindings, "allowed": kerberos.Relaxed, "required": kerberos.Strict,
				}[policy]
				service, err := kerberos.NewService(l.domain.kdc.Keytab("HTTP/"+h.Name), strictness, nil)
				if err != nil {
					return nil
				}
				services[policy] = service
			}
			return services[policy].Acceptor(bindings)
		}
	}
}
