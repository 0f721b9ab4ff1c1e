package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-krb5/krb5/config"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/messages"

	"postpatch/probes/internal/kdc"
)

const (
	mostKDCs = 4  // that are asked before a realm counts as silent
	mostAsks = 16 // at once: a burst of hosts must not make a KDC look dead

	connectPatience = 3 * time.Second // what is dead shows here
	replyPatience   = 10 * time.Second
)

// kdcs asks the KDCs of realms, over TCP alone: tickets of Windows are too
// large for UDP.
type kdcs struct {
	conf   *config.Config
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	lookup func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	logins *Logins
	id     string // of the configuration, which silence belongs to
}

// question is one request to the KDCs of a realm.
type question struct {
	realm   string
	request []byte
	// proves says that the request holds a proof of the account's secret. Each KDC
	// that gets it may count a wrong one, so only one does.
	proves bool
	// by is the KDC that is asked first, empty for any, and then the one that
	// answered.
	by string
}

// ask sends a request to the realm's KDCs until one answers. A KRB-ERROR is an
// answer, and comes back as a messages.KRBError.
func (k *kdcs) ask(ctx context.Context, q *question) ([]byte, error) {
	select {
	case k.logins.asks <- struct{}{}:
		defer func() { <-k.logins.asks }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	silence := k.id + q.realm
	if k.logins.isSilent(silence) {
		return nil, &refusal{
			fmt.Sprintf("no KDC of the realm %q answered a moment ago", q.realm), "see the first error", ErrNoKDC,
		}
	}
	began, all := time.Now(), true
	addresses, err := k.addresses(ctx, q.realm)
	if err == nil {
		var reply []byte
		reply, all, err = k.askEach(ctx, q, addresses)
		if err == nil || errors.As(err, new(messages.KRBError)) {
			k.logins.heard(silence)
			return reply, err
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if all {
		k.logins.hush(silence, began)
	}
	return nil, err
}

// askEach asks one KDC after the other until one answers. Without an answer, all
// says whether none was left out.
func (k *kdcs) askEach(ctx context.Context, q *question, addresses []string) (reply []byte, all bool, err error) {
	if i := slices.Index(addresses, q.by); i > 0 {
		addresses = slices.Concat([]string{q.by}, addresses[:i], addresses[i+1:])
	}
	for i, address := range addresses {
		var sent bool
		reply, sent, err = k.askOne(ctx, address, q.request)
		busy := new(messages.KRBError)
		answered := err == nil || errors.As(err, busy)
		if answered && busy.ErrorCode != errorcode.KDC_ERR_SVC_UNAVAILABLE {
			q.by = address
			return reply, true, err
		}
		if ctx.Err() != nil {
			break
		}
		if q.proves && sent && i < len(addresses)-1 {
			return nil, false, &refusal{
				fmt.Sprintf("the KDC %s of the realm %q did not answer a login (%v)", address, q.realm, err),
				"no other KDC was asked, where a wrong secret would count twice, so look after this one", ErrNoKDC,
			}
		}
	}
	return nil, true, &refusal{
		fmt.Sprintf("no KDC of the realm %q answered", q.realm),
		fmt.Sprintf("check the network and the firewall on the way to %s (%v)",
			strings.Join(addresses, ", "), err), ErrNoKDC,
	}
}

// addresses are the realm's KDCs by the configuration, or else by the DNS.
func (k *kdcs) addresses(ctx context.Context, realm string) ([]string, error) {
	var found []string
	for _, r := range k.conf.Realms {
		if r.Realm != realm {
			continue
		}
		for _, named := range r.KDC {
			found = append(found, withPort(named))
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
func withPort(named string) string {
	const port = "88"
	if _, _, err := net.SplitHostPort(named); err == nil {
		return named
	}
	return net.JoinHostPort(strings.Trim(named, "[]"), port)
}

// askOne asks one KDC; sent says that it has got the whole request.
func (k *kdcs) askOne(ctx context.Context, address string, request []byte) (reply []byte, sent bool, err error) {
	connecting, cancel := context.WithTimeout(ctx, connectPatience)
	conn, err := k.dial(connecting, "tcp", address)
	cancel()
	if err != nil {
		return nil, false, err
	}
	ctx, cancel = context.WithTimeout(ctx, replyPatience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		stop()
		_ = conn.Close()
	}()
	return kdc.Exchange(conn, request)
}
