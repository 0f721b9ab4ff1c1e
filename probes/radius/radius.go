// Package radius observes whether a RADIUS server, such as Windows' NPS, judges logons.
package radius

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"layeh.com/radius"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/datagram"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "radius".
var Kind = probes.Define(probes.Kind{
	Name:  "radius",
	Doc:   "RADIUS servers such as NPS: do they judge a logon, and do they let the operator's test account in.",
	Item:  "the port",
	Items: probes.Exact,
	Main:  "port",
	Words: map[string][]string{"ask": {asksAccess, asksStatus}, "method": {byMSCHAP, byPAP}},
	Example: "- radius: {}\n  why: wireless and VPN let nobody in without it\n" +
		"- radius: {login: true}\n  id: radius/login\n",
	Readings: specs(),
	Notes: []string{
		"The secret that the server shares with this machine is the credentials file's entry with for: radius.",
		"Without login it asks for a user whom nobody has, and to be refused is the healthy answer.",
		"NPS knows no ask: status, and is silent where it does not know the runner, or finds no domain controller.",
		"login: true shows the account of the entry with for: radius_user, once.",
	},
	Credential: use,
}, params{Ports: []int{1812}, Ask: asksAccess, Method: byMSCHAP, User: "postpatch-nobody", NAS: "postpatch"}, build)

const (
	use        = "radius"
	useUser    = "radius_user"
	asksAccess = "access"
	asksStatus = "status"
	byMSCHAP   = "mschapv2"
	byPAP      = "pap"

	answered    = "answered"
	wrongSecret = "wrong secret"
)

type params struct {
	Ports  []int  `param:"port" doc:"The ports: 1812, or 1645 of old."`
	Ask    string `param:"ask" doc:"What is asked: access, a logon; or status, of servers that know Status-Server."`
	User   string `param:"user" doc:"Whom a logon without an account is for: a name that nobody has."`
	Login  bool   `param:"login" doc:"Whether to log on, with the operator's credential for radius_user."`
	Method string `param:"method" doc:"How the account is proved: mschapv2, or pap."`
	NAS    string `param:"nas_identifier" doc:"What the asking machine calls itself, by which policies may choose."`
}

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Values:  []string{answered, reach.Refused, wrongSecret},
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc:     "What became of the question: answered, refused when no server listens, or wrong secret.",
		},
		{
			Name: "answer", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "What the server says: Access-Reject, Access-Accept, Access-Challenge.",
		},
		{
			Name: "refuses", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Without login: whether the user whom nobody has is not let in; a policy may take everybody.",
		},
		{
			Name: "signed", Type: fact.TypeBool, Severity: fact.Warn, Keep: "true",
			Doc: "Whether the answer has a Message-Authenticator, which withstands CVE-2024-3596.",
		},
		{
			Name: "login", Type: fact.TypeText, Severity: fact.Fail, Expect: "ok",
			Values: []string{"ok", "refused", "challenged", "unproved"}, Refused: []fact.Value{fact.Text("refused")},
			Doc: "With login: ok, refused, challenged for more than a password, or unproved: a yes without a proof.",
		},
		{
			Name: "latency", Type: fact.TypeDuration, Rule: ignore,
			Doc: "How long the answer took; refusals are slow on purpose.",
		},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why the account was refused, in the server's words.",
		},
	}
}

type probe params

func build(p params) (probes.Probe, error) {
	if err := reach.CheckPorts("port", p.Ports...); err != nil {
		return nil, err
	}
	p.Ports = reach.Unique(p.Ports)
	switch {
	case !slices.Contains([]string{asksAccess, asksStatus}, p.Ask):
		return nil, probes.Fieldf("ask", "must be %s or %s, got %q", asksAccess, asksStatus, p.Ask)
	case !slices.Contains([]string{byMSCHAP, byPAP}, p.Method):
		return nil, probes.Fieldf("method", "must be %s or %s, got %q", byMSCHAP, byPAP, p.Method)
	case p.User == "" || len(p.User) > 253:
		return nil, probes.Fieldf("user", "want a name of at most 253 bytes")
	case p.NAS == "" || len(p.NAS) > 253:
		return nil, probes.Fieldf("nas_identifier", "want a name of at most 253 bytes")
	case p.Login && p.Ask == asksStatus:
		return nil, probes.Fieldf("login", "has no effect with ask: status")
	case p.Login && len(p.Ports) > 1:
		return nil, probes.Fieldf("login", "the account is shown once: name one port")
	}
	return probe(p), nil
}

// Enters implements probes.Entrant.
func (p probe) Enters() string {
	if p.Login {
		return useUser
	}
	return use
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	credential, err := t.Credential(use)
	if err != nil {
		return nil, fmt.Errorf("%w: finding the secret: %w", probes.ErrNotTried, err)
	}
	if err := reach.Unproved(t, "the RADIUS secret"); err != nil {
		return nil, err
	}
	secret := []byte(credential.Password.Reveal())
	if len(secret) == 0 {
		return nil, fmt.Errorf("%w: the entry for RADIUS has no password, which is the shared secret", probes.ErrNotTried)
	}
	return reach.Each(p.Ports, func(port int) ([]fact.Reading, error) {
		address := reach.JoinPort(t.Address, port)
		v := &visit{probe: p, target: t, address: address, item: reach.PortItem("", port), secret: secret}
		err := v.run(ctx)
		switch {
		case reach.State(err) == reach.Refused:
			return []fact.Reading{probes.Read(v.item, "state", fact.Text(reach.Refused))}, nil
		case errors.Is(err, probes.ErrNoAnswer):
			err = fmt.Errorf("asking RADIUS at %s: %w; a server is silent, too, to whom it does not know as its client, "+
				"or with another secret", address, err)
		case err != nil:
			err = fmt.Errorf("asking RADIUS at %s: %w", address, err)
		}
		return v.readings, err
	})
}

// visit is one question to a port, and what was read.
type visit struct {
	probe         probe
	target        probes.Target
	address, item string
	secret        []byte
	readings      []fact.Reading
}

func (v *visit) add(name string, value fact.Value) {
	v.readings = append(v.readings, probes.Read(v.item, name, value))
}

// tells says whether there is a reading.
func (v *visit) tells(name string) bool {
	return slices.ContainsFunc(v.readings, func(r fact.Reading) bool { return r.Key.Name == name })
}

func (v *visit) run(ctx context.Context) error {
	if v.probe.Login {
		return v.logIn(ctx)
	}
	code := radius.CodeAccessRequest
	if v.probe.Ask == asksStatus {
		code = radius.CodeStatusServer
	}
	q, err := newQuestion(code, v.secret, v.probe.NAS)
	if err == nil && code == radius.CodeAccessRequest {
		err = q.pap(v.probe.User, rand.Text()) // a password that nobody has
	}
	if err != nil {
		return err
	}
	got, err := v.exchange(ctx, q)
	if err != nil || !got.proved || code == radius.CodeStatusServer {
		return err
	}
	if !isVerdict(got.code) {
		return fmt.Errorf("the server answers a logon with %s", got.code)
	}
	v.add("refuses", fact.Bool(got.code != radius.CodeAccessAccept))
	return nil
}

// isVerdict says whether a server says so of a logon.
func isVerdict(code radius.Code) bool {
	return code == radius.CodeAccessAccept || code == radius.CodeAccessReject || code == radius.CodeAccessChallenge
}

// exchange asks, and adds what the answer says.
func (v *visit) exchange(ctx context.Context, q *question) (answer, error) {
	if err := q.seal(); err != nil {
		return answer{}, fmt.Errorf("making the packet: %w", err)
	}
	conn, err := datagram.Dial(ctx, v.target, v.address)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = conn.Close() }()
	reply, err := datagram.Ask(ctx, conn, q.ask())
	if err != nil {
		return answer{}, err
	}
	got, err := q.read(reply.Packet)
	if err != nil {
		return answer{}, err
	}
	if !got.proved {
		v.add("state", fact.Text(wrongSecret))
		return got, nil
	}
	v.add("state", fact.Text(answered))
	v.add("answer", fact.Text(got.code.String()))
	v.add("signed", fact.Bool(got.signed))
	v.add("latency", fact.Duration(reply.Latency.Round(time.Microsecond)))
	return got, nil
}

// logIn shows the operator's account, once.
func (v *visit) logIn(ctx context.Context) error {
	err := v.target.LogOn(ctx, useUser, "RADIUS at port "+v.item, func(c host.Credential) (host.Shown, error) {
		q, err := newQuestion(radius.CodeAccessRequest, v.secret, v.probe.NAS)
		if err != nil {
			return host.Later, err
		}
		password := c.Password.Reveal()
		if v.probe.Method == byPAP {
			err = q.pap(c.User, password)
		} else {
			err = q.mschap(c.User, password)
		}
		if err != nil {
			return host.Later, err
		}
		got, err := v.exchange(ctx, q)
		if err != nil || !got.proved {
			return host.Unsaid, err
		}
		return v.judged(q, got, c.User, password)
	})
	switch {
	case errors.Is(err, probes.ErrRefused):
		v.add("login", fact.Text("refused"))
		if len(v.readings) == 1 { // it was refused earlier in the run, and not asked again
			v.add("reason", fact.Text(reach.Printable(err.Error(), 300)))
		}
		return nil
	case v.tells("login") || !v.tells("answer") && v.tells("state"): // what became of the account, or of its server
		return nil
	}
	return err
}

// judged tells what became of the account.
func (v *visit) judged(q *question, got answer, user, password string) (host.Shown, error) {
	switch got.code {
	case radius.CodeAccessAccept:
		if v.probe.Method == byMSCHAP && !q.knows(got, user, password) {
			v.add("login", fact.Text("unproved"))
			return host.Unsaid, nil
		}
		v.add("login", fact.Text("ok"))
		return host.Taken, nil
	case radius.CodeAccessReject:
		if words := why(got); words != "" {
			v.add("reason", fact.Text(words))
		}
		return host.Refused, nil
	case radius.CodeAccessChallenge:
		v.add("login", fact.Text("challenged"))
		return host.Unsaid, nil
	default:
		return host.Unsaid, fmt.Errorf("the server answers a logon with %s", got.code)
	}
}
