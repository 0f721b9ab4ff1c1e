package exchangeclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/reach"
	"postpatch/probes/internal/webtalk"
)

// visit is a visit to one endpoint, and what was read there.
type visit struct {
	probe

	target   probes.Target
	item     string
	talk     *webtalk.Talk
	readings []fact.Reading
}

// add adds a reading; of an earlier answer's of that name it takes the place.
func (v *visit) add(name string, value fact.Value) {
	v.readings = append(without(v.readings, name), probes.Read(v.item, name, value))
}

func (v *visit) has(name string) bool {
	return slices.ContainsFunc(v.readings, func(r fact.Reading) bool { return r.Key.Name == name })
}

// because gives the reason for what failed; the first counts.
func (v *visit) because(words string) {
	if !v.has("reason") {
		v.add("reason", fact.Text(clean(words)))
	}
}

// fails says that the endpoint answers, and not as it should.
func (v *visit) fails(format string, args ...any) error {
	v.add("state", fact.Text(failed))
	v.because(fmt.Sprintf(format, args...))
	return nil
}

// works says that the endpoint answers as it should.
func (v *visit) works() error {
	v.add("state", fact.Text(ok))
	return nil
}

// clean makes one line of a server's words, and not a long one.
func clean(words string) string { return reach.Printable(words, 500) }

// ask asks, with the account where the check logs on. Without an answer to read, goOn is
// false: either it was an error, or all that there is to read was read.
func (v *visit) ask(ctx context.Context, r webtalk.Request) (answer *webtalk.Answer, goOn bool, err error) {
	if !v.Login {
		return v.alive(ctx, r)
	}
	answer, by, err := v.talk.LogOn(ctx, v.item, r)
	if answer != nil {
		v.heard(answer)
	}
	if len(v.talk.Offered) > 0 && !v.has("schemes") {
		v.add("schemes", fact.SetOf(v.talk.Offered...))
	}
	rejected, isRejected := errors.AsType[*webtalk.Rejected](err)
	switch {
	case errors.Is(err, probes.ErrRefused), isRejected:
		v.add("state", fact.Text(loginRefused))
		v.because(whyRefused(err, rejected, by))
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case by != "" && answer.Status < 300:
		v.add("auth", fact.Text(by))
	}
	goOn, err = v.sound(answer)
	return answer, goOn, err
}

func whyRefused(err error, rejected *webtalk.Rejected, by string) string {
	switch {
	case rejected != nil:
		return rejected.Error()
	case by == "NTLM":
		return err.Error() + ": the password is wrong, or the account locked, or something before the server ends TLS, " +
			"which Extended Protection does not let pass"
	default:
		return err.Error()
	}
}

// alive is enough without a logon: that Exchange asks for one.
func (v *visit) alive(ctx context.Context, r webtalk.Request) (answer *webtalk.Answer, goOn bool, err error) {
	if answer, err = v.talk.Ask(ctx, r); err != nil {
		return nil, false, err
	}
	v.heard(answer)
	if answer.Status != http.StatusUnauthorized {
		goOn, err = v.sound(answer)
		return answer, goOn, err
	}
	if !isExchange(answer.Header) {
		return nil, false, errors.New("something asks for a logon, and does not say that it is Exchange")
	}
	return nil, false, v.works()
}

// heard reads what every answer has.
func (v *visit) heard(answer *webtalk.Answer) {
	v.add("status", fact.Int(answer.Status))
	v.add("latency", fact.Duration(answer.Latency))
	if schemes := webtalk.Schemes(answer.Header); answer.Status == http.StatusUnauthorized && len(schemes) > 0 {
		v.add("schemes", fact.SetOf(schemes...))
	}
	node := strings.ToLower(clean(answer.Header.Get("X-FEServer")))
	if node == "" {
		return
	}
	v.add("node", fact.Text(node))
	if want := v.expected(); want != "" {
		v.add("right_node", fact.Bool(exchangehost.SameServer(node, want)))
	}
}

// isExchange says whether an answer comes from an Exchange server, and not from
// something before it.
func isExchange(h http.Header) bool {
	for _, name := range []string{"X-FEServer", "X-OWA-Version", "X-CalculatedBETarget", "X-BEServer"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// sound says whether there is an answer of the protocol to read. The error means that
// nobody can tell from here.
func (v *visit) sound(answer *webtalk.Answer) (bool, error) {
	switch {
	case answer.Status >= 300 && answer.Status < 400:
		return false, v.sentAway(answer)
	case answer.Status != http.StatusOK:
		return false, v.fails("HTTP %d %s", answer.Status, http.StatusText(answer.Status))
	case isPage(answer) && v.item != owa && !isExchange(answer.Header):
		return false, fmt.Errorf("a web page came and no answer of Exchange, as from the logon page of a proxy: %s",
			titleOf(answer.Body))
	}
	return true, nil
}

// sentAway tells of a redirection. To another host nothing of ours follows.
func (v *visit) sentAway(answer *webtalk.Answer) error {
	to := answer.Header.Get("Location")
	if u, err := url.Parse(to); err == nil && (u.Host == "" || sameHost(u.Hostname(), v.name())) {
		return v.fails("HTTP %d leads to %s", answer.Status, withoutQuery(u))
	} else if err == nil {
		return fmt.Errorf("it sends its users on to %q, as to AD FS: that logon is not possible from here", clean(u.Host))
	}
	return v.fails("HTTP %d leads to %q, which is no address", answer.Status, clean(to))
}

// withoutQuery is an address without what may be somebody's.
func withoutQuery(u *url.URL) string { return clean(u.Host + u.Path) }

// expected is the server that has to answer; empty when any may, or nobody can tell.
func (v *visit) expected() string {
	if v.Node != "" {
		return v.Node
	}
	if _, err := netip.ParseAddr(v.target.Host); err == nil || v.Address != "" {
		return ""
	}
	return v.target.Host
}

// sameHost compares the names of two addresses.
func sameHost(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(strings.Trim(b, "[]"), "."))
}

// mailbox is the mailbox that Autodiscover is asked for.
func (v *visit) mailbox() (string, error) {
	if v.Mailbox != "" {
		return v.Mailbox, nil
	}
	c, err := v.target.Credential(webtalk.Use)
	if err != nil {
		return "", fmt.Errorf("finding the mailbox: %w", err)
	}
	address := c.User
	if c.Mail != nil && c.Mail.Address != "" {
		address = c.Mail.Address
	}
	if !isAddress(address) {
		return "", fmt.Errorf("%w: the account's name is no mail address: add mail: {address: probe@example.org} to its "+
			"entry of the credentials file, or mailbox: to the check", probes.ErrNotTried)
	}
	return address, nil
}

// without drops the readings of those names, which a later answer tells better.
func without(readings []fact.Reading, names ...string) []fact.Reading {
	return slices.DeleteFunc(readings, func(r fact.Reading) bool { return slices.Contains(names, r.Key.Name) })
}
