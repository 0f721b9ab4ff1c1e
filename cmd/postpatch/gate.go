package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/suites"
)

func newGate(a app) *cobra.Command {
	// Nothing is asked, so no script of a suite can run.
	c := gateJob{inputs: inputs{scripts: true, atOnce: 1}, now: time.Now}
	cmd := &cobra.Command{
		Use:   "gate [SUITE…]",
		Short: "Say whether the waves behind a wave may begin, from what the store keeps",
		Long: "Takes the newest that the plan's verify runs saw of each host of the wave, and of the waves before it,\n" +
			"judges it by the plan and the suites as they are now, and holds it against the wave's gate. No host is\n" +
			"contacted. Runs that are going on or were cut off count with the hosts that they have; runs of the\n" +
			"early pass do not. Exit codes: 0 go, 1 no-go, 3 undecided, 2 no answer.",
		Example: "  postpatch gate --plan november.plan.yaml --after pilot",
		RunE: func(cmd *cobra.Command, files []string) error {
			defer (&outputs{}).frugal(a)()
			c.suites = files
			answer, err := gate(cmd.Context(), a, c)
			if err != nil {
				return err
			}
			if err := c.show(a, answer); err != nil {
				return err
			}
			return exitWith(answer.ExitCode)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.plan, "plan", "", "the patch's plan (*.plan.yaml)")
	f.StringSliceVar(&c.after, "after", nil, "the wave that has to be well; several where a wave waits for several")
	f.StringSliceVar(&c.baselines, "baseline", nil, "the baselines that count (default: the newest of each host)")
	f.StringVar(&c.store, "store", standardStore, storeHelp)
	c.storeFlag = f.Lookup("store")
	trustFlag(f, &c.trust)
	c.directoryFlags(f, a)
	f.StringVar(&c.json, "json", "", "write the answer as JSON, to stdout or to =FILE")
	f.Lookup("json").NoOptDefVal = stdoutFile
	return cmd
}

// stdoutFile is the name of a file that stands for stdout.
const stdoutFile = "-"

type gateJob struct {
	inputs
	suites    []string
	after     []string
	baselines []string
	json      string
	now       func() time.Time
}

// gateAnswer is what gate prints.
type gateAnswer struct {
	Plan     string   `json:"plan"`
	After    []string `json:"after"`
	ExitCode int      `json:"exit_code"`
	runner.Gated
	// Runs are those on which the answer rests.
	Runs []gateRun `json:"runs"`
	// Hosts are those that decide, or have yet to, by wave: all that are not well.
	Hosts map[string][]runner.HostSeen `json:"hosts_not_well"`
	Notes []string                     `json:"notes"`
	Next  []string                     `json:"next"`
}

// gateRun is a run with the hosts of which it says how they stand.
type gateRun struct {
	Run   string    `json:"run"`
	Began time.Time `json:"began"`
	Hosts int       `json:"hosts"`
}

func gate(ctx context.Context, a app, c gateJob) (gateAnswer, error) {
	switch {
	case c.plan == "":
		return gateAnswer{}, errors.New("which plan? give it with --plan: it says which waves there are")
	case len(c.after) == 0:
		return gateAnswer{}, errors.New("after which wave? name it with --after")
	}
	j, err := c.load(ctx, a, c.suites)
	if err != nil {
		return gateAnswer{}, err
	}
	j.logins.Close() // nobody is asked
	store, err := openStore(c.store, c.trust)
	if err != nil {
		return gateAnswer{}, err
	}
	defer func() { _ = store.Close() }()
	return c.decide(ctx, j, store)
}

// decide answers from what a store keeps at this moment.
func (c *gateJob) decide(ctx context.Context, j job, store *baseline.Store) (gateAnswer, error) {
	waves, err := c.chain(j)
	if err != nil {
		return gateAnswer{}, err
	}
	e := evidence{job: j, store: store, trusting: c.trust != "", now: c.now(), changed: outdated{}}
	if err := e.find(ctx, c.baselines); err != nil {
		return gateAnswer{}, err
	}
	var seen []runner.WaveSeen
	for _, w := range waves {
		of, err := e.of(ctx, w)
		if err != nil {
			return gateAnswer{}, err
		}
		seen = append(seen, of)
	}
	return c.answer(seen, e), nil
}

// chain lists the waves that are asked for and those before them, however far back, in
// the order of the plan.
func (c *gateJob) chain(j job) ([]suites.Wave, error) {
	if _, err := j.plan.FindWaves(c.after); err != nil {
		return nil, fmt.Errorf("--after: %w", err)
	}
	names := slices.Clone(c.after)
	for i := 0; i < len(names); i++ {
		waves, err := j.plan.FindWaves(names[i : i+1])
		if err != nil {
			return nil, fmt.Errorf("what wave %s waits for: %w", c.after[0], err)
		}
		for _, before := range waves[0].After {
			if !slices.Contains(names, before) {
				names = append(names, before)
			}
		}
		if len(hostsOf(j, waves[0])) == 0 {
			return nil, fmt.Errorf("wave %s is empty: none of its hosts (%s) is in the suites", waves[0].Name,
				strings.Join(waves[0].Hosts, ", "))
		}
	}
	return j.plan.FindWaves(names)
}

func (c *gateJob) answer(seen []runner.WaveSeen, e evidence) gateAnswer {
	answer := gateAnswer{Plan: e.job.plan.Name, After: c.after, Gated: runner.Gate(seen, c.after)}
	switch answer.Answer {
	case runner.Go:
		answer.ExitCode = runner.ExitOK
	case runner.NoGo:
		answer.ExitCode = runner.ExitBroken
	default:
		answer.ExitCode = runner.ExitIncomplete
	}
	answer.Hosts = map[string][]runner.HostSeen{}
	used := map[string]int{}
	for _, w := range seen {
		for _, h := range w.Hosts {
			if h.Is != runner.HostWell {
				answer.Hosts[w.Wave.Name] = append(answer.Hosts[w.Wave.Name], h)
			}
			used[h.Run]++
		}
		slices.SortStableFunc(answer.Hosts[w.Wave.Name], worstFirst)
	}
	for _, r := range slices.Backward(e.runs) {
		if n := used[r.head.Run]; n > 0 {
			answer.Runs = append(answer.Runs, gateRun{r.head.Run, r.head.Started.UTC(), n})
		}
	}
	e.tellPlanless(answer)
	answer.Notes, answer.Next = slices.Concat(e.notes, e.changed.notes()), c.next(answer, e)
	return answer
}

// worstFirst puts the hosts first that decide most.
func worstFirst(a, b runner.HostSeen) int {
	order := []runner.Standing{runner.HostWorse, runner.HostUnknown, runner.HostUnseen}
	return slices.Index(order, a.Is) - slices.Index(order, b.Is)
}

// tellPlanless notes the runs that look at hosts of which more should be known, and that
// no plan claims.
func (e *evidence) tellPlanless(answer gateAnswer) {
	for _, m := range e.planless {
		for _, hosts := range answer.Hosts {
			looked := func(h runner.HostSeen) bool {
				is := func(entry baseline.HostEntry) bool { return strings.EqualFold(entry.Host, h.Host) }
				return slices.ContainsFunc(m.Hosts, is)
			}
			since := func(b baseline.Manifest) bool { return b.Run == m.Baseline }
			if slices.ContainsFunc(hosts, looked) && slices.ContainsFunc(e.baselines, since) {
				e.note("run %s was made without --plan, and is no evidence for this one", m.Run)
			}
		}
	}
}
