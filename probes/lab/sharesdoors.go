package lab

import (
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/shares"
)

func (m *machine) addSMB() {
	m.add(tcp(445), func(h estate.Host) bool {
		return h.SMB != nil && h.SMB.Fault != estate.Refuse
	}, fresh{func() server {
		s := shares.New(m.host)
		if m.tickets != nil {
			s.Kerberos = func(bindings []byte) shares.Acceptor { return m.tickets("")(bindings) }
		}
		return s
	}})
}
