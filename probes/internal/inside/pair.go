package inside

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// FromHost ends the items of the host's own view where both ask.
const FromHost = probes.FromHost

// asker is a probe that asks the host.
type asker interface {
	probes.Probe
	probes.Asker
}

// pair holds both views of a check.
type pair struct {
	asker // the host's own

	outside probes.Probe
	by      Compare
}

// Compare is how the views of one item are told apart.
type Compare struct {
	// state is what became of the attempt, in reach's words, empty where it was answered;
	// and whether the item tells it.
	state func(read values) (what string, told bool)
	same  []string // readings in which both are to agree
}

type values map[string]fact.Value

// ByState compares by the reading state, which is well where something was answered, and
// then by others.
func ByState(well string, same ...string) Compare {
	return Compare{func(read values) (string, bool) {
		state, told := read["state"].(fact.Text)
		if string(state) == well {
			return "", told
		}
		return string(state), told
	}, same}
}

// ByEchoes compares by how many echoes came back.
func ByEchoes() Compare {
	return Compare{func(read values) (string, bool) {
		cause, _ := read["cause"].(fact.Text)
		switch n, told := read["received"].(fact.Int); {
		case n > 0:
			return "", true
		case strings.Contains(string(cause), NoAddress):
			return NoAddress, true
		default:
			return reach.NoAnswer, told
		}
	}, nil}
}

// Pair is a check of both views.
func Pair(outside probes.Probe, own asker, by Compare) probes.Probe { return pair{own, outside, by} }

// Outside implements probes.Pair.
func (p pair) Outside() probes.Probe { return p.outside }

// Aims implements probes.Aimer.
func (p pair) Aims() []string {
	if aimer, aims := p.outside.(probes.Aimer); aims {
		return aimer.Aims()
	}
	return []string{""}
}

// Reports implements probes.Chooser.
func (p pair) Reports(reading string) bool {
	chooser, chooses := p.outside.(probes.Chooser)
	return !chooses || reading == "views" || reading == "cause" || chooser.Reports(reading)
}

// Join implements probes.Pair: the runner's items keep their names, those of the host have
// FromHost at their end. Beside both stands what the two mean.
func (p pair) Join(outside, inner []fact.Reading) []fact.Reading {
	out, in := byItem(outside), byItem(inner)
	joined := slices.Clone(outside)
	for _, r := range inner {
		r.Key.Item += FromHost
		joined = append(joined, r)
	}
	for _, item := range itemsOf(outside) {
		own := item
		if len(out) == 1 && len(in) == 1 { // as "loopback" is, of the host that has a name outside
			own = itemsOf(inner)[0]
		}
		if in[own] == nil {
			continue
		}
		if what := p.by.meaning(out[item], in[own]); what != "" {
			joined = append(joined,
				probes.Read(item, "views", fact.Text(what)), probes.Read(own+FromHost, "views", fact.Text(what)))
		}
	}
	return joined
}

func byItem(readings []fact.Reading) map[string]values {
	all := map[string]values{}
	for _, r := range readings {
		if all[r.Key.Item] == nil {
			all[r.Key.Item] = values{}
		}
		all[r.Key.Item][r.Key.Name] = r.Value
	}
	return all
}

func itemsOf(readings []fact.Reading) []string {
	var items []string
	for _, r := range readings {
		items = append(items, r.Key.Item)
	}
	return reach.Unique(items)
}

// ViewsSpec declares what Join adds.
func ViewsSpec() probes.ReadingSpec {
	return probes.ReadingSpec{
		Name: "views", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
		Doc: "What both views mean together, where both ask and they differ or nobody is answered: service dead, " +
			"firewall closed, name resolution differs, only from outside.",
	}
}

// StateOf is what an error of the runner's view means where the host tells its own beside
// it, so that silence is a state; empty where it tells nothing of the other side.
func StateOf(err error) string {
	var unknown *net.DNSError
	switch state := reach.State(err); {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.As(err, &unknown):
		return NoAddress
	case state != "":
		return state
	case errors.Is(err, probes.ErrNoAnswer):
		return reach.NoAnswer
	default:
		return ""
	}
}
