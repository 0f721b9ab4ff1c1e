// Package updates observes which updates a Windows host has, which of them
// failed, and which it lacks; of a Linux host, which packages.
package updates

import (
	"context"
	"regexp"
	"slices"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/gather"
)

// Kind is what a suite calls "updates". Of an update's fate nobody on a host
// knows all: servicing lists what Windows itself got, the update agent remembers
// what it tried, and an update that it calls a success may still be rolled back at
// the boot. So a plan names what it wants of servicing (hotfixes) or of the agent
// (succeeded), and os.build tells whether a cumulative update stuck. A search of an
// offline catalogue is the one thing that changes something on the host: the
// catalogue is registered with the update agent for the time of the search.
var Kind = probes.Define(probes.Kind{
	Name:  "updates",
	Doc:   "The updates of a host: installed, failed and missing; WSUS's and Configuration Manager's view; packages.",
	Item:  "the update's KB number, or its identity where it has none; empty for the host as a whole",
	Items: probes.AnyCase,
	Main:  "part",
	Words: map[string][]string{"part": parts(), "missing": sources()},
	Example: "- updates: {}\n" +
		"  why: an update that failed leaves the server open\n" +
		"- updates: {part: wsus, missing: offline, catalogue: 'D:\\wsus\\wsusscn2.cab'}\n" +
		"  id: updates/missing\n" +
		"  timeout: 20m\n" +
		"  expect: {missing_critical: empty}\n",
	Notes:    notes(),
	Readings: specs(),
}, params{Parts: parts(), Except: antivirus(), Missing: missingNone, Limit: usualLimit}, build)

type params struct {
	Parts []string `param:"part" doc:"Who is asked: servicing has hotfixes, the update agent the history."`

	Except []string `param:"except" doc:"Updates that are left out; the default ones bring antivirus signatures daily."`

	Missing string `param:"missing" doc:"A search of minutes, and where."`

	Catalogue string `param:"catalogue" doc:"Path of wsusscn2.cab, which offline registers for the time of the search."`

	Limit time.Duration `param:"limit" doc:"How long that search may take; the check's timeout has to be longer."`
}

// The host answers everything else after the search.
const (
	usualLimit = 5 * time.Minute
	mostLimit  = time.Hour
)

const (
	partHotfixes  = "hotfixes"
	partHistory   = "history"
	partWSUS      = "wsus"
	partConfigMgr = "configmgr"
)

func parts() []string { return []string{partHotfixes, partHistory, partWSUS, partConfigMgr} }

// antivirus are the updates of Microsoft's scanners: signatures of Defender, of
// Endpoint Protection and of Security Essentials, and Defender's platform.
func antivirus() []string { return []string{"KB2267602", "KB2461484", "KB2310138", "KB4052623"} }

const (
	missingNone            = "none"
	missingDefault         = "default"
	missingManaged         = "managed"
	missingMicrosoftUpdate = "microsoft_update"
	missingOffline         = "offline"
)

func sources() []string {
	return []string{missingNone, missingDefault, missingManaged, missingMicrosoftUpdate, missingOffline}
}

func build(p params) (probes.Probe, error) {
	if err := choice.Check("part", parts(), p.Parts...); err != nil {
		return nil, err
	}
	if err := choice.Check("missing", sources(), p.Missing); err != nil {
		return nil, err
	}
	if p.Missing == missingNone {
		if err := choice.Some("part", parts(), p.Parts...); err != nil {
			return nil, err
		}
	}
	if p.Limit < time.Second || p.Limit > mostLimit {
		return nil, probes.Fieldf("limit", "must be 1s to %s, got %s", mostLimit, p.Limit)
	}
	catalogue := regexp.MustCompile(`^([A-Za-z]:\\|\\\\[^\\]).*\.[cC][aA][bB]$`)
	switch {
	case p.Missing == missingOffline && !catalogue.MatchString(p.Catalogue):
		return nil, probes.Fieldf("catalogue", `want the path of wsusscn2.cab on the host, like D:\wsusscn2.cab, got %q`,
			p.Catalogue)
	case p.Missing != missingOffline && p.Catalogue != "":
		return nil, probes.Fieldf("catalogue", "goes with missing: offline only")
	}
	built := probe{params: p, except: map[string]bool{}}
	for _, name := range p.Except {
		kb := kbIn(name)
		if kb == "" || len(kb) != len(name) {
			return nil, probes.Fieldf("except", "want a number like KB2267602, got %q", name)
		}
		built.except[kb] = true
	}
	return built, nil
}

type probe struct {
	params
	except map[string]bool // by KB number, in capitals
}

func (p probe) asks(part string) bool { return slices.Contains(p.Parts, part) }

// asksWSUS also holds for a search: where the agent asks by default is worth
// knowing with its answer.
func (p probe) asksWSUS() bool { return p.asks(partWSUS) || p.Missing != missingNone }

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question {
	var all []host.Question
	if p.asks(partHotfixes) {
		all = append(all, hotfixes())
	}
	if p.asks(partHistory) {
		all = append(all, p.history())
	}
	if p.asksWSUS() {
		all = append(all, wsusServer(), wsusUse())
	}
	if p.asks(partConfigMgr) {
		all = append(all, configMgr())
	}
	if p.Missing != missingNone {
		all = append(all, p.search())
	}
	return all
}

// Observe implements probes.Probe. What one of those asked does not tell is named
// in the error; the readings of all others are there beside it.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	var installed map[string]bool
	if p.asks(partHotfixes) {
		if rows := ofLinux(t.Answers); len(rows) > 0 { // where nobody else is to be asked
			readPackages(r, rows)
			return r.Result()
		}
		installed = p.readHotfixes(r)
	}
	if p.asks(partHistory) {
		p.readHistory(r, installed, probes.Common(t.Shared, func() *host.Memo[line] { return new(host.Memo[line]) }))
	}
	var server string
	if p.asksWSUS() {
		server = readWSUS(r)
	}
	if p.asks(partConfigMgr) {
		p.readConfigMgr(r)
	}
	if p.Missing != missingNone {
		p.readMissing(r, server)
	}
	return r.Result()
}
