// Package smb observes file servers: what they speak, whether they take an account, and
// whether shares open and files can be read.
package smb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
)

// use is what the credentials file calls the use of an account for shares.
const use = "smb"

// What becomes of a visit.
const (
	ready       = "ready"
	ok          = "ok"
	refused     = "refused"
	unavailable = "unavailable"
	missing     = "missing"
	denied      = "denied"
	guest       = "guest"
)

// byNTLM is what proved_by says of it.
const byNTLM = "NTLM"

// The ways to prove an account.
const (
	negotiate = "negotiate"
	kerberos  = "kerberos"
	ntlm      = "ntlm"
)

func logins() []string { return []string{negotiate, kerberos, ntlm} }

// Kind is what a suite calls "smb".
var Kind = probes.Define(probes.Kind{
	Name: "smb",
	Doc:  "File servers as clients see them: what they speak, whether shares open and files can be read.",
	Item: "the port, or address:port when the suite names an address; of a share its name, " +
		"and behind that the path of a file",
	Items: probes.AnyCase,
	Main:  "share",
	Example: "- smb: {share: [SYSVOL, NETLOGON], file: 'SYSVOL\\corp.example.org\\Policies\\" +
		"{31B2F340-016D-11D2-945F-00C04FB984F9}\\GPT.INI'}\n" +
		"  why: group policy and logon scripts are read from there\n",
	Readings: specs(),
	Words:    map[string][]string{"login": logins()},
	Notes: []string{
		"Without a share and a file it asks what the server speaks, which it tells everybody.",
		"For those it logs on with the credentials file's entry with for: smb; of another address, the entry for that.",
		"It proves the account by Kerberos where there is a ticket to be had, else by NTLM.",
		note.FirstAlone,
		"It follows no DFS link: name the server that has the share.",
	},
}, params{Port: 445, Login: negotiate}, build)

type params struct {
	Shares  []string `param:"share" absent:"none" doc:"Shares to open, such as SYSVOL."`
	Files   []string `param:"file" absent:"none" doc:"Files to read, with their share in front: SYSVOL\\corp.test\\a.txt."`
	Login   string   `param:"login" doc:"How the account is proved; negotiate is Kerberos, else NTLM."`
	Port    int      `param:"port" doc:"The port."`
	Address string   `param:"address" absent:"the host under test" doc:"Where the server is."`
}

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: ready,
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc:     "Whether the server speaks SMB 2 or 3: ready, refused, reset, or the status with which it declines.",
		},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the negotiation took, with the connection."},
		{Name: "dialect", Type: fact.TypeText, Severity: fact.Fail, Doc: "The newest dialect that it speaks: 3.1.1."},
		{
			Name: "signing", Type: fact.TypeText, Severity: fact.Fail, Values: []string{"required", "offered", "off"},
			Doc: "Whether messages are signed: required, offered, or off.",
		},
		{
			Name: "encryption", Type: fact.TypeText, Values: ciphers(),
			Doc: "The cipher that it chooses: AES-256-GCM, AES-128-GCM, AES-256-CCM, AES-128-CCM, or none.",
		},
		{Name: "dfs", Type: fact.TypeBool, Severity: fact.Note, Doc: "Whether it knows DFS, as SYSVOL's clients want it."},
		{
			Name: "skew", Type: fact.TypeDuration, Rule: ignore, Severity: fact.Fail, Expect: "< 5m",
			Doc: "How far its clock is from the runner's; Kerberos tolerates 5 minutes.",
		},
		{Name: "server", Type: fact.TypeText, Severity: fact.Note, Doc: "The server's own GUID."},
		{
			Name: "login", Type: fact.TypeText, Severity: fact.Fail, Expect: ok, Refused: []fact.Value{fact.Text(refused)},
			Values: []string{ok, refused, unavailable, guest},
			Doc: "With a share or a file: ok; refused; guest when the server lets in without having verified the account; " +
				"or unavailable when it cannot verify it just now, as without a domain controller or with a broken secure channel.",
		},
		{Name: "login_time", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the login took."},
		{
			Name: "proved_by", Type: fact.TypeText, Values: []string{"Kerberos", "NTLM"},
			Doc: "How the account was proved. To fall back from Kerberos to NTLM is drift.",
		},
		{
			Name: "share", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: "open",
			Doc: "Of a share: open, missing, denied, or the status with which it does not open.",
		},
		{
			Name: "file", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: "read",
			Doc: "Of a file: read, missing, denied, or the status with which it cannot be read.",
		},
		{Name: "size", Type: fact.TypeInt, Unit: "bytes", Rule: ignore, Doc: "Of a file: its size."},
		{Name: "sha256", Type: fact.TypeText, Rule: ignore, Doc: "Of a file of up to 1 MiB: the hash of what is in it."},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why something of it failed, in the words of Windows.",
		},
	}
}

type probe params

func build(p params) (probes.Probe, error) {
	if err := reach.CheckPorts("port", p.Port); err != nil {
		return nil, err
	}
	if err := choice.Check("login", logins(), p.Login); err != nil {
		return nil, err
	}
	for _, share := range p.Shares {
		if !isName(share) {
			return nil, probes.Fieldf("share", "%q is no share's name, such as SYSVOL", reach.Printable(share, 100))
		}
	}
	for i, file := range p.Files {
		p.Files[i] = strings.TrimLeft(strings.ReplaceAll(file, "/", `\`), `\`)
		share, path, found := strings.Cut(p.Files[i], `\`)
		if !found || !isName(share) || path == "" || strings.HasSuffix(path, `\`) || len(path) > 1000 ||
			slices.Contains(strings.Split(path, `\`), "..") || strings.ContainsAny(path, "*?\"<>|\x00") {
			return nil, probes.Fieldf("file", `%q: want a share and a path, such as SYSVOL\corp.example.org\a.txt`,
				reach.Printable(file, 100))
		}
	}
	p.Shares, p.Files = reach.Unique(p.Shares), reach.Unique(p.Files)
	return probe(p), nil
}

func isName(share string) bool {
	return share != "" && len(share) <= 80 && !strings.ContainsAny(share, "\\/:*?\"<>|\x00\r\n\t")
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

func (p probe) enters() bool { return len(p.Shares)+len(p.Files) > 0 }

// EntersAt implements probes.EntrantAt.
func (p probe) EntersAt() string { return p.Address }

// Enters implements probes.Entrant.
func (p probe) Enters() string {
	if p.enters() {
		return use
	}
	return ""
}

// Reports implements probes.Chooser.
func (p probe) Reports(reading string) bool {
	switch reading {
	case "login", "login_time", "proved_by":
		return p.enters()
	case "share":
		return len(p.Shares) > 0
	case "file", "size", "sha256":
		return len(p.Files) > 0
	default:
		return true
	}
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	v := &visit{
		probe: p, target: reach.Elsewhere(t, p.Address), item: reach.PortItem(p.Address, p.Port),
		led:     func(c host.Credential) bool { return reach.Led(t, p.Address, c) },
		address: reach.JoinPort(reach.Address(t, p.Address), p.Port),
	}
	err := reach.Cause(ctx, v.run(ctx))
	if err != nil {
		err = fmt.Errorf("asking the file server at port %d: %w", p.Port, err)
	}
	return v.readings, err
}
