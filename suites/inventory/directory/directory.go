// Package directory asks a directory over LDAP for the hosts of a list. It enters
// it within TLS alone, by a certificate that it has checked, and follows nothing
// that leads elsewhere.
package directory

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"postpatch/probes/host"
	"postpatch/suites/inventory"
)

// The bounds of one search.
const (
	pageSize = 1000 // computers in one answer
	maxPages = 10 * inventory.MaxHosts / pageSize
	maxTime  = 2 * time.Minute
)

// Options say how a directory is reached and entered.
type Options struct {
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Roots    *x509.CertPool // nil for the system's
	User     string         // DOMAIN\name, name@realm, or a distinguished name
	Password host.Secret
	Now      time.Time // by which computers that were not seen are told
}

// Ask searches a directory. An answer that is not whole is an error, and so is one
// without a host. The password is shown once.
func Ask(ctx context.Context, s inventory.Search, o Options) (inventory.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	found, err := ask(ctx, s, o)
	if err != nil && ctx.Err() != nil {
		return found, fmt.Errorf("asking the directory %s: %w", s.Server, ctx.Err())
	}
	if err != nil {
		return found, fmt.Errorf("asking the directory %s: %w", s.Server, err)
	}
	return found, nil
}

func ask(ctx context.Context, s inventory.Search, o Options) (none inventory.Found, err error) {
	if o.User == "" || o.Password == (host.Secret{}) {
		return none, errors.New("a user and a password are needed: nobody is asked without")
	}
	conn, err := open(ctx, s, o)
	if err != nil {
		return none, err
	}
	l := ldap.NewConn(conn, true)
	l.Start()
	defer func() { _ = l.Close() }()
	// Closing the connection ends whatever waits for it.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := l.Bind(o.User, o.Password.Reveal()); err != nil {
		return none, fmt.Errorf("entering it as %s: %w", o.User, bindError(err))
	}
	g := gatherer{search: s, now: o.Now, names: map[string]bool{}}
	if g.now.IsZero() {
		g.now = time.Now()
	}
	if err := g.pages(l); err != nil {
		return none, err
	}
	return g.found()
}

// open connects, and has TLS with a certificate for the server's name.
func open(ctx context.Context, s inventory.Search, o Options) (net.Conn, error) {
	conn, err := o.Dial(ctx, "tcp", net.JoinHostPort(s.Server, strconv.Itoa(s.Port)))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if s.StartTLS {
		if err := startTLS(conn); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("StartTLS: %w; nothing was sent in clear", err)
		}
	}
	secured := tls.Client(conn, &tls.Config{ServerName: s.Server, RootCAs: o.Roots, MinVersion: tls.VersionTLS12})
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("TLS: %w; no password was sent", err)
	}
	return framed(secured), nil
}

// bindError says in an administrator's words why a login was refused.
func bindError(err error) error {
	wrong, is := errors.AsType[*ldap.Error](err)
	if !is {
		return err
	}
	if wrong.ResultCode == ldap.LDAPResultInvalidCredentials {
		// What Active Directory adds: "… AcceptSecurityContext error, data 52e, v4563".
		_, rest, _ := strings.Cut(wrong.Err.Error(), ", data ")
		code, _, _ := strings.Cut(rest, ",")
		why := map[string]string{
			"525": "there is no such user", "52e": "the password is wrong", "530": "it may not log on at this time",
			"531": "it may not log on from here", "532": "its password has expired", "533": "it is disabled",
			"701": "it has expired", "773": "its password has to be changed first", "775": "it is locked",
		}[code]
		return fmt.Errorf("the account was refused (%s); it is not tried again", cmp.Or(why, "user or password are wrong"))
	}
	return words(wrong)
}

// words is an error of LDAP without what a server may have put into it.
func words(wrong *ldap.Error) error {
	if wrong.ResultCode >= ldap.ErrorNetwork {
		return errors.New(clean(wrong.Err.Error()))
	}
	name := cmp.Or(ldap.LDAPResultCodeMap[wrong.ResultCode], "an error")
	return fmt.Errorf("%s (%d): %s", name, wrong.ResultCode, clean(wrong.Err.Error()))
}

// clean is a server's text, short and printable.
func clean(text string) string {
	text = strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7F || c >= 0x80 && c < 0xA0 || c == '\uFFFD' {
			return ' '
		}
		return c
	}, text))
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return text
}

// gatherer makes hosts of entries.
type gatherer struct {
	search inventory.Search
	now    time.Time
	hosts  []inventory.Host
	names  map[string]bool // in lower case
	seen   int             // entries

	disabled, stale, nameless, twice, elsewhere []string
}

// pages asks for one page after the other.
func (g *gatherer) pages(l *ldap.Conn) error {
	paging := ldap.NewControlPaging(pageSize)
	r := &ldap.SearchRequest{
		BaseDN: g.search.Base, Scope: ldap.ScopeWholeSubtree, DerefAliases: ldap.NeverDerefAliases,
		TimeLimit: int(maxTime.Seconds()), Filter: cmp.Or(g.search.Filter, everyComputer),
		Attributes: []string{attrDNS, attrName, attrControl, attrLogon}, Controls: []ldap.Control{paging},
	}
	for range maxPages {
		answer, err := l.Search(r)
		if err != nil {
			return searchError(err)
		}
		for _, url := range answer.Referrals {
			g.refer(url)
		}
		for _, e := range answer.Entries {
			if err := g.entry(e); err != nil {
				return err
			}
		}
		next, is := ldap.FindControl(answer.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !is || len(next.Cookie) == 0 {
			return nil
		}
		paging.SetCookie(next.Cookie)
	}
	return errors.New("it has no end of pages")
}

// searchError is what is wrong with an answer. One that a limit of the server cut
// short is none.
func searchError(err error) error {
	wrong, is := errors.AsType[*ldap.Error](err)
	if !is {
		return err
	}
	switch wrong.ResultCode {
	case ldap.LDAPResultReferral:
		return errors.New("it refers to another server, which is not followed: name the one that has the base itself")
	case ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultAdminLimitExceeded:
		return fmt.Errorf("its answer is not whole: %w; choose a narrower base or filter", words(wrong))
	case ldap.LDAPResultNoSuchObject:
		return errors.New("there is no such base, or the account may not read it")
	}
	return words(wrong)
}

// found is what the search came to.
func (g *gatherer) found() (inventory.Found, error) {
	var f inventory.Found
	for _, left := range []struct {
		why   string
		names []string
	}{
		{"the account is disabled", g.disabled},
		{"not logged on for " + days(g.search.Seen), g.stale},
		{"without a name that a host can have", g.nameless},
		{"of a name that another one has", g.twice},
		{"other places to which it refers, and which are not asked", g.elsewhere},
	} {
		if len(left.names) > 0 {
			f.LeftOut = append(f.LeftOut, fmt.Sprintf("%d %s: %s", len(left.names), left.why, few(left.names)))
		}
	}
	if len(g.hosts) == 0 {
		why := "no computer is found"
		if len(f.LeftOut) > 0 {
			why += " but those left out: " + strings.Join(f.LeftOut, "; ")
		}
		return f, fmt.Errorf("%s; look at base and filter", why)
	}
	slices.SortFunc(g.hosts, func(a, b inventory.Host) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	f.Hosts = g.hosts
	return f, nil
}

func days(d time.Duration) string { return strconv.Itoa(int(d.Hours()/24)) + " days" }

// few names some of many.
func few(names []string) string {
	const most = 5
	slices.Sort(names)
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
