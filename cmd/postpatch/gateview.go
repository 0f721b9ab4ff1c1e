package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// show prints the answer, and writes it as JSON where that is asked for.
func (c *gateJob) show(a app, answer gateAnswer) error {
	if c.json == stdoutFile {
		return writeAnswer(a.stdout, answer)
	}
	if c.json != "" {
		f, err := createAtomic(c.json)
		if err != nil {
			return err
		}
		defer f.discard()
		if err := writeAnswer(f, answer); err != nil {
			return named(f.name(), err)
		}
		if err := f.commit(); err != nil {
			return err
		}
	}
	a.tell("%s", answer.text())
	return nil
}

func writeAnswer(w io.Writer, answer gateAnswer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(answer)
}

// text is the answer for people: first what it is and by which numbers, then the hosts
// that it rests on, worst first, and what to do.
func (g gateAnswer) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s   after %s   plan %s\n", strings.ToUpper(string(g.Answer)), strings.Join(g.After, ", "),
		report.CleanLine(g.Plan))
	for _, why := range g.Why {
		fmt.Fprintf(&b, "  %s\n", report.CleanLine(why))
	}
	rows := [][]string{{"WAVE", "ANSWER", "HOSTS", "WELL", "WORSE", "UNKNOWN", "UNSEEN", "WANTED"}}
	for _, w := range g.Waves {
		rows = append(rows, []string{
			w.Wave, string(w.Answer), fmt.Sprint(w.Hosts), fmt.Sprint(w.Well), fmt.Sprint(w.Worse), fmt.Sprint(w.Unknown),
			fmt.Sprint(w.Unseen),
			fmt.Sprintf("%d known, at most %d worse, %d unknown", max(1, w.Quorum), w.MaxRegressed, w.MaxUnknown),
		})
	}
	b.WriteString("\n" + aligned(rows))
	if rows := g.hostRows(); len(rows) > 1 {
		b.WriteString("\n" + aligned(rows))
	}
	b.WriteString(g.unseen())
	lead := func(word, format string, args ...any) {
		fmt.Fprintf(&b, "%-8s %s\n", word, report.CleanLine(fmt.Sprintf(format, args...)))
	}
	b.WriteByte('\n')
	for _, r := range g.Runs {
		lead("From", "%s, begun at %s: %s", r.Run, utc(r.Began), hostWords(r.Hosts))
	}
	for _, note := range g.Notes {
		lead("Note", "%s", note)
	}
	for _, next := range g.Next {
		lead("Next", "%s", next)
	}
	return b.String()
}

// hostRows lists the hosts that are worse or unknown.
func (g gateAnswer) hostRows() [][]string {
	const most = 20
	rows := [][]string{{"HOST", "WAVE", "IS", "RUN", "WHY"}}
	more := 0
	for _, w := range g.Waves {
		for _, h := range g.Hosts[w.Wave] {
			switch {
			case h.Is == runner.HostUnseen:
			case len(rows) > most:
				more++
			default:
				rows = append(rows, []string{h.Host, w.Wave, string(h.Is), h.Run, h.Why})
			}
		}
	}
	if more > 0 {
		rows = append(rows, []string{fmt.Sprintf("and %d more", more), "", "", "", "--json lists all"})
	}
	return rows
}

// unseen names the hosts that no run has looked at.
func (g gateAnswer) unseen() string {
	var b strings.Builder
	for _, w := range g.Waves {
		if names := hostsThat(g.Hosts[w.Wave], runner.HostUnseen); len(names) > 0 {
			fmt.Fprintf(&b, "\nnot seen of %s: %s\n", w.Wave, report.CleanLine(shorten(names)))
		}
	}
	return b.String()
}

func hostsThat(hosts []runner.HostSeen, is ...runner.Standing) []string {
	var names []string
	for _, h := range hosts {
		if slices.Contains(is, h.Is) {
			names = append(names, h.Host)
		}
	}
	return names
}

// aligned puts rows in columns; what a host or a file said is made harmless.
func aligned(rows [][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		clean := make([]string, len(row))
		for i, cell := range row {
			clean[i] = report.CleanLine(cell)
		}
		_, _ = fmt.Fprintln(w, strings.Join(clean, "\t"))
	}
	_ = w.Flush()
	return b.String()
}

// next names what a reader of the answer does: look at what is worse, take up what was
// cut off, and verify again what has to be known.
func (c *gateJob) next(answer gateAnswer, e evidence) []string {
	var commands []string
	for _, w := range answer.Waves {
		if w.Answer == runner.Go {
			continue
		}
		if len(commands) > 0 {
			break // the waves behind it are for later
		}
		hosts := answer.Hosts[w.Wave]
		if i := slices.IndexFunc(hosts, func(h runner.HostSeen) bool { return h.Is == runner.HostWorse }); i >= 0 {
			commands = append(commands, c.judgeCommand(hosts[i].Run, hostsThat(hosts, runner.HostWorse)))
		}
		if i := slices.IndexFunc(e.runs, func(r storedRun) bool {
			return w.More && r.manifest == nil && e.comes(r, suites.Wave{Name: w.Wave, Hosts: waveHosts(e, w.Wave)})
		}); i >= 0 && w.Unseen > 0 {
			commands = append(commands, c.takeUp(e.runs[i].head))
			continue
		}
		commands = append(commands, c.again(e, w.Wave, hosts))
	}
	return commands
}

func waveHosts(e evidence, name string) []string {
	waves, err := e.job.plan.FindWaves([]string{name})
	if err != nil {
		return nil
	}
	return waves[0].Hosts
}

// mostNamed is how many hosts a command names: more would not fit a line.
const mostNamed = 10

func (c *gateJob) judgeCommand(run string, hosts []string) string {
	words := append([]string{"postpatch", "judge", run}, c.suites...)
	words = append(words, flagWords(flagValue{"--plan", c.plan, ""}, flagValue{"--store", c.store, standardStore})...)
	if len(hosts) <= mostNamed {
		words = append(words, "--hosts", strings.Join(hosts, ","))
	}
	return shellWords(words)
}

// takeUp goes on with a run that was cut off.
func (c *gateJob) takeUp(h baseline.Head) string {
	words := append([]string{"postpatch", "verify"}, c.suites...)
	words = append(words, flagWords(
		flagValue{"--plan", c.plan, ""}, flagValue{"--store", c.store, standardStore},
		flagValue{"--trust", c.trust, ""}, flagValue{"--wave", h.Wave, ""}, flagValue{"--name", h.Run, ""},
	)...)
	return shellWords(append(words, "--resume"))
}

// again verifies what is not well once more, with the baseline that counts.
func (c *gateJob) again(e evidence, wave string, hosts []runner.HostSeen) string {
	r := rerun{inputs: c.inputs, suites: c.suites}
	r.waves, r.scripts = []string{wave}, false
	all := hostsOf(e.job, suites.Wave{Hosts: waveHosts(e, wave)})
	if len(hosts) <= mostNamed && len(hosts) < len(all) {
		r.hosts = hostsThat(hosts, runner.HostWorse, runner.HostUnknown, runner.HostUnseen)
	}
	for _, h := range all {
		if known := e.baselinesOf(h); len(known) > 0 && len(hosts) > 0 && h.Name == hosts[0].Host {
			r.baseline = known[0].Run
		}
		r.scripts = r.scripts || slices.ContainsFunc(h.Checks, func(c *suites.Check) bool { return c.Kind.RunsCode })
	}
	r.store = cmp.Or(r.store, standardStore)
	return r.command()
}
