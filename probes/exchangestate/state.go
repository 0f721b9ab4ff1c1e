// Package exchangestate observes what an Exchange server tells of its own state: its
// components, health sets, database copies, queues, maintenance, build, services,
// certificates and malware filter.
package exchangestate

import (
	"context"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/wildcard"
)

// Kind is what a suite calls "exchange_state". What cannot be asked leaves the check
// unknown, and what was seen is judged all the same.
var Kind = probes.Define(probes.Kind{
	Name: "exchange_state",
	Doc:  "What an Exchange server tells of itself: components, health, copies, queues, maintenance, build and more.",
	Item: "component/HubTransport, health/OWA.Protocol, copy/DB01/EX01, queue/Submission, certificate/IIS, " +
		"certificate/IIS/mail.example.org; empty for the server as a whole",
	Items:   probes.AnyCase,
	Main:    "part",
	Words:   map[string][]string{"part": names()},
	Settles: "exchange",
	Example: "- exchange_state: {}\n" +
		"  why: all services run and no mail flows - one requester that is left inactive does that\n",
	Notes: []string{
		note.PowerShell,
		"build, engine and services need no more than the host; they are told where nothing of Exchange runs.",
		"The others are asked at Exchange's own endpoint (/PowerShell): View-Only Organization Management can read all.",
		"A command that the account's roles do not have looks as if there were none: the check is unknown then.",
		"copies leaves out how long lagged copies wait on purpose: only a queue that was short has to stay so.",
	},
	Readings: slices.Concat([]probes.ReadingSpec{exchangehost.Spec()}, readings()),
}, params{Parts: names()}, build)

type params struct {
	Parts  []string `param:"part" doc:"What is looked at."`
	Server string   `param:"server" absent:"the host's name" doc:"The server's name in Exchange."`
	Except []string `param:"except" doc:"Items that are left out, without health/ and the like; * stands for anything."`
}

// part is one thing to look at.
type part struct {
	name  string
	specs []probes.ReadingSpec
	asks  func(p probe) []host.Question
	read  func(v visit)
}

// visit is one reading of the answers.
type visit struct {
	*gather.Reader

	probe probe
	local exchangehost.Local
	host  string
}

func parts() []part {
	return []part{
		buildPart(), enginePart(), servicesPart(), componentsPart(), healthPart(), copiesPart(), queuesPart(),
		maintenancePart(), certificatesPart(),
	}
}

func names() []string {
	var all []string
	for _, p := range parts() {
		all = append(all, p.name)
	}
	return all
}

func readings() []probes.ReadingSpec {
	var all []probes.ReadingSpec
	for _, p := range parts() {
		all = append(all, p.specs...)
	}
	return all
}

type probe struct{ params }

func build(p params) (probes.Probe, error) {
	if err := choice.Some("part", names(), p.Parts...); err != nil {
		return nil, err
	}
	if strings.ContainsAny(p.Server, "$*\r\n") {
		return nil, probes.Fieldf("server", "%q is no name of a server", p.Server)
	}
	return probe{p}, nil
}

// chosen are the parts that the suite names.
func (p probe) chosen() []part {
	return slices.DeleteFunc(parts(), func(one part) bool { return !slices.Contains(p.Parts, one.name) })
}

// Reports implements probes.Chooser.
func (p probe) Reports(reading string) bool {
	return reading == exchangehost.Spec().Name || slices.ContainsFunc(p.chosen(), func(one part) bool {
		return slices.ContainsFunc(one.specs, func(s probes.ReadingSpec) bool { return s.Name == reading })
	})
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question {
	all := []host.Question{exchangehost.Question()}
	for _, one := range p.chosen() {
		if one.asks != nil {
			all = append(all, one.asks(p)...)
		}
	}
	return all
}

// Observe implements probes.Probe. On a host that has no Exchange nothing else can be
// read, and that is what there is to tell.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	local, gone := exchangehost.Read(r)
	if gone {
		return r.Result()
	}
	v := visit{Reader: r, probe: p, local: local, host: t.Host}
	for _, one := range p.chosen() {
		one.read(v)
	}
	return r.Result()
}

// rows makes items of what a command returned.
func (v visit) rows(what, prefix string, rows []host.Row, name func(host.Row) string) []named.Row {
	return named.Rows(v.Reader, what, rows, named.Naming{Prefix: prefix, Name: name, Except: v.probe.Except})
}

// column names rows by a column, within bounds.
func column(name string) func(host.Row) string {
	return func(row host.Row) string { return named.Within(gather.Text(row, name), exchangehost.MostName) }
}

// word reads a column that holds a word of an enumeration, which are the same in every
// language, in lower case; none is noted.
func (v visit) word(row named.Row, column string) (word string, known bool) {
	word = named.Within(strings.ToLower(gather.Text(row.Row, column)), exchangehost.MostName)
	if word == "" {
		row.Odd(v.Reader, column)
	}
	return word, word != ""
}

// texts are values of a reading, of which each is the same whatever a change means.
func texts(all ...string) []fact.Value {
	values := make([]fact.Value, len(all))
	for i, text := range all {
		values[i] = fact.Text(text)
	}
	return values
}

// leaves says whether the suite leaves an item of that name out.
func (p probe) leaves(name string) bool { return wildcard.Patterns(p.Except).Match(name) }
