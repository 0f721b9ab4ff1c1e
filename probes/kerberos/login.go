package kerberos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/kdc"
	"postpatch/probes/internal/reach"
)

// logIn proves the operator's account, once, and asks for the services' tickets.
func (v *visit) logIn(ctx context.Context) error {
	t := reach.Elsewhere(v.target, v.Address)
	var first kdc.Granted
	var who kdc.Principal
	start := time.Now()
	door := fmt.Sprintf("Kerberos at port %d", v.Port)
	err := t.LogOn(ctx, Use, door, func(c host.Credential) (shown host.Shown, err error) {
		if who, err = v.client(c); err != nil {
			return host.Later, err
		}
		err = kdc.Guard(func() (err error) { first, shown, err = v.first(ctx, who, c.Password); return err })
		return shown, err
	})
	told := new(messages.KRBError)
	switch {
	case err == nil:
		v.add("", "login", fact.Text(ok))
		v.add("", "login_time", fact.Duration(time.Since(start)))
		return v.services(ctx, entered{who, first})
	case errors.Is(err, probes.ErrRefused):
		v.add("", "login", fact.Text(refused))
		if len(v.reasons) == 0 || !strings.HasPrefix(v.reasons[len(v.reasons)-1], "the login") {
			v.because(err.Error())
		}
		return nil
	case errors.As(err, told):
		v.add("", "login", fact.Text(unavailable))
		v.because("the login: " + because(*told))
		return nil
	default:
		return fmt.Errorf("logging in: %w", err)
	}
}

// client is who logs in. A suite leads no proof anywhere: whoever gets one can try
// passwords on it at leisure.
func (v *visit) client(c host.Credential) (kdc.Principal, error) {
	if to := reach.Address(v.target, v.Address); reach.Led(v.target, v.Address, c) {
		return kdc.Principal{}, fmt.Errorf("%w: the suite leads to %q, and whatever is there could try passwords on the "+
			"proof of %q: lead the host there yourself, by --connect-to and not by the suite", probes.ErrNotTried, to, c.User)
	}
	name := c.User
	if _, bare, split := strings.Cut(name, `\`); split {
		name = bare
	}
	if at := strings.LastIndexByte(name, '@'); at >= 0 {
		if !strings.EqualFold(name[at+1:], v.realm) {
			return kdc.Principal{}, fmt.Errorf("%w: the account %q is of another realm than the one that is asked, %s",
				probes.ErrNotTried, c.User, v.realm)
		}
		name = name[:at]
	}
	if name == "" {
		return kdc.Principal{}, fmt.Errorf("%w: %q names no user", probes.ErrNotTried, c.User)
	}
	return principal(name, v.realm), nil
}

// first gets a first ticket, RFC 4120 3.1, and says what became of the password.
func (v *visit) first(ctx context.Context, who kdc.Principal, password host.Secret) (kdc.Granted, host.Shown, error) {
	request, err := question(who, kdc.Strongest())
	if err != nil {
		return kdc.Granted{}, host.Later, err
	}
	proved := host.Later // so long as nothing was proved
	var hints types.PADataSequence
	reply, _, err := v.send(ctx, &request)
	if wants := new(messages.KRBError); errors.As(err, wants) && wants.ErrorCode == errorcode.KDC_ERR_PREAUTH_REQUIRED {
		if err := hints.Unmarshal(wants.EData); err != nil {
			return kdc.Granted{}, proved, fmt.Errorf("reading what the KDC wants: %w", err)
		}
		if err := prove(&request, who, password, hints); err != nil {
			return kdc.Granted{}, proved, err
		}
		var sent bool
		if reply, sent, err = v.send(ctx, &request); sent {
			proved = host.Unsaid
		}
	}
	if refusal := new(messages.KRBError); errors.As(err, refusal) {
		shown := meant(refusal.ErrorCode)
		if shown == host.Refused {
			v.because("the login: " + because(*refusal))
		}
		return kdc.Granted{}, shown, err
	}
	if err != nil {
		return kdc.Granted{}, proved, err
	}
	return v.accept(request, reply, who, keyOf{password, hints})
}

func (v *visit) send(ctx context.Context, request interface{ Marshal() ([]byte, error) }) ([]byte, bool, error) {
	b, err := request.Marshal()
	if err != nil {
		return nil, false, err
	}
	return v.byTCP(ctx, b)
}

// meant is what an error means to the account: that it is not to be tried anywhere, or
// that the KDC cannot tell just now.
func meant(code int32) host.Shown {
	switch code {
	case errorcode.KDC_ERR_PREAUTH_FAILED, errorcode.KRB_AP_ERR_BAD_INTEGRITY, errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN,
		errorcode.KDC_ERR_CLIENT_REVOKED, errorcode.KDC_ERR_NAME_EXP, errorcode.KDC_ERR_KEY_EXPIRED,
		errorcode.KDC_ERR_POLICY:
		return host.Refused
	default:
		return host.Later
	}
}

// prove adds the proof of the password, with a key that the KDC has: another would count
// as a wrong password.
func prove(request *messages.ASReq, who kdc.Principal, password host.Secret, hints types.PADataSequence) error {
	info := kdc.Hints(hints)
	fits := slices.IndexFunc(info, func(e types.ETypeInfo2Entry) bool { return kdc.IsStrong(e.EType) })
	if fits < 0 {
		return fmt.Errorf("the KDC has no AES key for %q: allow AES for the account (msDS-SupportedEncryptionTypes) and "+
			"set its password anew", who.Name.PrincipalNameString())
	}
	key, err := kdc.Key(password, who, info[fits].EType, hints)
	if err != nil {
		return err
	}
	proof, err := kdc.Proof(key, 0)
	request.PAData = types.PADataSequence{proof}
	return err
}

// keyOf is what an account's keys are made of.
type keyOf struct {
	password host.Secret
	hints    types.PADataSequence
}

// accept opens the KDC's reply and holds it against the request.
func (v *visit) accept(
	request messages.ASReq, b []byte, who kdc.Principal, secret keyOf,
) (kdc.Granted, host.Shown, error) {
	var reply messages.ASRep
	if err := reply.Unmarshal(b); err != nil {
		return kdc.Granted{}, host.Unsaid, fmt.Errorf("reading the KDC's reply: %w", err)
	}
	if len(kdc.Hints(reply.PAData)) > 0 || secret.hints == nil {
		secret.hints = reply.PAData
	}
	key, err := kdc.Key(secret.password, who, reply.EncPart.EType, secret.hints)
	if err != nil {
		return kdc.Granted{}, host.Unsaid, err
	}
	part, err := kdc.Open(reply.EncPart, key, keyusage.AS_REP_ENCPART)
	if errors.Is(err, kdc.ErrSeal) && len(request.PAData) == 0 { // nobody asked for a proof
		v.because("the login: the password is wrong")
		return kdc.Granted{}, host.Refused, err
	}
	if err != nil {
		return kdc.Granted{}, host.Unsaid, err
	}
	first, err := kdc.First(part, reply, request, who)
	if err != nil {
		return first, host.Unsaid, err
	}
	return first, host.Taken, nil
}

// entered is who has been let in, with what.
type entered struct {
	who   kdc.Principal
	first kdc.Granted
}

// services asks for each service's ticket, and then with each kind of encryption alone.
func (v *visit) services(ctx context.Context, in entered) error {
	for _, spn := range v.SPNs {
		got, word, err := v.service(ctx, in, spn, allIDs())
		if err != nil {
			return fmt.Errorf("asking for a ticket for %q: %w", spn, err)
		}
		v.add(spn, "ticket", fact.Text(word))
		if word != granted {
			continue
		}
		v.add(spn, "ticket_encryption", fact.Text(nameOf(got.Ticket.EncPart.EType)))
		v.add(spn, "session_encryption", fact.Text(nameOf(got.Key.KeyType)))
		for _, k := range v.kinds {
			_, word, err := v.service(ctx, in, spn, []int32{k.id})
			if err != nil {
				return fmt.Errorf("asking for a ticket for %q with %s: %w", spn, k.name, err)
			}
			if word == granted || word == noCommon {
				v.add(spn, k.reading(), fact.Text(offers(word == granted)))
			}
		}
	}
	return nil
}

func allIDs() []int32 {
	var ids []int32
	for _, k := range kinds() {
		ids = append(ids, k.id)
	}
	return ids
}

// service asks for a service's ticket. The word is what became of it.
func (v *visit) service(
	ctx context.Context, in entered, spn string, kinds []int32,
) (got kdc.Granted, word string, err error) {
	err = kdc.Guard(func() error {
		name := types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: strings.Split(spn, "/")}
		conf := settings(kinds...)
		conf.LibDefaults.Canonicalize = true // or no KDC names another realm
		request, err := kdc.ForService(conf, in.first, kdc.Wanted{Client: in.who, Realm: v.realm, Service: name})
		if err != nil {
			return err
		}
		b, _, err := v.send(ctx, &request)
		if err != nil {
			return err
		}
		got, err = kdc.Service(b, request, in.who, in.first.Key)
		return err
	})
	refusal := new(messages.KRBError)
	switch {
	case errors.As(err, refusal):
		word = ticketTo(refusal.ErrorCode)
		if word != noCommon || len(kinds) > 1 {
			v.because(fmt.Sprintf("a ticket for %q: %s", spn, because(*refusal)))
		}
		return got, word, nil
	case err != nil:
		return got, "", err
	}
	if strings.EqualFold(got.Server.Name.PrincipalNameString(), spn) {
		return got, granted, nil
	}
	v.because(fmt.Sprintf("a ticket for %q: the KDC leads to %q", spn,
		reach.Printable(got.Server.Name.PrincipalNameString(), 200)))
	return got, otherRealm, nil
}
