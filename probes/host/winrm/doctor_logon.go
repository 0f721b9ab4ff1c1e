package winrm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"postpatch/probes/host/winrm/auth"
)

const (
	worthNoting   = 30 * time.Second // of difference between the clocks
	worthRefusing = 5 * time.Minute  // Kerberos allows no more
)

// logon is the step "logon". What the host offers is looked at first, so that an
// account is not tried where it cannot succeed; then it is tried once.
func (x *examiner) logon(ctx context.Context) Step {
	if len(x.offers) == 0 {
		// Without an account, Windows answers 401 and what it takes.
		got, err := x.talk(ctx, nil, nil)
		if err != nil {
			return broken("logon", x.session.transport.explain(ctx, err, 0))
		}
		x.noOffer = got.status == http.StatusUnauthorized && len(x.offers) == 0
	}
	if step, hopeless := x.notOffered(); hopeless {
		return step
	}
	// Identify needs no right but to log on.
	_, err := x.session.transport.send(ctx, identifyRequest)
	if err != nil && !hostSaidSo(err) {
		return x.refusedLogon(err)
	}
	used := x.session.Used()
	step := Step{Saw: x.entered(used)}
	x.remark(&step, used)
	return step
}

// remark notes what should be known of a logon that has worked. One thing hides
// no other.
func (x *examiner) remark(step *Step, used auth.Used) {
	if used.Why != "" && !x.local() { // a host's own account can have nothing else
		step.note(clean(used.Why), "nothing, if NTLM may be used there; else mend that and write winrm: {auth: kerberos}")
	}
	if x.Auth == Basic && !x.TLS {
		step.note("allow_plain: true sends the password readable over the network",
			"leave allow_plain to labs: without it messages are sealed, also without TLS")
	}
	if x.clock && x.ahead.Abs() > worthNoting {
		step.Saw += ", its clock " + x.skew()
		step.note("the clocks differ, and Kerberos refuses accounts from five minutes on",
			"for the clock, w32tm /query /status on the host, and this machine's own time service")
	}
}

// entered says how the account was proved.
func (x *examiner) entered(used auth.Used) string {
	how := map[string]string{Basic: "Basic", Certificate: "client certificate"}[x.Auth]
	if used.Mechanism != "" {
		how = used.Mechanism
	}
	text := how
	if x.Credential.User != "" {
		text += " as " + clean(x.Credential.User)
	}
	if used.Mechanism == "Kerberos" {
		text += " for " + x.spn()
	}
	t := x.session.transport
	switch {
	case t.seals():
		text += ", messages sealed"
	case t.tls != nil && t.conn != nil && t.conn.bindings != nil && t.proof != nil:
		text += ", bound to the TLS channel"
	case t.tls == nil:
		text += ", in clear"
	}
	if len(x.offers) > 0 {
		text += "; offered: " + strings.Join(x.offers, ", ")
	}
	return text
}

func (x *examiner) spn() string { return spnOf(auth.Peer{Host: x.Host, SPN: x.SPN}) }

func (x *examiner) skew() string {
	return x.ahead.Abs().Round(time.Second).String() + map[bool]string{true: " ahead", false: " behind"}[x.ahead > 0]
}

// local says whether the account is the host's own, and no domain's.
func (x *examiner) local() bool {
	return !strings.ContainsAny(strings.TrimPrefix(x.Credential.User, `.\`), `\@`)
}

// notOffered finds out that the host does not take what the account comes with.
func (x *examiner) notOffered() (Step, bool) {
	want, allow := "Negotiate", `winrm set winrm/config/service/auth @{Negotiate="true"; Kerberos="true"}`
	switch x.Auth {
	case Certificate: // is not among the offers
		return Step{}, false
	case Basic:
		want, allow = Basic, `winrm set winrm/config/service/auth @{Basic="true"}`
	}
	has := func(name string) bool {
		return slices.ContainsFunc(x.offers, func(offer string) bool { return strings.EqualFold(offer, name) })
	}
	if len(x.offers) == 0 && !x.noOffer || has(want) {
		return Step{}, false
	}
	step := Step{
		State: Failed,
		Saw:   fmt.Sprintf("offered: %s; the account was not tried", cmp.Or(strings.Join(x.offers, ", "), "nothing")),
		Cause: fmt.Sprintf("WinRM there does not take %s, which auth: %s needs", strings.ToUpper(want[:1])+want[1:], x.Auth),
		Cure:  "allow it on the host: " + allow,
	}
	switch {
	case x.Auth == Basic && has("Negotiate"):
		step.Cure = "leave out auth: basic, so that Kerberos or NTLM is used; or " + step.Cure
	case has("Kerberos"):
		step.Cause = "WinRM there takes Kerberos in its own scheme only, with Negotiate switched off"
	}
	return step, true
}

// refusedLogon says why the account did not come in.
func (x *examiner) refusedLogon(err error) Step {
	fault, isFault := errors.AsType[*Fault](err)
	if !isFault || fault.Status != http.StatusUnauthorized {
		return x.brokenLogon(err)
	}
	step := Step{State: Failed, Saw: "the account was refused"}
	if x.Credential.User != "" {
		step.Saw = clean(x.Credential.User) + " was refused"
	}
	once := "it was tried only once on this host"
	if shown := x.session.transport.shown; shown > 1 {
		once = fmt.Sprintf("it was tried %d times on this host", shown)
	}
	used, why := x.session.Used().Mechanism, x.session.Used().Why
	if why != "" {
		step.Saw += " (" + clean(why) + ")"
	}
	switch {
	case x.Auth == Certificate:
		step.Cause = "the certificate is not mapped to a local account there, or WinRM takes none"
		step.Cure = "on the host: winrm enumerate winrm/config/service/certmapping, and winrm get winrm/config/service/auth"
	case x.Auth == Basic:
		step.Cause = "the name or the password is wrong, or it is a domain's account: Basic knows the host's own only"
		step.Cure = "check both, or leave out auth: basic; " + once
	case used == "Kerberos" && x.clock && x.ahead.Abs() > worthRefusing:
		step.Cause = "the host's clock is " + x.skew() + ", and Kerberos allows five minutes"
		step.Cure = "set the clock that is wrong: w32tm /resync on the host"
	case used == "Kerberos":
		step.Cause = "the host cannot read the ticket for " + x.spn() +
			": the SPN belongs to another account, or the name to another host"
		step.Cure = "setspn -Q " + x.spn() + " tells whose it is; winrm: {spn: SPN} asks for another one"
	case used == "NTLM" && x.session.transport.shown == 0:
		step.Saw = "the host broke NTLM off before the account was shown"
		step.Cause = "Negotiate is switched off there, or a policy restricts NTLM"
		step.Cure = "look on the host at winrm get winrm/config/service/auth, at the policies Network security: Restrict " +
			"NTLM, and at the log Microsoft-Windows-NTLM/Operational; or use Kerberos"
		return step
	default:
		step.Cause = "the name or the password is wrong, or the account is locked, expired or may not log on over the network"
		step.Cure = "check both; SubStatus of event 4625 in the host's Security log tells which (0xC000006A: password, " +
			"0xC0000234: locked); " + once
	}
	if x.TLS && used != "" {
		step.Cure += "; a proxy that ends TLS breaks the channel binding too"
	}
	return step
}

// brokenLogon says why a proof was not made.
func (x *examiner) brokenLogon(err error) Step {
	during := "logon"
	if x.session.Used().Mechanism == "NTLM" && x.session.transport.shown > 0 && !x.local() {
		during = byDomain
	}
	step := broken(during, err)
	if _, _, refused := auth.Refusal(err); refused {
		step.Saw = clean(x.Credential.User) + " could not be proved"
		// Other hosts have refused it. A KDC is asked before there is a mechanism.
		if x.session.transport.shown == 0 && (x.session.Used().Mechanism == "NTLM" || x.Auth == Basic) {
			step.Saw = clean(x.Credential.User) + " was not tried on this host"
		}
	}
	switch {
	case x.clock && x.ahead.Abs() > worthRefusing && x.Auth != Basic && x.Auth != NTLM:
		step.Saw += ", clock " + x.skew()
		step.Cause += "; the host's clock is " + x.skew()
	case errors.Is(err, auth.ErrDowngrade):
		step.Saw = clean(deepest(err).Error())
		step.Cause = "the host asks for weaker NTLM than Windows gives since 2008, or somebody in between does"
		step.Cure = "look at the policy Network security: Minimum session security for NTLM there, and for what is in between"
	}
	return step
}
