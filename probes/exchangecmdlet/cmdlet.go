// Package exchangecmdlet runs Exchange's own tests on a server, and observes what they
// come to.
package exchangecmdlet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/gather"
)

// Kind is what a suite calls "exchange_cmdlet". A test that could not be run leaves the
// check unknown; one that this version of Exchange does not have is told, and leaves it so
// only where there is no other.
var Kind = probes.Define(probes.Kind{
	Name: "exchange_cmdlet",
	Doc:  "Exchange's own tests (Test-MapiConnectivity, Test-ServiceHealth…), run on the server that is looked at.",
	Item: "the command, with what it tells apart: Test-ReplicationHealth/QuorumGroup, Test-ImapConnectivity/Test IMAP4; " +
		"empty for the host",
	Items:   probes.AnyCase,
	Main:    "cmdlet",
	Settles: "exchange",
	Example: "- exchange_cmdlet: [Test-MapiConnectivity, Test-ServiceHealth]\n" +
		"  why: it opens a mailbox of every database, which no state of a service tells\n",
	Notes:    notes(),
	Readings: specs(),
}, params{}, build)

type params struct {
	Cmdlets []string `param:"cmdlet,required" doc:"The commands; one that runs a probe with it behind a space."`
	Server  string   `param:"server" absent:"the host's name" doc:"The server's name in Exchange."`
}

func specs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		exchangehost.Spec(),
		{
			Name: "result", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Values: []string{"success", "failure", "nothing to test"},
			Expect: "one of " + success + ", " + nothing,
			Doc:    "success or failure; nothing to test where no database is mounted on the server, as after a move.",
		},
		{
			Name: "failing", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Doc: "Of a command that looks at several databases: those that failed. One that joins them after the patch is " +
				"new, though the check failed before.",
		},
		{
			Name: "latency", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long what was tested took; of several databases the slowest.",
		},
		{
			Name: "error", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What the command says went wrong, in the server's words.",
		},
		{
			Name: "stopped", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of Test-ServiceHealth: the services that the role needs and that do not run.",
		},
		{
			Name: "not_tested", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Unseen: untold(),
			Doc: "Why there is no result: this version has no such command, and what to use in its place; or it left it out.",
		},
	}
}

// untold are all that not_tested may say.
func untold() []fact.Value {
	values := []fact.Value{fact.Text(skipped)}
	for _, c := range commands() {
		for version := range strings.FieldsSeq(all) {
			if c.lacks(version) {
				values = append(values, fact.Text(c.notIn(version)))
			}
		}
	}
	return values
}

// run is one command that the suite wants run.
type run struct {
	command

	item     string
	question host.Cmdlet
}

type probe struct{ runs []run }

func build(p params) (probes.Probe, error) {
	if strings.ContainsAny(p.Server, "$*\r\n") {
		return nil, probes.Fieldf("server", "%q is no name of a server", p.Server)
	}
	var runs []run
	for _, entry := range p.Cmdlets {
		one, err := runOf(entry, p.Server)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(runs, func(r run) bool { return strings.EqualFold(r.item, one.item) }) {
			return nil, probes.Fieldf("cmdlet", "%q is named twice", entry)
		}
		runs = append(runs, one)
	}
	return probe{runs}, nil
}

// runOf reads an entry: a command, and a probe where it takes one.
func runOf(entry, server string) (run, error) {
	name, probe, _ := strings.Cut(strings.TrimSpace(entry), " ")
	probe = strings.TrimSpace(probe)
	at := slices.IndexFunc(commands(), func(c command) bool { return strings.EqualFold(c.name, name) })
	if at < 0 {
		var known []string
		for _, c := range commands() {
			known = append(known, c.name)
		}
		return run{}, probes.Fieldf("cmdlet", "must be one of %s, got %q", strings.Join(known, ", "), entry)
	}
	c := commands()[at]
	switch {
	case c.probe == "" && probe != "":
		return run{}, probes.Fieldf("cmdlet", "%s takes nothing more, got %q", c.name, entry)
	case c.probe != "" && probe == "" && c.usual == "":
		return run{}, probes.Fieldf("cmdlet", `want a probe behind it, '%s OWA.Protocol\OwaSelfTestProbe', got %q`,
			c.name, entry)
	case c.probe != "" && probe != "" && (strings.Count(probe, `\`) == 0 || strings.ContainsAny(probe, "$*?\"'`;|\r\n")):
		return run{}, probes.Fieldf("cmdlet", `want a health set, \ and a probe, got %q`, probe)
	}
	if probe == "" {
		probe = c.usual
	}
	r := run{command: c, item: c.name, question: c.question(probe, server)}
	if probe != "" {
		r.item += "/" + probe
	}
	return r, nil
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question {
	questions := []host.Question{exchangehost.Question()}
	for _, r := range p.runs {
		questions = append(questions, r.question)
	}
	return questions
}

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	local, gone := exchangehost.Read(r)
	if gone {
		return r.Result()
	}
	told := false
	for _, one := range p.runs {
		told = one.read(r, local.Build.Version()) || told
	}
	if !told && len(p.runs) > 0 {
		r.Fail("the check", errors.New("this version of Exchange has none of its commands: take others"))
	}
	return r.Result()
}

// read makes the readings of one run, and says whether there was something to read, or
// something that went wrong.
func (o run) read(r *gather.Reader, version string) bool {
	rows, err := r.Answers.To(o.question)
	if errors.Is(err, host.ErrNoCommand) && o.lacks(version) {
		r.Add(o.item, "not_tested", fact.Text(o.notIn(version)))
		return false
	}
	if err != nil {
		r.Fail(o.item, o.why(gather.Cause(err), version))
	}
	switch {
	case len(rows) > 0 && o.shape.moves:
		o.together(r, rows)
	case len(rows) > 0:
		o.apart(r, rows)
	case err != nil:
	case o.shape.moves:
		r.Add(o.item, "result", fact.Text(nothing))
		r.Add(o.item, "failing", fact.SetOf())
	default:
		r.Failf(o.item, "it said nothing")
	}
	return true
}

// why adds to an error what to do about it. Its class and the name of a script are the
// same in every language.
func (o run) why(err error, version string) error {
	said := err.Error()
	noMailbox := slices.ContainsFunc([]string{
		"New-TestCasConnectivityUser", "CasHealthUserNotFound", "CasHealthMailboxNotFound",
	}, func(sign string) bool { return strings.Contains(said, sign) })
	switch {
	case o.mailbox && noMailbox:
		return fmt.Errorf("it needs the test mailbox (extest_…), which Scripts\\New-TestCasConnectivityUser.ps1 makes once "+
			"on the server: %w", err)
	case errors.Is(err, host.ErrNoCommand) && version != "":
		return fmt.Errorf("%s has it, so the account's roles do not: %w", "Exchange "+version, err)
	case errors.Is(err, host.ErrNoCommand):
		return fmt.Errorf("this version does not have it, or the account's roles do not: %w", err)
	default:
		return err
	}
}
