package kerberos

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-krb5/krb5/iana"
	"github.com/go-krb5/krb5/iana/asn1apptag"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/etypeID"
	"github.com/go-krb5/krb5/iana/msgtype"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
	"postpatch/probes/lab/conns"
)

const (
	// patience is how long a connection may say nothing.
	patience = 30 * time.Second
	// maxDatagram is what Windows answers over UDP; more has to come over TCP.
	maxDatagram = 1465
	// changePassword is the service that who has an expired password may ask for.
	changePassword = "kadmin/changepw"
)

// Options are a domain's settings. Only the realm is needed.
type Options struct {
	Realm      string           // "CORP.TEST"
	Clock      func() time.Time // nil is the true time
	TicketLife time.Duration    // 0 is 10 hours
	RenewLife  time.Duration    // 0 is 7 days
	LockAfter  int              // wrong passwords until an account is locked; 0 is never
}

// KDC is a domain controller's key distribution centre for one realm. NewKDC
// makes the first; Controller, the others of its domain.
type KDC struct {
	*directory

	realm   string
	options Options
	clock   clock
	group   *conns.Group
	krbtgt  *entry
	allowed func() []int32 // the encryption types that may be used; nil for all
}

// directory is what all domain controllers of a domain know.
type directory struct {
	mu       sync.Mutex
	accounts map[string]*entry // by name in lower case
	services map[string]*entry // by SPN in lower case
	wrong    map[string]int    // wrong passwords in a row
	asked    map[string]int
}

// NewKDC makes a domain of some accounts.
func NewKDC(options Options, accounts ...Account) (*KDC, error) {
	if options.Realm == "" {
		return nil, fmt.Errorf("making a KDC: give it a realm")
	}
	options.Realm = strings.ToUpper(options.Realm)
	options.TicketLife = cmp.Or(options.TicketLife, 10*time.Hour)
	options.RenewLife = cmp.Or(options.RenewLife, 7*24*time.Hour)
	k := &KDC{
		realm: options.Realm, options: options, clock: options.Clock, group: conns.New(),
		directory: &directory{
			accounts: map[string]*entry{}, services: map[string]*entry{}, wrong: map[string]int{}, asked: map[string]int{},
		},
	}
	all := []int32{etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96, etypeID.RC4_HMAC}
	own := Account{Name: "krbtgt", Password: host.NewSecret(rand.Text()), EncTypes: all}
	var err error
	if k.krbtgt, err = newEntry(own, k.realm); err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if err := k.Put(a); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Controller makes another domain controller of the domain, with a clock of its own.
// Allowed are the encryption types that it lets be used, all when nil or empty.
func (k *KDC) Controller(clock func() time.Time, allowed func() []int32) *KDC {
	other := *k
	other.clock, other.allowed, other.group = clock, allowed, conns.New()
	return &other
}

// usable are the keys of the types that the policy lets be used.
func (k *KDC) usable(keys []types.EncryptionKey) []types.EncryptionKey {
	if k.allowed == nil {
		return keys
	}
	allowed := k.allowed()
	return slices.DeleteFunc(slices.Clone(keys), func(key types.EncryptionKey) bool {
		return len(allowed) > 0 && !slices.Contains(allowed, key.KeyType)
	})
}

// Put adds an account, or changes the one of its name.
func (k *KDC) Put(a Account) error {
	e, err := newEntry(a, k.realm)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	name := strings.ToLower(a.Name)
	maps.DeleteFunc(k.services, func(_ string, s *entry) bool { return strings.EqualFold(s.Name, a.Name) })
	for _, spn := range a.SPNs {
		if other, taken := k.services[strings.ToLower(spn)]; taken {
			return fmt.Errorf("adding %q: %q is a service of %q", a.Name, spn, other.Name)
		}
		k.services[strings.ToLower(spn)] = e
	}
	k.accounts[name] = e
	delete(k.wrong, name)
	return nil
}

// Asked counts the requests so far: "AS", "TGS", and what was refused by its
// code, as "refused 24".
func (k *KDC) Asked() map[string]int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.asked)
}

func (k *KDC) count(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked[what]++
}

// Serve answers over TCP until Close.
func (k *KDC) Serve(ln net.Listener) error { return k.group.Serve(ln, k.ServeConn) }

// ServePacket answers over UDP until Close.
func (k *KDC) ServePacket(pc net.PacketConn) error {
	if !k.group.Keep(pc) {
		return nil
	}
	defer k.group.Release(pc)
	buffer := make([]byte, maxMessage)
	for {
		n, from, err := pc.ReadFrom(buffer)
		if k.group.Context().Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading from %s: %w", pc.LocalAddr(), err)
		}
		_, _ = pc.WriteTo(k.AnswerPacket(buffer[:n]), from) // a client that is gone asks no more
	}
}

// AnswerPacket is Answer over UDP, where what is long has to come over TCP.
func (k *KDC) AnswerPacket(raw []byte) []byte {
	answer := k.Answer(raw)
	if len(answer) > maxDatagram {
		return k.errorMessage(&Refusal{Code: errorcode.KRB_ERR_RESPONSE_TOO_BIG}, types.PrincipalName{})
	}
	return answer
}

// Unavailable is what a KDC says whose directory is not up.
func (k *KDC) Unavailable() []byte {
	k.count(fmt.Sprintf("refused %d", errorcode.KDC_ERR_SVC_UNAVAILABLE))
	return k.errorMessage(&Refusal{Code: errorcode.KDC_ERR_SVC_UNAVAILABLE}, types.PrincipalName{})
}

// Close ends all connections and goroutines.
func (k *KDC) Close() error { return k.group.Close() }

// ServeConn answers the messages of a connection, each with its length in front
// (RFC 4120 7.2.2).
func (k *KDC) ServeConn(_ context.Context, conn net.Conn) {
	for {
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			return
		}
		var length [4]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		size := binary.BigEndian.Uint32(length[:])
		if size > maxMessage {
			_ = Write(conn, k.errorMessage(&Refusal{Code: errorcode.KRB_ERR_FIELD_TOOLONG}, types.PrincipalName{}))
			return
		}
		message := make([]byte, size)
		if _, err := io.ReadFull(conn, message); err != nil {
			return
		}
		if err := Write(conn, k.Answer(message)); err != nil {
			return
		}
	}
}

// Write sends a message with its length in front.
func Write(conn net.Conn, message []byte) error {
	framed := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(message)), uint32(len(message)))
	_, err := conn.Write(append(framed, message...))
	return err
}

// Answer is what the KDC says to a request: an AS-REP, a TGS-REP or a KRB-ERROR.
func (k *KDC) Answer(raw []byte) []byte {
	r, err := parseRequest(raw)
	var out []byte
	switch {
	case err != nil: // answered below
	case r.tag == asn1apptag.TGSREQ:
		k.count("TGS")
		out, err = k.ticketGranting(r)
	default:
		k.count("AS")
		out, err = k.authentication(r)
	}
	if err == nil {
		return out
	}
	why := refusal(err)
	k.count(fmt.Sprintf("refused %d", why.Code))
	return k.errorMessage(why, r.body.SName)
}

// errorMessage is a KRB-ERROR as a domain controller writes it: its own time and
// name, nothing of the client's, no text.
func (k *KDC) errorMessage(why *Refusal, service types.PrincipalName) []byte {
	if len(service.NameString) == 0 {
		service = k.grantor()
	}
	return errorMessage(why, k.clock.now(), k.realm, service)
}

// grantor is the name of the ticket granting service.
func (k *KDC) grantor() types.PrincipalName {
	return types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: []string{"krbtgt", k.realm}}
}

func errorMessage(why *Refusal, now time.Time, realm string, service types.PrincipalName) []byte {
	m := messages.KRBError{
		PVNO: iana.PVNO, MsgType: msgtype.KRB_ERROR, ErrorCode: why.Code, Realm: realm, SName: service, EData: why.data,
	}
	m.STime, m.Susec = stamp(now)
	b, err := encode(m, asn1apptag.KRBError)
	if err != nil { // a name that came in and cannot go out
		m.SName = types.PrincipalName{NameString: []string{"krbtgt"}}
		b, _ = encode(m, asn1apptag.KRBError)
	}
	return b
}
