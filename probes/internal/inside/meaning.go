package inside

import (
	"fmt"

	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// meaning is what two views of one item mean together; empty where both are answered, and
// alike.
func (c Compare) meaning(outside, inner values) string {
	out, told := c.state(outside)
	in, toldInside := c.state(inner)
	switch {
	case !told || !toldInside: // what became of one of them nobody says
		return ""
	case out == "" && in == "":
		return c.difference(outside, inner)
	case out == NoAddress && in == NoAddress:
		return "no address: neither the runner nor the host finds one for the name"
	case out == NoAddress:
		return "name resolution differs: the host finds an address for the name, and the runner does not"
	case in == NoAddress:
		return "name resolution differs: the runner finds an address for the name, and the host does not"
	case in == "":
		return onlyInside(out)
	case out == "":
		return fmt.Sprintf("only from outside: the runner is answered, and the host itself is not (%s): "+
			"it listens at another address than the host asks, or the host's own way to it is closed", in)
	default:
		return dead(out, in)
	}
}

// onlyInside is what it means that the host is answered, and the runner is not.
func onlyInside(out string) string {
	switch out {
	case reach.NoAnswer, reach.Unreachable:
		return "firewall closed: the host is answered, and to the runner nothing comes back: " +
			"the host's firewall or one on the way drops it"
	case reach.Refused:
		return "firewall closed, or only from inside: the host is answered, and the runner is refused: " +
			"a firewall rejects it, or it listens at loopback alone"
	default:
		return fmt.Sprintf("cut off on the way: the host is answered, and the runner is not (%s)", out)
	}
}

// dead is what it means that nobody is answered. Where the runner came as far as to somebody
// who ended it, something does listen.
func dead(out, in string) string {
	nobody := out == reach.Refused || out == reach.NoAnswer || out == reach.Unreachable
	switch {
	case nobody && in == reach.Refused:
		return "service dead: nothing listens, as the host itself finds, too"
	case nobody && in == reach.NoAnswer:
		return "service dead or stuck: the host itself gets no answer either"
	default:
		return fmt.Sprintf("nobody is answered: %s for the runner, %s for the host itself", out, in)
	}
}

// difference is in what two answers are not alike.
func (c Compare) difference(outside, inner values) string {
	const most = 200 // characters of an answer
	for _, reading := range c.same {
		out, in := outside[reading], inner[reading]
		if out == nil || in == nil || fact.Equal(out, in) {
			continue
		}
		kind := "the answers differ"
		if reading == "answers" || reading == "rcode" {
			kind = "name resolution differs"
		}
		return fmt.Sprintf("%s: %s %s for the runner, %s for the host", kind, reading,
			shown(out, most), shown(in, most))
	}
	return ""
}

func shown(v fact.Value, most int) string {
	if text := reach.Printable(v.String(), most); text != "" {
		return text
	}
	return "empty"
}
