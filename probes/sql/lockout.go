package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// leave is what a door needs to show the password of a SQL login: all checks of a run that
// go to one instance share what is known of it. A Windows account, and one of Entra ID, has
// a guard of its own.
type leave struct {
	accounts *host.Accounts
	login    host.Credential // of this instance, and no other
	at       string
	done     func(host.Shown)
}

// leave asks for it. Where the instance has refused the login earlier in the run, that is
// told again, and the login is not shown again: the next wrong one may lock it.
func (d *door) leave(ctx context.Context, t probes.Target, c host.Credential) (*leave, []fact.Reading, error) {
	if d.way.Prove != nil || d.way.Entra != nil {
		return nil, nil, nil
	}
	l := &leave{accounts: t.Accounts, login: c, at: d.at}
	l.login.User = c.User + " of " + d.at
	var err error
	l.done, err = t.Accounts.Try(ctx, l.login, d.at)
	number, wrong := 0, error(nil)
	if errors.Is(err, probes.ErrRefused) {
		number, wrong = strconv.Atoi(t.Accounts.Noted(l.login, d.at))
	}
	switch {
	case err == nil:
		return l, nil, nil
	case number != 0 && wrong == nil:
		m := meaningOf(int32(number))
		return nil, []fact.Reading{
			probes.Read("", "login", m.word()),
			probes.Read("", "login_hint", fact.Text(m.hint+" (told earlier in this run, and not tried again)")),
		}, nil
	default:
		return nil, nil, fmt.Errorf("logging in to SQL Server at %q: %w", d.at, err)
	}
}

// ended tells what became of the login: by what it was answered, or that it was taken.
func (l *leave) ended(readings []fact.Reading, taken bool) {
	if l == nil {
		return
	}
	if taken {
		l.done(host.Taken)
		return
	}
	for _, m := range meanings() {
		if m.stance == stanceRefused && slices.ContainsFunc(readings, func(r fact.Reading) bool {
			return r.Key.Name == "login" && fact.Equal(r.Value, m.word())
		}) {
			l.accounts.Note(l.login, l.at, strconv.Itoa(int(m.number)))
			l.done(host.Refused)
			return
		}
	}
	l.done(host.Later) // only a wrong login is counted, and that is always said
}
