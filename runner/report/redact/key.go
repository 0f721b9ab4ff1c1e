package redact

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// kind is what a name is of.
type kind string

const (
	kindHost    kind = "host" // a label: web01
	kindDomain  kind = "domain"
	kindLabel   kind = "label" // a domain's short name, or a part of its long one
	kindUser    kind = "user"
	kindOwner   kind = "owner"
	kindTitle   kind = "name"
	kindWord    kind = "word" // that somebody has written into the file of the key
	kindAddress kind = "address"
	kindLocal   kind = "link-local" // an address that is valid on one link alone
	kindNet     kind = "net"
	kindMAC     kind = "mac"
	kindGUID    kind = "guid"
	kindSID     kind = "sid"
	kindHash    kind = "hash"
	kindStore   kind = "store"
	kindSecret  kind = "secret" // a password, which no key keeps
)

// format is what a kind's names become; "" for no kind.
func (k kind) format() string {
	switch k {
	case kindHost, kindUser:
		return string(k) + "-%03d"
	case kindAddress:
		return "ip-%03d"
	case kindLabel:
		return "DOMAIN-%d"
	case kindDomain, kindOwner, kindTitle, kindWord, kindLocal, kindNet, kindMAC, kindGUID, kindSID, kindHash, kindStore:
		return string(k) + "-%d"
	case kindSecret:
	}
	return ""
}

// counted is the kind with which a kind has its numbers in common: a domain and its short
// name have the same.
func (k kind) counted() kind {
	if k == kindLabel {
		return kindDomain
	}
	return k
}

// Key says which name stands for which. One that has served a run and serves another gives
// the same names again. It is for one stream at a time.
type Key struct {
	as    map[ref]string
	order []ref           // those that have another name, in the order in which they got it
	sure  map[ref]bool    // those that are replaced wherever they stand
	all   []ref           // the same, in the order in which they were met
	names map[string]bool // the same, without their kind
	long  map[string]ref  // domains by the parts of their names
	taken map[string]bool // what stands for a name
	last  map[kind]int
}

// ref is a name, in lower case.
type ref struct {
	kind kind
	name string
}

// NewKey returns a key that knows no name yet.
func NewKey() *Key {
	return &Key{
		as: map[ref]string{}, sure: map[ref]bool{}, names: map[string]bool{}, long: map[string]ref{},
		taken: map[string]bool{}, last: map[kind]int{},
	}
}

// learn notes a name that is to be replaced wherever it stands. The parts of a domain's
// name are names too.
func (k *Key) learn(r ref) {
	if k.sure[r] || r.name == "" {
		return
	}
	k.note(r)
	if r.kind == kindDomain {
		for _, label := range labelsOf(r.name) {
			k.learn(ref{kindLabel, label})
		}
	}
}

func (k *Key) note(r ref) {
	k.sure[r], k.names[r.name] = true, true
	k.all = append(k.all, r)
	if r.kind != kindDomain {
		return
	}
	for _, label := range labelsOf(r.name) {
		if !k.sure[k.long[label]] {
			k.long[label] = r
		}
	}
}

// unlearn forgets domains that were taken for such before it was known that they are
// hosts.
func (k *Key) unlearn() {
	k.all = slices.DeleteFunc(k.all, func(r ref) bool {
		host, domain, dotted := strings.Cut(r.name, ".")
		isHost := r.kind == kindDomain && dotted && k.sure[ref{kindHost, host}] && k.sure[ref{kindDomain, domain}]
		if isHost {
			delete(k.sure, r)
		}
		return isHost
	})
}

// labelsOf are the labels of a domain's name without its public suffix.
func labelsOf(domain string) []string {
	if suffix, _ := publicsuffix.PublicSuffix(domain); suffix != domain {
		domain = strings.TrimSuffix(domain, "."+suffix)
	}
	return strings.Split(domain, ".")
}

// resolve says what a name is of for which two things could be said: a machine has an
// account of its own name, and is the domain of its own accounts.
func (k *Key) resolve(r ref) ref {
	if host := (ref{kindHost, r.name}); (r.kind == kindUser || r.kind == kindLabel) && k.sure[host] {
		return host
	}
	return r
}

// name returns what stands for a name.
func (k *Key) name(r ref) string {
	if r.kind == kindSecret {
		return "***"
	}
	r = k.resolve(r)
	if as, known := k.as[r]; known {
		return as
	}
	as := ""
	if r.kind == kindLabel {
		as = k.likeDomain(r.name)
	}
	for as == "" || k.taken[as] || k.names[strings.ToLower(as)] {
		k.last[r.kind.counted()]++
		as = fmt.Sprintf(r.kind.format(), k.last[r.kind.counted()])
	}
	k.as[r], k.taken[as] = as, true
	k.order = append(k.order, r)
	return as
}

// likeDomain gives a domain's short name the number of its long one.
func (k *Key) likeDomain(label string) string {
	if long := k.long[label]; k.sure[long] {
		return strings.ToUpper(k.name(long))
	}
	return ""
}
