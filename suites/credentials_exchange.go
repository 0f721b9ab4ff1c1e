package suites

import "slices"

// The ways to have Exchange run a command.
const (
	exchangeRemote = "remote" // at its endpoint, where its roles decide
	exchangeSnapIn = "snapin" // by its snap-in, where the account's rights in the directory do
)

// snapIn reads by which way Exchange is asked.
func (r reader) snapIn(o object, what string) bool {
	e, found := o.get("exchange")
	if !found {
		return false
	}
	way, ok := r.text(e.value, what)
	ways := []string{exchangeRemote, exchangeSnapIn}
	if ok && !slices.Contains(ways, way) {
		r.hintf(e.value, suggest(way, ways), "%s: want remote or snapin, got something else", what)
	}
	return way == exchangeSnapIn
}
