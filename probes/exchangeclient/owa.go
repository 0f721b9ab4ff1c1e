package exchangeclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/webtalk"
)

// formPath is where OWA's form of its logon page goes.
const formPath = "/owa/auth.owa"

// What cookies may be.
const (
	mostCookies = 50
	mostCookie  = 8 << 10 // bytes of all of them
)

// owa logs on as a browser does, once, and opens the mailbox.
func (v *visit) owa(ctx context.Context) error {
	start, err := v.talk.Ask(ctx, webtalk.Request{Method: http.MethodGet, Path: "/owa/"})
	if err != nil {
		return err
	}
	if start.Status == http.StatusUnauthorized { // no forms here: Windows' or Basic
		return v.owaByHeader(ctx)
	}
	v.heard(start)
	page, err := v.logonPage(start)
	if err != nil || page == nil {
		return err
	}
	if !v.Login {
		return v.works()
	}
	var answer *webtalk.Answer
	err = v.talk.Show(ctx, v.item, func(c host.Credential) (host.Shown, error) {
		if c.Current {
			return host.Later, fmt.Errorf("%w: the current user has no password for OWA's form", probes.ErrNotTried)
		}
		var err error
		if answer, err = v.talk.Again(ctx, v.form(c)); err != nil {
			return host.Unsaid, err
		}
		return formTold(answer, v.name())
	})
	switch {
	case errors.Is(err, probes.ErrRefused):
		v.add("state", fact.Text(loginRefused))
		v.because(err.Error())
		return nil
	case err != nil && answer != nil:
		return v.formFailed(answer, err)
	case err != nil:
		return err
	}
	v.add("auth", fact.Text("forms"))
	return v.openMailbox(ctx, answer)
}

// owaByHeader logs on where OWA wants no form.
func (v *visit) owaByHeader(ctx context.Context) error {
	answer, goOn, err := v.ask(ctx, webtalk.Request{Method: http.MethodGet, Path: "/owa/"})
	if err != nil || !goOn {
		return err
	}
	return v.isMailbox(answer)
}

// logonPage says whether OWA leads to its own logon page; nil where it does not.
func (v *visit) logonPage(answer *webtalk.Answer) (*url.URL, error) {
	if answer.Status < 300 || answer.Status >= 400 {
		goOn, err := v.sound(answer)
		if err == nil && goOn && isExchange(answer.Header) {
			err = v.fails("OWA shows a page without a logon: %s", titleOf(answer.Body))
		} else if err == nil && goOn {
			err = fmt.Errorf("a web page came and no answer of Exchange, as from the logon page of a proxy: %s",
				titleOf(answer.Body))
		}
		return nil, err
	}
	to, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || to.Host != "" && !sameHost(to.Hostname(), v.name()) || !isLogon(to) {
		return nil, v.sentAway(answer)
	}
	return to, nil
}

// isLogon says whether an address is that of OWA's logon page.
func isLogon(u *url.URL) bool { return strings.HasSuffix(strings.ToLower(u.Path), "/auth/logon.aspx") }

// form is the logon page's form, filled in.
func (v *visit) form(c host.Credential) webtalk.Request {
	return webtalk.Request{
		Method: http.MethodPost, Path: formPath,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Cookie": {"PBack=0"}},
		Body: url.Values{
			"destination": {"https://" + v.name() + "/owa/"}, "flags": {"4"}, "forcedownlevel": {"0"},
			"username": {c.User}, "password": {c.Password.Reveal()}, "passwordText": {""}, "isUtf8": {"1"},
		}.Encode(),
	}
}

// formTold is what became of a password in a form. The logon page says by a number why
// it comes again; 2 is a wrong password, and 5 and 6 are rules for clients.
func formTold(answer *webtalk.Answer, name string) (host.Shown, error) {
	if answer.Status < 300 || answer.Status >= 400 {
		shown := host.Unsaid
		if answer.Status >= 500 { // it has not come to the password
			shown = host.Later
		}
		return shown, fmt.Errorf("the logon is answered with HTTP %d %s", answer.Status,
			http.StatusText(answer.Status))
	}
	to, err := url.Parse(answer.Header.Get("Location"))
	switch {
	case err != nil:
		return host.Unsaid, errors.New("the logon leads to what is no address")
	case to.Host != "" && !sameHost(to.Hostname(), name):
		return host.Unsaid, fmt.Errorf("the logon leads to another server, %q", clean(to.Host))
	case !isLogon(to):
		if len(cookiesOf(answer)) == 0 {
			return host.Unsaid, fmt.Errorf("the logon leads to %s without a session", withoutQuery(to))
		}
		return host.Taken, nil
	case to.Query().Get("reason") == "2":
		return host.Refused, nil
	default:
		return host.Unsaid, fmt.Errorf("the logon leads back to its page, with the reason %q",
			clean(to.Query().Get("reason")))
	}
}

// formFailed tells of an answer to the form that neither takes nor refuses the account.
// An answer of Exchange's own is its failure; any other may be of what is before it.
func (v *visit) formFailed(answer *webtalk.Answer, err error) error {
	v.add("status", fact.Int(answer.Status))
	if to, wrong := url.Parse(answer.Header.Get("Location")); wrong == nil && to.Host != "" &&
		!sameHost(to.Hostname(), v.name()) {
		return err
	}
	if title := titleOf(answer.Body); isPage(answer) {
		return v.fails("%v: %s", err, title)
	}
	return v.fails("%v", err)
}

// openMailbox opens the mailbox with the cookies of the logon.
func (v *visit) openMailbox(ctx context.Context, logon *webtalk.Answer) error {
	answer, err := v.talk.Again(ctx, webtalk.Request{
		Method: http.MethodGet, Path: "/owa/", Header: http.Header{"Cookie": {strings.Join(cookiesOf(logon), "; ")}},
	})
	if err != nil {
		return err
	}
	return v.isMailbox(answer)
}

// isMailbox says whether a page of OWA is that of a mailbox.
func (v *visit) isMailbox(answer *webtalk.Answer) error {
	v.heard(answer)
	if to, err := url.Parse(answer.Header.Get("Location")); err == nil && isLogon(to) &&
		(to.Host == "" || sameHost(to.Hostname(), v.name())) {
		return v.fails("OWA leads back to its logon page though it took the account")
	}
	goOn, err := v.sound(answer)
	switch {
	case err != nil || !goOn:
		return err
	case strings.Contains(strings.ToLower(string(answer.Body)), "auth.owa"):
		return v.fails("OWA shows its logon page though it took the account")
	case !isExchange(answer.Header):
		return fmt.Errorf("a web page came that does not say that it is Exchange's: %s", titleOf(answer.Body))
	}
	return v.works()
}

// cookiesOf are the cookies that an answer sets, as they go back to the same server.
// What HTTP does not allow in one, net/http leaves out.
func cookiesOf(answer *webtalk.Answer) []string {
	var cookies []string
	size := 0
	for _, c := range (&http.Response{Header: answer.Header}).Cookies() {
		pair := (&http.Cookie{Name: c.Name, Value: c.Value}).String()
		if size += len(pair); pair == "" || c.Value == "" || len(cookies) >= mostCookies || size > mostCookie {
			continue
		}
		cookies = append(cookies, pair)
	}
	return cookies
}
