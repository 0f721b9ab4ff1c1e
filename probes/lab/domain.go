package lab

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/kerberos"
	"postpatch/probes/lab/wsman"
)

// domain is the estate's Active Directory as far as Kerberos goes: one KDC, the
// accounts that the hosts' WinRM takes, and the hosts themselves.
type domain struct {
	kdc     *kerberos.KDC
	address string
	ended   chan struct{}
}

// startDomain starts the KDC of an estate that names its realm.
func (l *Lab) startDomain(ctx context.Context, hosts []estate.Host) error {
	if l.estate.Realm == "" {
		return nil
	}
	kdc, err := kerberos.NewKDC(kerberos.Options{Realm: l.estate.Realm}, domainAccounts(hosts)...)
	if err != nil {
		return fmt.Errorf("making the realm %s: %w", l.estate.Realm, err)
	}
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the KDC: %w", err)
	}
	d := &domain{kdc: kdc, address: ln.Addr().String(), ended: make(chan struct{})}
	go func() {
		defer close(d.ended)
		_ = kdc.Serve(ln) // until close
	}()
	l.domain = d
	return nil
}

func (d *domain) close() error {
	err := d.kdc.Close()
	<-d.ended
	return err
}

// domainAccounts are the users that hosts take, of whatever domain their names
// are written, and the hosts with their services. Of one user with two
// passwords the first counts.
func domainAccounts(hosts []estate.Host) []kerberos.Account {
	var accounts []kerberos.Account
	taken := map[string]bool{}
	add := func(user, password string) {
		if _, bare, qualified := strings.Cut(user, `\`); qualified {
			user = bare
		}
		user, _, _ = strings.Cut(user, "@")
		if name := strings.ToLower(user); !taken[name] {
			taken[name] = true
			accounts = append(accounts, kerberos.Account{Name: user, Password: host.NewSecret(cmp.Or(password, "lab"))})
		}
	}
	for _, h := range hosts {
		if h.WinRM == nil && h.Exchange == nil && h.LDAP == nil && h.SMB == nil && h.KDC == nil {
			continue
		}
		if h.WinRM != nil {
			add(cmp.Or(h.WinRM.User, "lab"), h.WinRM.Password)
		}
		if h.LDAP != nil && h.LDAP.User != "" {
			add(h.LDAP.User, h.LDAP.Password)
		}
		if h.SMB != nil && h.SMB.User != "" {
			add(h.SMB.User, h.SMB.Password)
		}
		addAccounts(h, add)
		short, _, _ := strings.Cut(h.Name, ".")
		computer := kerberos.Account{Name: strings.ToUpper(short) + "$", Password: host.NewSecret("machine " + h.OS.UUID)}
		for _, name := range namesOf(h) {
			computer.SPNs = append(computer.SPNs, "HTTP/"+name, "WSMAN/"+name, "HOST/"+name, "ldap/"+name, "cifs/"+name)
		}
		if h.KDC != nil { // it is a domain controller
			computer.EncTypes = encryptions("aes256", "aes128", "rc4")
		}
		accounts = append(accounts, computer)
		for _, a := range domainUsers(h) {
			taken[strings.ToLower(a.Name)] = true
			accounts = append(accounts, a)
		}
	}
	return append(accounts, sqlAccounts(hosts, taken)...)
}

// namesOf are the names that lead to a host, each once.
func namesOf(h estate.Host) []string {
	names := append([]string{h.Name}, h.Aliases...)
	if h.OS.Domain != "" && !strings.Contains(h.Name, ".") {
		names = append(names, h.Name+"."+h.OS.Domain)
	}
	return names
}

// tickets makes the Kerberos side of a host's WinRM; nil without a realm.
func (l *Lab) tickets(h estate.Host, now func() estate.Host) func([]byte) wsman.Acceptor {
	if l.domain == nil {
		return nil
	}
	keytab := l.domain.kdc.Keytab("HTTP/" + h.Name)
	var mu sync.Mutex
	services := map[string]*kerberos.Service{}
	return func(bindings []byte) wsman.Acceptor {
		mu.Lock()
		defer mu.Unlock()
		policy := ""
		if c := now().WinRM; c != nil {
			policy = c.CBT
		}
		if services[policy] == nil {
			strictness := map[string]kerberos.Policy{"strict": kerberos.Strict, "none": kerberos.NoBindings}[policy]
			service, err := kerberos.NewService(keytab, strictness, nil)
			if err != nil {
				return nil
			}
			services[policy] = service
		}
		return services[policy].Acceptor(bindings)
	}
}

// Krb5Conf is a krb5.conf that leads to the estate's KDC; empty when the estate
// has no realm.
func (l *Lab) Krb5Conf() string {
	if l.domain == nil {
		return ""
	}
	return l.domain.kdc.Config(l.domain.address)
}

// KDC is the estate's domain controller; nil when the estate has no realm.
func (l *Lab) KDC() *kerberos.KDC {
	if l.domain == nil {
		return nil
	}
	return l.domain.kdc
}
