package exchange

import (
	"cmp"
	"crypto/subtle"
	"maps"
	"slices"
	"strings"

	"postpatch/probes/lab/estate"
)

// account is a mailbox with the account that opens it.
type account struct {
	address string // in lower case
	mailbox estate.Mailbox
}

// addresses are those of all mailboxes, in lower case and sorted.
func addresses(e *estate.Exchange) []string {
	var all []string
	for address := range e.Mailboxes {
		all = append(all, strings.ToLower(address))
	}
	slices.Sort(all)
	return all
}

// mailboxOf finds a mailbox by its address.
func mailboxOf(e estate.Exchange, address string) (account, bool) {
	for known, m := range e.Mailboxes {
		if strings.EqualFold(known, address) {
			return account{strings.ToLower(known), m}, true
		}
	}
	return account{}, false
}

// user is the account's name and its domain; "" for that of the host.
func (a account) user() (domain, name string) {
	local, _, _ := strings.Cut(a.address, "@")
	domain, name, qualified := strings.Cut(cmp.Or(a.mailbox.User, local), `\`)
	if !qualified {
		return "", domain
	}
	return domain, name
}

// display is the name that people read.
func (a account) display() string {
	_, name := a.user()
	return cmp.Or(a.mailbox.Display, name)
}

// find looks for the account that a client names: CORP\probe, probe, or a user
// principal name, which is that of the account and not the address.
func (v *visit) find(domain, user string) (account, bool) {
	for _, address := range slices.Sorted(maps.Keys(v.exchange.Mailboxes)) {
		a := account{strings.ToLower(address), v.exchange.Mailboxes[address]}
		home, name := a.user()
		if at, suffix, isUPN := strings.Cut(user, "@"); isUPN && domain == "" {
			if strings.EqualFold(user, address) || strings.EqualFold(at, name) && v.ours(home, suffix) {
				return a, true
			}
			continue
		}
		if strings.EqualFold(user, name) && (domain == "" || v.ours(home, domain)) {
			return a, true
		}
	}
	return account{}, false
}

// ours says whether a domain's name is one of the account's home.
func (v *visit) ours(home, domain string) bool {
	netbios, dns := v.domain()
	return strings.EqualFold(domain, cmp.Or(home, netbios)) || strings.EqualFold(domain, dns)
}

// domain is the NetBIOS and the DNS name of the server's domain.
func (v *visit) domain() (netbios, dns string) {
	dns = v.host.OS.Domain
	if dns == "" {
		_, dns, _ = strings.Cut(v.host.Name, ".")
	}
	dns = cmp.Or(dns, "corp.test")
	netbios, _, _ = strings.Cut(dns, ".")
	return strings.ToUpper(netbios), dns
}

// secret is the account's password.
func (a account) secret() string { return cmp.Or(a.mailbox.Password, "lab") }

// locked says whether an account has had too many wrong passwords.
func (v *visit) locked(a account) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.exchange.Lockout > 0 && v.wrong[a.address] >= v.exchange.Lockout
}

// logon tries a password in clear. It counts like every other logon.
func (v *visit) logon(user, password string) (account, bool) {
	domain, name, qualified := strings.Cut(user, `\`)
	if !qualified {
		domain, name = "", user
	}
	a, known := v.find(domain, name)
	switch {
	case !known:
		v.count(func(s *Stats) { s.Unknown++ })
		return a, false
	case v.locked(a):
		v.refuse(a)
		return a, false
	case subtle.ConstantTimeCompare([]byte(password), []byte(a.secret())) != 1:
		v.refuse(a)
		return a, false
	}
	v.accept(a)
	return a, true
}

// refuse counts a wrong password.
func (v *visit) refuse(a account) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wrong[a.address]++
	v.stats.Refused[a.address]++
}

// accept counts a right one, which the wrong ones before it are forgotten for.
func (v *visit) accept(a account) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.wrong, a.address)
	v.stats.Logons[a.address]++
}

func (v *visit) count(change func(*Stats)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change(&v.stats)
}

// enter lets an account into the directory, if it may use it.
func (v *visit) enter(a account) bool {
	for _, disabled := range a.mailbox.Disabled {
		if disabled == v.directory || disabled == "activesync" && v.directory == estate.ActiveSync {
			return false
		}
	}
	v.who = a
	v.count(func(s *Stats) { s.Requests[string(v.directory)]++ })
	_, short := v.node()
	full, _ := v.node()
	header := v.w.Header()
	header["X-CalculatedBETarget"] = []string{strings.ToLower(full)} // spelled as Exchange does
	header["X-DiagInfo"] = []string{short}
	header["X-BEServer"] = []string{short}
	return true
}
