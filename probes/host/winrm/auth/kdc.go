package auth

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-krb5/krb5/config"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/messages"
)

const (
	mostKDCs = 4       // that are asked before a realm counts as silent
	mostAsks = 16      // at once: a burst of hosts must not make a KDC look dead
	maxReply = 1 << 18 // bytes of a KDC's reply; a full PAC has 64 KiB

	connectPatience = 3 * time.Second // what is dead shows here
	replyPatience   = 10 * time.Second
)

// kdcs asks the KDCs of realms, over TCP alone: tickets of Windows are too
// large for UDP. The library's client is not used: it knows no context,
// reserves whatever length a KDC names, and starts goroutines of its own.
type kdcs struct {
	conf   *config.Config
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	lookup func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	logins *Logins
	id     string // of the configuration, which silence belongs to
}

// ask sends a request to the realm's KDCs until one answers. A KRB-ERROR is an
// answer, and comes back as a messages.KRBError.
func (k *kdcs) ask(ctx context.Context, realm string, request []byte) ([]byte, error) {
	select {
	case k.logins.asks <- struct{}{}:
		defer func() { <-k.logins.asks }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	silence := k.id + realm
	if k.logins.isSilent(silence) {
		return nil, &refusal{
			fmt.Sprintf("no KDC of the realm %q answered a moment ago", realm), "see the first error", ErrNoKDC,
		}
	}
	began := time.Now()
	addresses, err := k.addresses(ctx, realm)
	if err == nil {
		for _, address := range addresses {
			var reply []byte
			reply, err = k.askOne(ctx, address, request)
			if busy := new(messages.KRBError); errors.As(err, busy) && busy.ErrorCode == errorcode.KDC_ERR_SVC_UNAVAILABLE {
				continue
			}
			if err == nil || errors.As(err, new(messages.KRBError)) {
				k.logins.heard(silence)
				return reply, err
			}
			if ctx.Err() != nil {
				break
			}
		}
		err = &refusal{
			fmt.Sprintf("no KDC of the realm %q answered", realm),
			fmt.Sprintf("check the network and the firewall on the way to %s (%v)",
				strings.Join(addresses, ", "), err), ErrNoKDC,
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	k.logins.hush(silence, began)
	return nil, err
}

// addresses are the realm's KDCs by the configuration, or else by the DNS.
func (k *kdcs) addresses(ctx context.Context, realm string) ([]string, error) {
	var found []string
	for _, r := range k.conf.Realms {
		if r.Realm != realm {
			continue
		}
		for _, kdc := range r.KDC {
			found = append(found, withPort(kdc))
		}
	}
	if len(found) > 0 {
		return found[:min(len(found), mostKDCs)], nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	_, records, err := k.lookup(ctx, "kerberos", "tcp", realm+".")
	for _, record := range records[:min(len(records), mostKDCs)] {
		host := strings.TrimSuffix(record.Target, ".")
		found = append(found, net.JoinHostPort(host, strconv.Itoa(int(record.Port))))
	}
	if len(found) == 0 {
		if err == nil {
			err = errors.New("no records")
		}
		return nil, &refusal{
			fmt.Sprintf("no KDC for realm %s was found", realm),
			fmt.Sprintf("name one in a krb5.conf, or mend the DNS record _kerberos._tcp.%s (%v)",
				strings.ToLower(realm), err), ErrNoKDC,
		}
	}
	return found, nil
}

// withPort adds the port of Kerberos to what a krb5.conf names.
func withPort(kdc string) string {
	const port = "88"
	if _, _, err := net.SplitHostPort(kdc); err == nil {
		return kdc
	}
	return net.JoinHostPort(strings.Trim(kdc, "[]"), port)
}

func (k *kdcs) askOne(ctx context.Context, address string, request []byte) ([]byte, error) {
	connecting, cancel := context.WithTimeout(ctx, connectPatience)
	conn, err := k.dial(connecting, "tcp", address)
	cancel()
	if err != nil {
		return nil, err
	}
	ctx, cancel = context.WithTimeout(ctx, replyPatience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		stop()
		_ = conn.Close()
	}()
	message := binary.BigEndian.AppendUint32(nil, uint32(len(request))) // RFC 4120 7.2.2
	if _, err := conn.Write(append(message, request...)); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length == 0 || length > maxReply {
		return nil, fmt.Errorf("a reply of %d bytes, not 1 to %d", length, maxReply)
	}
	reply := make([]byte, length)
	if _, err := io.ReadFull(conn, reply); err != nil {
		return nil, err
	}
	return reply, kerberosError(reply)
}

// kerberosError is the KRB-ERROR that the bytes are, or nil.
func kerberosError(b []byte) error {
	const tag = 0x60 | 30
	if len(b) == 0 || b[0] != tag {
		return nil
	}
	var e messages.KRBError
	if err := guard(func() error { return e.Unmarshal(b) }); err != nil {
		return fmt.Errorf("a KRB-ERROR that cannot be read: %w", err)
	}
	return e
}
