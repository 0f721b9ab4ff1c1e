package kerberos

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/etypeID"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
)

// keyVersion is the number of every key here: the one after a first change.
const keyVersion = 2

// State is what keeps an account from logging on.
type State int

// The states of an account.
const (
	Enabled State = iota
	Disabled
	Locked
	Expired         // the account itself
	PasswordExpired // told only to who knows the password
)

// Account is a user or a computer of the domain.
type Account struct {
	Name     string // sAMAccountName; a computer's ends in "$"
	Password host.Secret
	SPNs     []string // the services that run under it: "HTTP/web1.corp.test"
	State    State
	EncTypes []int32 // of RFC 3961's registry; empty is AES256 and AES128 with SHA-1
}

// entry is an account with its keys, strongest first. It does not change.
type entry struct {
	Account
	salt string
	keys []types.EncryptionKey
}

func newEntry(a Account, realm string) (*entry, error) {
	e := &entry{Account: a, salt: salt(a.Name, realm)}
	encTypes := slices.Clone(a.EncTypes)
	if len(encTypes) == 0 {
		encTypes = []int32{etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96}
	}
	slices.SortFunc(encTypes, func(a, b int32) int { return cmp.Compare(strength(b), strength(a)) })
	for _, id := range slices.Compact(encTypes) {
		if strength(id) == 0 {
			return nil, fmt.Errorf("deriving keys of %q: encryption type %d is not one of 18, 17 and 23", a.Name, id)
		}
		etype, err := crypto.GetEtype(id)
		if err != nil {
			return nil, fmt.Errorf("deriving keys of %q: %w", a.Name, err)
		}
		key, err := etype.StringToKey(a.Password.Reveal(), e.salt, etype.GetDefaultStringToKeyParams())
		if err != nil {
			return nil, fmt.Errorf("deriving keys of %q: %w", a.Name, err)
		}
		e.keys = append(e.keys, types.EncryptionKey{KeyType: id, KeyValue: key})
	}
	return e, nil
}

// strength orders the encryption types of a domain; 0 is one it does not know.
func strength(encType int32) int {
	switch encType {
	case etypeID.AES256_CTS_HMAC_SHA1_96:
		return 3
	case etypeID.AES128_CTS_HMAC_SHA1_96:
		return 2
	case etypeID.RC4_HMAC:
		return 1
	default:
		return 0
	}
}

// salt is what Windows mixes into a password (MS-KILE 3.1.1.2): the realm and
// the name for a user, the realm, "host" and the full DNS name for a computer.
func salt(name, realm string) string {
	if computer, ok := strings.CutSuffix(name, "$"); ok {
		return realm + "host" + strings.ToLower(computer+"."+realm)
	}
	return realm + name
}

// shared are the account's keys of the types a client lists, strongest first:
// the order is the domain's, not the client's.
func (e *entry) shared(listed []int32) []types.EncryptionKey {
	return slices.DeleteFunc(slices.Clone(e.keys), func(k types.EncryptionKey) bool {
		return !slices.Contains(listed, k.KeyType)
	})
}

// key is the account's key of a type.
func (e *entry) key(encType int32) (types.EncryptionKey, bool) {
	i := slices.IndexFunc(e.keys, func(k types.EncryptionKey) bool { return k.KeyType == encType })
	if i < 0 {
		return types.EncryptionKey{}, false
	}
	return e.keys[i], true
}

// client finds who logs on. A name is the sAMAccountName, with or without a
// computer's "$", or, as an enterprise name, one with "@" and the domain.
func (k *KDC) client(name types.PrincipalName) (*entry, bool) {
	if len(name.NameString) != 1 {
		return nil, false
	}
	wanted := strings.ToLower(name.NameString[0])
	if name.NameType == nametype.KRB_NT_ENTERPRISE {
		user, domain, ok := strings.Cut(wanted, "@")
		if ok && !strings.EqualFold(domain, k.realm) {
			return nil, false
		}
		wanted = user
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.accounts[wanted]; ok {
		return e, true
	}
	e, ok := k.accounts[wanted+"$"]
	return e, ok
}

// service finds the account behind a service's name: a registered one, one that
// HOST stands for, or an account's own.
func (k *KDC) service(name types.PrincipalName) (*entry, bool) {
	wanted := strings.ToLower(strings.Join(name.NameString, "/"))
	if wanted == strings.ToLower("krbtgt/"+k.realm) {
		return k.krbtgt, true
	}
	if wanted == changePassword {
		return k.krbtgt, true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.services[wanted]; ok {
		return e, true
	}
	class, rest, ok := strings.Cut(wanted, "/")
	if ok && isHost(class) {
		e, ok := k.services["host/"+rest]
		return e, ok
	}
	e, ok := k.accounts[wanted]
	return e, ok
}

// isHost says whether a service class needs no name of its own beside HOST
// (sPNMappings in the directory; the part that this estate has servers for).
func isHost(class string) bool {
	switch class {
	case "http", "www", "cifs", "rpc", "rpcss", "dcom", "dns", "eventlog", "netlogon", "schedule", "spooler", "time":
		return true
	default: // WSMAN among them: a host registers it itself
		return false
	}
}
