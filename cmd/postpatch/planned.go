package main

import (
	"fmt"
	"slices"

	"postpatch/suites"
)

// keepAsPlanned takes the plan's store where the operator names none.
func (in *inputs) keepAsPlanned(plan *suites.Plan) {
	if plan != nil && plan.Store != "" && in.storeFlag != nil && !in.storeFlag.Changed {
		in.store = plan.Store
	}
}

// narrowToPlan leaves the hosts that the plan is for, and says what they are called. One
// of its selectors that chooses nobody is a mistake: those whom it means would not be
// looked at, and nobody would notice.
func narrowToPlan(j *job) (among string, err error) {
	if j.plan == nil {
		return "the suites", nil
	}
	for _, must := range j.plan.Must {
		if err := choosesSome(j, must.Hosts, "must_change "+must.Pattern.String()+": hosts"); err != nil {
			return "", err
		}
	}
	if len(j.plan.Hosts) == 0 {
		return "the suites", nil
	}
	if err := choosesSome(j, j.plan.Hosts, "hosts"); err != nil {
		return "", err
	}
	j.set.Hosts = j.plan.Of(j.set.Hosts)
	return "the plan's hosts", nil
}

func choosesSome(j *job, selectors []string, what string) error {
	for _, selector := range selectors {
		one := []string{selector}
		if !slices.ContainsFunc(j.set.Hosts, func(h suites.Host) bool { return h.Chosen(one) }) {
			return fmt.Errorf("plan %q: %s: %q matches no host of the suites", j.plan.Name, what, selector)
		}
	}
	return nil
}
