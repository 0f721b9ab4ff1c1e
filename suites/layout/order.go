package layout

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// order is how the keys of a mapping follow each other.
type order struct {
	keys  []string          // known ones
	last  bool              // a key that is not known stands before those that are
	below map[string]*order // of what a key holds
	each  *order            // of what any other key holds
	// asWritten leaves all quotes as they are.
	asWritten bool
}

// of is the order of what a key holds; never nil.
func (o *order) of(key string) *order {
	if below := o.below[key]; below != nil {
		return below
	}
	if o.each != nil {
		return o.each
	}
	return &order{asWritten: o.asWritten}
}

// sorted are the entries of a mapping in their order. A key that is not known stays behind
// the one that it stood behind.
func (o *order) sorted(pairs []pair) []pair {
	type ranked struct {
		pair
		rank int
	}
	all := make([]ranked, len(pairs))
	before := -1
	for i, p := range pairs {
		at := slices.Index(o.keys, p.key.Value)
		if at < 0 && !o.last {
			at = before
		}
		before = at
		all[i] = ranked{p, at}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return a.rank - b.rank })
	sorted := make([]pair, len(all))
	for i := range all {
		sorted[i] = all[i].pair
	}
	return sorted
}

func keys(words string) []string { return strings.Fields(words) }

// orderOf is the order of a file's keys, by what it is; nil for no file of ours.
func orderOf(root *yaml.Node) *order {
	if root.Kind != yaml.MappingNode {
		return nil
	}
	has := map[string]bool{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		has[root.Content[i].Value] = true
	}
	switch {
	case has["credentials"]:
		return credentialsOrder()
	case has["scenario"] || has["test"] || has["estate"]:
		return &order{asWritten: true}
	case has["plan"]:
		return planOrder()
	case has["suite"] || has["checks"]:
		return suiteOrder()
	default:
		return nil
	}
}

func suiteOrder() *order {
	compare := &order{each: &order{keys: keys("rule severity")}}
	check := &order{
		keys: keys("from id hosts expect assert compare timeout locked owner why"), last: true,
		below: map[string]*order{"assert": {keys: keys("that why")}, "compare": compare},
	}
	return &order{
		keys: keys("suite owner notify vars hosts use override disable locked compare timeout checks waivers"),
		below: map[string]*order{
			"vars": {each: &order{keys: keys("doc default")}},
			"hosts": {keys: keys(`file csv ansible ldap name was address base filter group delimiter where seen disabled
				tags vars`)},
			"use":      {keys: keys("suite vars hosts as")},
			"override": {each: check},
			"compare":  compare,
			"checks":   check,
			"waivers":  waiverOrder(),
		},
	}
}

func waiverOrder() *order {
	return &order{keys: keys("waive check hosts until reason ticket owner")}
}

func planOrder() *order {
	update := &order{keys: keys("kb severity released within")}
	return &order{
		keys: keys(`plan suites hosts reboot must_change may_change drift waves gate settle passes budget store
			precheck waivers`),
		below: map[string]*order{
			"must_change": {
				keys:  keys("change hosts to where reason update"),
				below: map[string]*order{"update": update},
			},
			"may_change": {keys: keys("change hosts to reason")},
			"drift":      {keys: keys("change hosts severity")},
			"waves":      {keys: keys("name hosts after gate quorum max_regressed max_unknown")},
			"waivers":    waiverOrder(),
		},
	}
}

func credentialsOrder() *order {
	return &order{below: map[string]*order{"credentials": {
		asWritten: true,
		keys: keys(`hosts for user password keytab ccache certificate current_user managed_identity workload_identity
			token winrm sql mail`),
	}}}
}
