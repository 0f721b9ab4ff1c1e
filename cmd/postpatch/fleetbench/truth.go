//go:build linux

package fleetbench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"postpatch/probes/lab/swarm"
	"postpatch/runner/report"
)

// truth holds what a run told against what the seed says.
type truth struct {
	fleet  Fleet
	state  string
	seen   map[string]bool
	false  int
	first  []string
	dead   int
	latest time.Duration
}

const mostFalse = 10

func (t *truth) wrong(format string, args ...any) {
	if t.false++; len(t.first) < mostFalse {
		t.first = append(t.first, fmt.Sprintf(format, args...))
	}
}

// judge reads the results of a run, as JSON lines.
func (f Fleet) judge(file, state string) (*truth, error) {
	results, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = results.Close() }()
	t := &truth{fleet: f, state: state, seen: map[string]bool{}}
	profiles := make(map[string]swarm.Profile, f.Swarm.Hosts)
	for i := range f.Swarm.Hosts {
		p := f.Swarm.Profile(i)
		profiles[p.Name] = p.In(state)
	}
	for lines := json.NewDecoder(results); ; {
		var line struct{ Host *report.Host }
		err := lines.Decode(&line)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if line.Host == nil {
			continue
		}
		p, known := profiles[line.Host.Host]
		if !known || t.seen[p.Name] {
			t.wrong("%s: nobody asked for it, or it came twice", line.Host.Host)
			continue
		}
		t.seen[p.Name] = true
		t.host(p, *line.Host)
	}
	for name := range profiles {
		if !t.seen[name] {
			t.wrong("%s: not told", name)
		}
	}
	return t, nil
}

// host compares one host with what it should be.
func (t *truth) host(p swarm.Profile, h report.Host) {
	if unreachable := p.Death == swarm.Refuses || p.Death == swarm.Drops; unreachable != (h.Unreachable != "") {
		t.wrong("%s, which is %q: unreachable: %q", p.Name, p.Death, h.Unreachable)
	}
	if h.Problem != "" {
		t.wrong("%s: %s", p.Name, h.Problem)
	}
	if p.Death != swarm.Alive {
		t.dead++
		t.latest = max(t.latest, h.Took)
	}
	if len(h.Checks) != t.fleet.checks() {
		t.wrong("%s: %d checks", p.Name, len(h.Checks))
	}
	for _, c := range h.Checks {
		want := t.want(p, c)
		if c.Outcome != want {
			t.wrong("%s, %s: %s is %s, and should be %s: %s %+v", p.Name, p.Death+swarm.Death(p.Fault), c.ID, c.Outcome, want,
				c.Error, c.Findings)
		}
	}
}

// want is what a check should come to.
func (t *truth) want(p swarm.Profile, c report.Check) report.Outcome {
	after := t.state == swarm.After
	switch {
	case p.Death == swarm.Mute && c.Kind == "tcp": // it takes connections
		return report.Passed
	case p.Death != swarm.Alive:
		return report.Unknown
	case p.Fault == swarm.Stops && (c.ID == serviceCheck || c.ID == servicesCheck):
		return report.Regressed
	case p.Fault == swarm.Stops && c.ID == svchostCheck: // it is one process less
		return report.Drifted
	case p.Fault == swarm.Breaks && c.ID == healthCheck:
		return report.Regressed
	case p.Fault == swarm.Ill && c.ID == healthCheck && after:
		return report.PreExisting
	case p.Fault == swarm.Ill && c.ID == healthCheck:
		return report.Failed
	case c.Kind == "os" && after:
		return report.Expected
	default:
		return report.Passed
	}
}
