package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/suites"
)

// planView is what a plan would run, as --json prints it. Times are as a plan writes
// them where they are the plan's.
type planView struct {
	Plan     string            `json:"plan"`
	File     string            `json:"file"`
	Suites   []string          `json:"suites"`
	Chosen   []string          `json:"hosts,omitempty"` // the plan's selectors
	Hosts    int               `json:"host_count"`
	Checks   int               `json:"check_count"`
	Reboot   string            `json:"reboot"`
	Must     []mustView        `json:"must_change,omitempty"`
	May      []mayView         `json:"may_change,omitempty"`
	Drift    []driftView       `json:"drift,omitempty"`
	Waivers  int               `json:"waivers,omitempty"` // of the plan and of the suites
	Waves    []waveView        `json:"waves"`             // one, without a name, where the plan has none
	NoWave   []string          `json:"hosts_in_no_wave,omitempty"`
	Settle   settleView        `json:"settle"`
	Passes   map[string]string `json:"passes,omitempty"` // whether hosts have to be restarted before them
	Budget   map[string]string `json:"budget,omitempty"`
	Store    string            `json:"store"`
	Precheck map[string]string `json:"precheck,omitempty"`
	// Estimate says from what the times of the waves are.
	Estimate estimateView `json:"estimate"`
	Notes    []string     `json:"notes,omitempty"`
}

type mustView struct {
	Change   string   `json:"change"`
	To       string   `json:"to"`
	Where    string   `json:"where,omitempty"`
	Hosts    []string `json:"hosts,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	KB       string   `json:"kb,omitempty"`
	Severity string   `json:"severity,omitempty"`
	Released string   `json:"released,omitempty"`
	Within   string   `json:"within,omitempty"`
}

type mayView struct {
	Change string   `json:"change"`
	To     string   `json:"to,omitempty"`
	Hosts  []string `json:"hosts,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

type driftView struct {
	Change   string `json:"change,omitempty"` // "" is every reading
	Severity string `json:"severity"`
}

type waveView struct {
	Name   string         `json:"name,omitempty"`
	After  []string       `json:"after,omitempty"`
	Hosts  []string       `json:"hosts"`
	Checks int            `json:"check_count"`
	Kinds  map[string]int `json:"checks_by_kind"`
	looking
	Settles []settles `json:"settles"`
	Gate    *gateView `json:"gate,omitempty"`
}

// settles is how long some hosts of a wave have after their start.
type settles struct {
	By    string `json:"by"` // the role or the tag that says so, or default
	Limit string `json:"limit"`
	Hosts int    `json:"hosts"`
}

// gateView is a gate as the plan has it, and in hosts of the wave.
type gateView struct {
	Quorum       string `json:"quorum"`
	MaxRegressed string `json:"max_regressed"`
	MaxUnknown   string `json:"max_unknown"`
	Known        int    `json:"known_hosts"`
	Regressed    int    `json:"regressed_hosts"`
	Unknown      int    `json:"unknown_hosts"`
}

type settleView struct {
	Default string            `json:"default"`
	Roles   map[string]string `json:"roles"`
	Return  string            `json:"return"`
	Stable  string            `json:"stable"`
	Poll    string            `json:"poll"`
	Slower  float64           `json:"slower_percent"`
}

type estimateView struct {
	AtOnce int    `json:"concurrency"`
	Run    string `json:"run,omitempty"` // "" where no run tells how long visits take
	Hosts  int    `json:"run_hosts,omitempty"`
}

// viewPlan puts together what is told of a plan.
func viewPlan(plan *suites.Plan, set *suites.Set, e estimate) planView {
	hosts := plan.Of(set.Hosts)
	v := planView{
		Plan: plan.Name, File: plan.File, Chosen: plan.Hosts, Hosts: len(hosts), Checks: checkCount(hosts),
		Reboot: string(plan.Reboot), Waivers: len(plan.Waivers) + len(set.Waivers),
		Settle: viewSettle(plan.Settle), Passes: map[string]string{}, Budget: map[string]string{},
		Precheck: viewPrecheck(plan.Precheck), Estimate: estimateView{e.atOnce, e.last.run, e.last.hosts},
	}
	v.Notes = slices.Concat(unaskedNotes(set.Unasked()), set.LeftOut)
	for _, s := range set.Suites {
		v.Suites = append(v.Suites, s.Name)
	}
	for _, m := range plan.Must {
		v.Must = append(v.Must, viewMust(m))
	}
	for _, m := range plan.May {
		v.May = append(v.May, mayView{m.Pattern.String(), m.To, m.Hosts, m.Reason})
	}
	for _, d := range plan.Drift {
		change := ""
		if d.Pattern != (suites.Pattern{}) {
			change = d.Pattern.String()
		}
		v.Drift = append(v.Drift, driftView{change, d.Severity})
	}
	for pass, reboot := range plan.Passes {
		v.Passes[string(pass)] = string(reboot)
	}
	for command, budget := range plan.Budgets {
		v.Budget[command] = budget.At
		if budget.For > 0 {
			v.Budget[command] = suites.Span(budget.For)
		}
	}
	if len(plan.Waves) == 0 {
		v.Waves = []waveView{viewWave(plan, hosts, e)}
		return v
	}
	waves, left := plan.Waved(hosts)
	for i, w := range plan.Waves {
		wave := viewWave(plan, waves[i], e)
		wave.Name, wave.After, wave.Gate = w.Name, w.After, viewGate(w.Gate, len(waves[i]))
		v.Waves = append(v.Waves, wave)
	}
	v.NoWave = namesOf(left)
	return v
}

func viewMust(m suites.MustChange) mustView {
	v := mustView{
		Change: m.Pattern.String(), To: m.Predicate.String(), Where: m.Where, Hosts: m.Hosts, Reason: m.Reason,
		KB: m.Update.KB, Severity: m.Update.Severity,
	}
	if !m.Update.Released.IsZero() {
		v.Released = m.Update.Released.Format(time.DateOnly)
	}
	if m.Update.Within > 0 {
		v.Within = suites.Span(m.Update.Within)
	}
	return v
}

func viewWave(plan *suites.Plan, hosts []suites.Host, e estimate) waveView {
	v := waveView{Hosts: namesOf(hosts), Checks: checkCount(hosts), Kinds: map[string]int{}, looking: e.cost(hosts)}
	limits := map[settling]int{}
	for _, h := range hosts {
		for _, c := range h.Checks {
			v.Kinds[c.Kind.Name]++
		}
		limits[settlingOf(plan.Settle, h)]++
	}
	byTime := func(a, b settling) int { return cmp.Or(cmp.Compare(a.limit, b.limit), strings.Compare(a.by, b.by)) }
	for _, s := range slices.SortedFunc(maps.Keys(limits), byTime) {
		v.Settles = append(v.Settles, settles{s.by, suites.Span(s.limit), limits[s]})
	}
	return v
}

// settling is how long a host may take, and by whose word.
type settling struct {
	by    string
	limit time.Duration
}

func settlingOf(s suites.Settle, h suites.Host) settling {
	limit, roles := s.Limit(h, h.Roles()...), h.Roles()
	for _, tag := range h.Tags {
		roles = append(roles, "tag:"+tag)
	}
	i := slices.IndexFunc(roles, func(role string) bool { return s.Roles[role] == limit })
	if limit == s.Default || i < 0 {
		return settling{"default", limit}
	}
	return settling{roles[i], limit}
}

func viewGate(g suites.Gate, hosts int) *gateView {
	return &gateView{
		Quorum: g.Quorum.String(), MaxRegressed: g.MaxRegressed.String(), MaxUnknown: g.MaxUnknown.String(),
		Known: g.Quorum.AtLeast(hosts), Regressed: g.MaxRegressed.AtMost(hosts), Unknown: g.MaxUnknown.AtMost(hosts),
	}
}

func viewSettle(s suites.Settle) settleView {
	v := settleView{
		Default: suites.Span(s.Default), Roles: map[string]string{}, Return: suites.Span(s.Return),
		Stable: suites.Span(s.Stable), Poll: suites.Span(s.Poll), Slower: s.Slower,
	}
	for role, limit := range s.Roles {
		v.Roles[role] = suites.Span(limit)
	}
	return v
}

func viewPrecheck(p suites.Precheck) map[string]string {
	v := map[string]string{}
	if p.Free > 0 {
		v["free"] = sizeText(p.Free)
	}
	if p.Backup > 0 {
		v["backup"] = suites.Span(p.Backup)
	}
	if p.RestoreTest > 0 {
		v["restore_test"] = suites.Span(p.RestoreTest)
	}
	return v
}

func namesOf(hosts []suites.Host) []string {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	return names
}

func checkCount(hosts []suites.Host) int {
	n := 0
	for _, h := range hosts {
		n += len(h.Checks)
	}
	return n
}
