package lab

import (
	"cmp"
	"math/big"
	"time"

	"golang.org/x/crypto/ocsp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/secure"
)

// addSecure makes the doors of ports with TLS, and of the responder.
func (m *machine) addSecure(h estate.Host) {
	for port := range h.TLS {
		m.add(tcp(port), func(h estate.Host) bool {
			s, open := h.TLS[port]
			return open && s.Fault != estate.Refuse
		}, fresh{func() server { return secure.New(m.host, m.certs, m.status, port) }})
	}
	if h.OCSP == nil {
		return
	}
	port := cmp.Or(h.OCSP.Port, 80)
	m.add(tcp(port), func(h estate.Host) bool {
		return h.OCSP != nil && cmp.Or(h.OCSP.Port, 80) == port && h.OCSP.Fault != estate.Refuse
	}, fresh{func() server { return secure.NewResponder(m.host, m.status) }})
}

// status is what the authority says of a certificate, for a day from some time on.
func (a *authority) status(serial *big.Int, status int, from time.Time) ([]byte, error) {
	from = from.UTC().Truncate(time.Minute)
	return ocsp.CreateResponse(a.cert, a.cert, ocsp.Response{
		Status: status, SerialNumber: serial, RevokedAt: from, ThisUpdate: from, NextUpdate: from.Add(24 * time.Hour),
	}, a.key)
}
