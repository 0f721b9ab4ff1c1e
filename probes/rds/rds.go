// Package rds observes how a Windows host takes Remote Desktop connections.
package rds

import (
	"context"
	"errors"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/role"
)

// Kind is what a suite calls "rds". Every Windows Server can be reached by Remote
// Desktop for its administration; a session host has the mode "application
// server". The broker, the gateway and the licence server are services: the kind
// service tells whether they run. How many days of licensing are left is told by
// a method, which a query cannot call.
var Kind = probes.Define(probes.Kind{
	Name:  "rds",
	Doc:   "Remote Desktop Services: connections, drain mode, licensing mode, each listener's certificate and security.",
	Item:  "listener/RDP-Tcp and the like; empty for the host",
	Items: probes.AnyCase,
	Main:  "except",
	Example: "- rds: {}\n" +
		"  expect: {mode: application server, drain: none}\n" +
		"  why: a session host that is left in drain mode takes no new users\n",
	Notes:    []string{note.WMI},
	Readings: append(hostSpecs(), listenerSpecs()...),
}, params{}, func(p params) (probes.Probe, error) { return probe(p), nil })

type params struct {
	Except []string `param:"except" doc:"Listeners that are left out, by name; * stands for anything."`
}

type probe params

func hostSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether Windows has Remote Desktop Services; without them there are no other readings.",
		},
		{
			Name: "service", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Keep: role.Running,
			Doc: "The state of the service TermService, without which nobody is let in.",
		},
		{
			Name: "connections_allowed", Type: fact.TypeBool, Keep: "true",
			Doc: "Whether Remote Desktop is switched on.",
		},
		{
			Name: "logons_allowed", Type: fact.TypeBool, Rule: fact.Rule{Op: fact.Ignore}, Keep: "true",
			Doc: "Whether new sessions may begin; change logon /disable says no.",
		},
		{
			Name: "drain", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: noDrain,
			Doc: "Whether new users are kept away: none, until restart or on, as maintenance leaves it.",
		},
		{
			Name: "mode", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "What sessions are for: administration, or application server on a session host.",
		},
		{
			Name: "licensing", Type: fact.TypeText,
			Doc: "The licensing mode: administration, per device, per user, personal or not configured.",
		},
	}
}

const noDrain = "none"

// service is the service's name, which is the same in every language.
const service = "TermService"

func listenerSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "certificate_source", Type: fact.TypeText, Severity: fact.Fail, Keep: "!= not valid",
			Doc: "Of a listener: chosen, group policy, self-signed or not valid; clients mind when theirs turns self-signed.",
		},
		{
			Name: "certificate", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "Of a listener: the thumbprint of its certificate; a self-signed one is left out, for Windows renews it.",
		},
		{
			Name: "nla", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Of a listener: whether users have to sign in before a session is made (network level authentication).",
		},
		{
			Name: "security_layer", Type: fact.TypeText,
			Doc: "Of a listener: RDP, negotiated or TLS.",
		},
		{
			Name: "encryption", Type: fact.TypeText,
			Doc: "Of a listener: the least encryption: low, client compatible, high or FIPS.",
		},
	}
}

// class asks for a class of Remote Desktop Services. Its columns are there since
// Windows Server 2008. Source of classes and numbers: Microsoft's documentation
// of the Remote Desktop Services WMI provider.
func class(name string, columns ...string) host.WQL {
	return host.WQL{Namespace: "root/cimv2/TerminalServices", Class: name, Columns: columns}
}

func settings() host.WQL {
	return class("Win32_TerminalServiceSetting",
		"AllowTSConnections", "Logons", "SessionBrokerDrainMode", "TerminalServerMode", "LicensingType")
}

func listeners() host.WQL {
	return class("Win32_TSGeneralSetting", "TerminalName", "SSLCertificateSHA1Hash", "SSLCertificateSHA1HashType",
		"UserAuthenticationRequired", "SecurityLayer", "MinEncryptionLevel")
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question {
	return []host.Question{role.Question(service), settings(), listeners()}
}

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	if _, err := r.Answers.To(settings()); errors.Is(err, host.ErrNoClass) {
		r.Add("", "present", fact.Bool(false))
		return r.Result()
	}
	if state, _, known := role.State(r, role.Question(service), service); known {
		r.Add("", "service", fact.Text(state))
	}
	if row, ok := r.One("Win32_TerminalServiceSetting", settings()); ok {
		r.Add("", "present", fact.Bool(true))
		readHost(r, named.Row{What: "Win32_TerminalServiceSetting", Row: row})
	}
	if rows, ok := r.Some("Win32_TSGeneralSetting", listeners()); ok {
		naming := named.Naming{Prefix: "listener/", Name: named.Column("TerminalName"), Except: p.Except}
		for _, listener := range named.Rows(r, "Win32_TSGeneralSetting", rows, naming) {
			readListener(r, listener)
		}
	}
	return r.Result()
}

func readHost(r *gather.Reader, row named.Row) {
	readFlag(r, row, flag{column: "AllowTSConnections", reading: "connections_allowed", yes: "1"})
	readFlag(r, row, flag{column: "Logons", reading: "logons_allowed", yes: "0"})
	for _, w := range []word{
		{"SessionBrokerDrainMode", "drain", map[int64]string{0: noDrain, 1: "until restart", 2: "on"}},
		{"TerminalServerMode", "mode", map[int64]string{0: "administration", 1: "application server"}},
		// The numbers are those of ChangeMode and of the class's own BitMap; the text
		// of its documentation counts otherwise.
		{"LicensingType", "licensing", map[int64]string{
			0: "personal", 1: "administration", 2: "per device", 4: "per user", 5: "not configured",
		}},
	} {
		if text, known := named.Word(r, row, w.column, w.words); known {
			r.Add("", w.reading, fact.Text(text))
		}
	}
}

// word is a column whose numbers are words.
type word struct {
	column, reading string
	words           map[int64]string
}

// flag is a column of the numbers 0 and 1, of which one means yes.
type flag struct{ column, reading, yes string }

func readFlag(r *gather.Reader, row named.Row, f flag) {
	switch value := gather.Text(row.Row, f.column); value {
	case "0", "1":
		r.Add(row.Item, f.reading, fact.Bool(value == f.yes))
	default:
		row.Odd(r, f.column)
	}
}

func readListener(r *gather.Reader, row named.Row) {
	const selfSigned = "self-signed"
	source, known := named.Word(r, row, "SSLCertificateSHA1HashType",
		map[int64]string{0: "not valid", 1: selfSigned, 2: "group policy", 3: "chosen"})
	if known {
		r.Add(row.Item, "certificate_source", fact.Text(source))
	}
	if thumbprint := gather.Text(row.Row, "SSLCertificateSHA1Hash"); known && source != selfSigned && thumbprint != "" {
		r.Add(row.Item, "certificate", fact.Text(strings.ToUpper(thumbprint)))
	}
	readFlag(r, row, flag{column: "UserAuthenticationRequired", reading: "nla", yes: "1"})
	for _, w := range []word{ // the numbers of SetSecurityLayer
		{"SecurityLayer", "security_layer", map[int64]string{0: "RDP", 1: "negotiated", 2: "TLS"}},
		{"MinEncryptionLevel", "encryption", map[int64]string{1: "low", 2: "client compatible", 3: "high", 4: "FIPS"}},
	} {
		if text, known := named.Word(r, row, w.column, w.words); known {
			r.Add(row.Item, w.reading, fact.Text(text))
		}
	}
}
