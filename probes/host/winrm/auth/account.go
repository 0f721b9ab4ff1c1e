package auth

import (
	"fmt"
	"strings"
)

// account is a user's name taken apart. Operators write it in four ways.
type account struct {
	name   string // as Windows knows it, without domain
	domain string // CORP or corp.example.org, as written; empty when there is none
	suffix bool   // the domain was written behind: user@domain
	local  bool   // .\name: the host's own user, whatever domain it is in
}

// readAccount reads `DOMAIN\user`, `user@domain`, `.\user` and `user`.
func readAccount(user string) (account, error) {
	domain, name, split := strings.Cut(user, `\`)
	switch {
	case split && (name == "" || domain == "" || strings.Contains(name, `\`)):
		return account{}, fmt.Errorf(`reading the user %q: write DOMAIN\user, user@domain, .\user or user`, user)
	case split && domain == ".":
		return account{name: name, local: true}, nil
	case split:
		return account{name: name, domain: domain}, nil
	}
	at := strings.LastIndexByte(user, '@')
	if at < 0 {
		return account{name: user}, nil
	}
	if at == 0 || at == len(user)-1 {
		return account{}, fmt.Errorf(`reading the user %q: write DOMAIN\user, user@domain, .\user or user`, user)
	}
	return account{name: user[:at], domain: user[at+1:], suffix: true}, nil
}
