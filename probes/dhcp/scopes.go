package dhcp

import (
	"slices"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

// list is a part of which there may be no row: if so, only a host that told of the
// server as well has said that there is nothing.
func list(r *gather.Reader, told parts.Parts, part string) (rows []host.Row, whole bool) {
	rows, whole = told.Some(part)
	if len(rows) == 0 && whole {
		if _, whole = told.One("server"); !whole {
			r.Failf(part, "the host told nothing of it")
		}
	}
	return rows, whole
}

// readScopes makes the readings of the scopes that the check looks at.
func (p probe) readScopes(r *gather.Reader, told parts.Parts) {
	rows, whole := list(r, told, "scope")
	if !whole {
		return // what is missing of a list that was cut off would look gone
	}
	uses := map[string]host.Row{}
	used, _ := told.Some("use")
	for _, row := range used {
		uses[gather.Text(row, "Id")] = row
	}
	var twins named.Twins
	found := map[string]bool{}
	for _, row := range rows {
		id := named.Within(gather.Text(row, "Id"), mostText)
		state := lower(named.Within(gather.Text(row, "State"), mostText))
		if id == "" || state == "" {
			r.Failf("scopes", "one has the ID %q and the state %q", id, state)
			continue
		}
		if len(p.scopes) > 0 && !slices.Contains(p.scopes, id) || slices.Contains(p.except, id) {
			continue
		}
		found[id] = true
		item := twins.Item(id)
		r.Add(item, "state", fact.Text(state))
		r.Add(item, "name", fact.Text(named.Within(gather.Text(row, "Name"), mostText)))
		if use, counted := uses[id]; counted {
			readUse(r, item, use)
		}
	}
	for _, id := range p.scopes {
		r.Add(id, "present", fact.Bool(found[id]))
	}
}

func readUse(r *gather.Reader, item string, row host.Row) {
	free, freeKnown := gather.Number(row, "Free")
	inUse, inUseKnown := gather.Number(row, "InUse")
	const mostIPv4 = 1 << 32
	if !freeKnown || !inUseKnown || free < 0 || inUse < 0 || free > mostIPv4 || inUse > mostIPv4 {
		r.Failf("the use of "+item, "free %q, in use %q",
			named.Within(row.Get("Free").Text, mostText), named.Within(row.Get("InUse").Text, mostText))
		return
	}
	r.Add(item, "free", fact.Int(free))
	r.Add(item, "in_use", fact.Int(inUse))
	if free+inUse > 0 {
		r.Add(item, "free_percent", fact.Int(100*free/(free+inUse)))
	}
}

// readFailover makes the readings of each relationship with another server.
func readFailover(r *gather.Reader, told parts.Parts) {
	rows, whole := list(r, told, "failover")
	if !whole {
		return
	}
	var twins named.Twins
	for _, row := range rows {
		name := named.Within(gather.Text(row, "Name"), mostText)
		state := lower(named.Within(gather.Text(row, "State"), mostText))
		if name == "" || state == "" {
			r.Failf("failover", "one has the name %q and the state %q", name, state)
			continue
		}
		item := twins.Item("failover/" + name)
		r.Add(item, "failover_state", fact.Text(state))
		r.Add(item, "partner", fact.Text(named.Within(gather.Text(row, "Partner"), mostText)))
		r.Add(item, "mode", fact.Text(named.Within(gather.Text(row, "Mode"), mostText)))
		scopes, err := named.Set("scopes", gather.List(row, "Scopes"), mostScopes)
		if err != nil {
			r.Fail("the scopes of "+item, err)
			continue
		}
		r.Add(item, "scopes", scopes)
	}
}

const mostScopes = 5000 // of 15 characters they stay below what a reading may have
