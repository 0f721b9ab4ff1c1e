// Package eventlog observes which errors a Windows host has written to its event
// logs, and how often.
package eventlog

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

// Kind is what a suite calls "eventlog". What was written before the patch is no
// finding, and neither is what is written no more: only what is new, or three times as
// frequent. A baseline mostly counts a month and a verification some minutes, so the
// hour that had the most is compared with the hour that had the most.
var Kind = probes.Define(probes.Kind{
	Name: "eventlog",
	Doc:  "The errors in the event logs since the boot, counted: those that were not there before the patch.",
	Item: "log/provider/id, with what it is about behind a colon where that counts, such as a service; " +
		"the log's name for a log as a whole",
	Items: probes.AnyCase,
	Main:  "log",
	Words: map[string][]string{"level": levelNames()[1:4]},
	Example: "- eventlog: {}\n" +
		"- eventlog:\n" +
		"    log: [Application, Microsoft-Windows-Hyper-V-VMMS-Admin]\n" +
		"    except: [ShopClient/*]\n" +
		"    watch: [ShopServer/1000]\n" +
		"  why: a shop server that restarts itself writes 1000\n",
	Notes: notes(),
	// A script upgrade that failed, and master that it left unusable: SQL Server ends.
	Final:    map[string][]string{"sql": {"Application/MSSQL*/912*", "Application/MSSQL*/3417*"}},
	Readings: specs(),
}, params{Level: []string{"critical", "error"}, Since: sinceBoot}, build)

// allowed is the rule of counts: three times as many are a finding.
func allowed() fact.Rule { return fact.Rule{Op: fact.AtMost, Percent: 199, Gone: true} }

func specs() []probes.ReadingSpec { return slices.Concat(logSpecs(), countSpecs(), plainSpecs()) }

// logSpecs tell of a log what is to be compared.
func logSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "serious", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Fallback: true,
			Doc:      "All events of a log that mostly mean that something broke: a service that crashed, a disk, Kerberos.",
		},
		{
			Name: "failed_starts", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Excused: []fact.Value{notKnown()},
			Doc:     "What the service control manager wrote of what did not start; not known where System has lost the boot.",
		},
		{
			Name: "errors", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Note,
			Doc: "All other events of a log that are counted; a suite may let new ones fail.",
		},
		{
			Name: "new_services", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Note,
			Doc: "The services and drivers that were installed in that time: a patch may do so, an attacker too.",
		},
	}
}

// countSpecs tell of an event.
func countSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "serious_count", Type: fact.TypeInt, Of: "events", Rule: allowed(), Severity: fact.Fail,
			Doc: "How often a serious event was written, in the hour that had the most of it.",
		},
		{
			Name: "start_count", Type: fact.TypeInt, Of: "events", Rule: allowed(),
			Doc: "The same of an event of failed_starts, which tells of new ones.",
		},
		{
			Name: "unclean_start", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.AtMost, Gone: true}, Severity: fact.Fail,
			Doc: "When Windows wrote last that it had crashed, or was not shut down; one that is newer than before fails.",
		},
		{
			Name: "count", Type: fact.TypeInt, Of: "events", Rule: allowed(),
			Doc: "How often any other event was written, in the hour that had the most of it.",
		},
		{
			Name: "noise", Type: fact.TypeInt, Of: "events", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How often one was written that healthy servers write at a boot too, or that the suite leaves out.",
		},
	}
}

func plainSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "level", Type: fact.TypeText, Rule: ignore,
			Values: []string{"critical", "error", "warning", "information"},
			Doc:    "critical, error, warning or information.",
		},
		{
			Name: "sample", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "How often, and the newest one's text, in the host's language.",
		},
		{
			Name: "last", Type: fact.TypeTime, Rule: ignore, Evidence: true,
			Doc: "When it was written last.",
		},
		{
			Name: "newest", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "The texts of the newest serious events of a log.",
		},
		{
			Name: "start_types", Type: fact.TypeSet, Rule: ignore, Evidence: true,
			Doc: "The services whose start type was changed in that time.",
		},
		{
			Name: "read", Type: fact.TypeInt, Of: "events", Rule: ignore,
			Doc: "How many events of a log were counted.",
		},
		{
			Name: "whole", Type: fact.TypeBool, Rule: ignore,
			Doc: "Whether the log reaches back to the boot, or the time that the suite gave.",
		},
	}
}

type params struct {
	Logs []string `param:"log" absent:"System, Application, Setup, a domain controller's own" doc:"Names of logs."`
	// Level is a list, because a log may be read for warnings alone.
	Level  []string `param:"level" doc:"What is counted of every provider."`
	Since  string   `param:"since"  doc:"From when on: boot, baseline, or a duration such as 24h."`
	Except []string `param:"except" doc:"Events that are noise here, as provider/id; * stands for any characters."`
	Watch  []string `param:"watch"  doc:"Events that are serious here, as provider/id; with an id, whatever their level."`
}

const (
	sinceBoot = "boot"
	setup     = "Setup" // the log of servicing
)

type probe struct {
	logs     []string
	optional bool // the logs are the kind's own choice, and some hosts lack some
	levels   []string
	since    string // as the collector wants it
	except   []pattern
	watch    []pattern
}

func build(p params) (probes.Probe, error) {
	built := probe{logs: p.Logs, since: p.Since}
	if len(built.logs) == 0 {
		built.optional = true
		built.logs = []string{"System", "Application", setup, "Directory Service", "DNS Server", "DFS Replication"}
	}
	for i, log := range built.logs {
		if strings.TrimSpace(log) == "" || slices.ContainsFunc(built.logs[:i], func(s string) bool {
			return strings.EqualFold(s, log)
		}) {
			return nil, probes.Fieldf("log", "want names of logs, each once, got %q", log)
		}
	}
	if len(p.Level) == 0 {
		return nil, probes.Fieldf("level", "the list is empty: want critical, error, warning")
	}
	for _, name := range p.Level {
		number := slices.Index(levelNames(), name)
		if number < 1 || number > 3 {
			return nil, probes.Fieldf("level", "must be critical, error or warning, got %q", name)
		}
		built.levels = append(built.levels, strconv.Itoa(number))
	}
	if p.Since != sinceBoot && p.Since != host.SinceBaseline {
		d, err := time.ParseDuration(p.Since)
		if err != nil || d < time.Minute || d > 366*24*time.Hour {
			return nil, probes.Fieldf("since", "must be boot, baseline or a duration from 1m to 8784h, got %q", p.Since)
		}
		built.since = strconv.Itoa(int(d.Seconds()))
	}
	var err error
	if built.except, err = patterns("except", p.Except); err != nil {
		return nil, err
	}
	built.watch, err = patterns("watch", p.Watch)
	return built, err
}

func patterns(field string, all []string) ([]pattern, error) {
	const most = 50 // Windows asks for each by itself
	if len(all) > most {
		return nil, probes.Fieldf(field, "has %d entries: at most %d", len(all), most)
	}
	var read []pattern
	for _, text := range all {
		p, ok := parsePattern(text)
		if !ok {
			return nil, probes.Fieldf(field, "want provider/id such as Schannel/36887 or Schannel/*, got %q", text)
		}
		read = append(read, p)
	}
	return read, nil
}

func (p probe) question() host.Collector {
	args := map[string][]string{
		"log": p.logs, "level": p.levels, "since": {p.since},
		"detail": {scm, applicationError, was, esent}, "id": nil, "watch": nil,
	}
	for _, w := range slices.Concat(p.watch, quiet()) {
		args["watch"] = append(args["watch"], w.String())
		if w.id != 0 && !slices.Contains(args["id"], strconv.Itoa(w.id)) {
			args["id"] = append(args["id"], strconv.Itoa(w.id))
		}
	}
	return host.Collector{Name: "eventlog", Args: args}
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question { return []host.Question{p.question()} }

// Observe implements probes.Probe. A log that cannot be read, or not whole, is
// named in the error; the others are there, and what was counted of it.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &reader{Reader: gather.Reader{Answers: t.Answers}, probe: p}
	r.read()
	return r.Result()
}
