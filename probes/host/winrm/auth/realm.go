package auth

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-krb5/krb5/config"

	"postpatch/probes/internal/kdc"
)

// readConf reads the text of a krb5.conf, and sets what is ours to say.
func readConf(text string) (*config.Config, error) {
	var conf *config.Config
	err := kdc.Guard(func() (err error) { conf, err = config.NewFromString(text); return err })
	if conf == nil { // with one, the error is about a word that the library does not know
		return nil, fmt.Errorf("reading the krb5.conf: %w", err)
	}
	d := &conf.LibDefaults
	d.Forwardable, d.Proxiable, d.Canonicalize = false, false, false
	d.NoAddresses, d.RenewLifetime = true, 0
	d.TicketLifetime = max(d.TicketLifetime, time.Hour)
	return conf, nil
}

// realmOf finds an account's realm:
//
//   - user@corp.example.org is of the realm that [domain_realm] maps the suffix
//     to, or else of CORP.EXAMPLE.ORG;
//   - CORP\user and user@CORP are of the krb5.conf's realm whose first label is
//     CORP, of the default realm when there are several;
//   - user is of the default realm;
//   - .\user is of none.
func realmOf(a account, conf *config.Config) (string, error) {
	const way = "write user@realm, or name the realm in a krb5.conf"
	d := conf.LibDefaults.DefaultRealm
	switch {
	case a.local:
		return "", &refusal{what: fmt.Sprintf(`the user .\%s is the host's own and has no realm`, a.name), way: "use NTLM"}
	case a.domain == "" && d == "":
		return "", &refusal{what: fmt.Sprintf("the user %q is written without a realm", a.name), way: way}
	case a.domain == "":
		return d, nil
	}
	if realm := conf.DomainRealm[strings.ToLower(a.domain)]; realm != "" {
		return realm, nil
	}
	if realm := conf.DomainRealm["."+strings.ToLower(a.domain)]; realm != "" {
		return realm, nil
	}
	known := knownRealms(conf)
	for _, realm := range known {
		if strings.EqualFold(realm, a.domain) {
			return realm, nil
		}
	}
	if strings.Contains(a.domain, ".") {
		return strings.ToUpper(a.domain), nil
	}
	fitting := slices.DeleteFunc(known, func(realm string) bool {
		first, _, _ := strings.Cut(realm, ".")
		return !strings.EqualFold(first, a.domain)
	})
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case slices.Contains(fitting, d):
		return d, nil
	case len(fitting) > 1:
		return "", &refusal{
			what: fmt.Sprintf("several realms of the krb5.conf fit the domain %q (%s)",
				a.domain, strings.Join(fitting, ", ")), way: "write user@realm",
		}
	}
	return "", &refusal{what: fmt.Sprintf("no realm is known for the domain %q", a.domain), way: way}
}

// knownRealms are the realms that a krb5.conf names, each once and sorted.
func knownRealms(conf *config.Config) []string {
	var known []string
	for _, realm := range conf.Realms {
		known = append(known, realm.Realm)
	}
	for _, realm := range conf.DomainRealm {
		known = append(known, realm)
	}
	if d := conf.LibDefaults.DefaultRealm; d != "" {
		known = append(known, d)
	}
	slices.Sort(known)
	return slices.Compact(known)
}
