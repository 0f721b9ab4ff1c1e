package lab

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/go-krb5/krb5/iana/etypeID"

	"postpatch/probes/host"
	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/kerberos"
)

// addKDC makes the doors of a domain controller's Kerberos.
func (m *machine) addKDC() {
	if m.kdc == nil {
		return
	}
	for _, transport := range []string{"tcp", "udp"} {
		m.add(transport+"/88", func(h estate.Host) bool {
			return h.KDC != nil && h.KDC.On(transport) != estate.Refuse
		}, fresh{func() server { return &controller{conns.New(), m.host, m.kdc} }})
	}
}

// controllerOf is a host's KDC: one of the domain, by the host's own clock and policy.
func (l *Lab) controllerOf(now func() estate.Host) *kerberos.KDC {
	if l.domain == nil {
		return nil
	}
	return l.domain.kdc.Controller(
		func() time.Time { return time.Now().Add(now().OS.Clock) },
		func() []int32 {
			if h := now(); h.KDC != nil {
				return encryptions(h.KDC.Encryption...)
			}
			return nil
		})
}

// encryptions are the numbers of kinds of encryption.
func encryptions(names ...string) []int32 {
	numbers := map[string]int32{
		"aes256": etypeID.AES256_CTS_HMAC_SHA1_96, "aes128": etypeID.AES128_CTS_HMAC_SHA1_96, "rc4": etypeID.RC4_HMAC,
	}
	var all []int32
	for _, name := range names {
		all = append(all, numbers[name])
	}
	return all
}

// domainUsers are the accounts that a host's KDC has of its own, by their names.
func domainUsers(h estate.Host) []kerberos.Account {
	if h.KDC == nil {
		return nil
	}
	var accounts []kerberos.Account
	for _, name := range slices.Sorted(maps.Keys(h.KDC.Users)) {
		user := h.KDC.Users[name]
		accounts = append(accounts, kerberos.Account{
			Name: name, Password: host.NewSecret(cmp.Or(user.Password, "lab")), SPNs: user.SPNs,
			EncTypes: encryptions(user.Encryption...),
			State: map[string]kerberos.State{
				"disabled": kerberos.Disabled, "locked": kerberos.Locked, "expired": kerberos.Expired,
				"password-expired": kerberos.PasswordExpired,
			}[user.State],
		})
	}
	return accounts
}

// controller is a KDC behind a door, with the faults of its host.
type controller struct {
	*conns.Group

	host func() estate.Host
	kdc  *kerberos.KDC
}

func (c *controller) fault(transport string) estate.Fault {
	if h := c.host(); h.KDC != nil {
		return h.KDC.On(transport)
	}
	return estate.Drop
}

// Serve implements server.
func (c *controller) Serve(ln net.Listener) error {
	return c.Group.Serve(ln, func(ctx context.Context, conn net.Conn) {
		if !conns.Wait(ctx, c.host().Think) {
			return
		}
		switch c.fault("tcp") {
		case estate.Drop, estate.Refuse:
		case estate.Silent:
			conns.Mute(conn)
		case estate.Garbage:
			_, _ = conn.Write(conns.Noise(512))
			conns.Mute(conn)
		case estate.Endless:
			conns.Endless(ctx, conn, conns.Noise(512))
		case estate.Error:
			if err := kerberos.Write(conn, c.kdc.Unavailable()); err == nil {
				conns.Mute(conn)
			}
		default:
			c.kdc.ServeConn(ctx, conn)
		}
	})
}

// ServePacket implements packetHandler.
func (c *controller) ServePacket(pc net.PacketConn) error {
	if !c.Keep(pc) {
		return nil
	}
	defer c.Release(pc)
	buffer := make([]byte, 64<<10)
	for {
		n, from, err := pc.ReadFrom(buffer)
		switch {
		case c.Context().Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil, !conns.Wait(c.Context(), c.host().Think): // an ICMP error about an earlier answer
			continue
		}
		var answer []byte
		switch c.fault("udp") {
		case estate.Silent, estate.Drop, estate.Refuse:
			continue
		case estate.Garbage, estate.Endless:
			answer = conns.Noise(512)
		case estate.Error:
			answer = c.kdc.Unavailable()
		default:
			answer = c.kdc.AnswerPacket(buffer[:n])
		}
		_, _ = pc.WriteTo(answer, from) // a client that is gone asks no more
	}
}
