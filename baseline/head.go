package baseline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// begunName sorts before the hosts' files, so that listing a store finds it first
// and need not look at every host.
const begunName = "begun.json"

// Head says what a run is, before it has seen a host. It is written first, so that
// a run which was cut off can be taken up.
type Head struct {
	Format   int       `json:"format"` // FormatVersion
	Run      string    `json:"run"`
	Command  string    `json:"command"` // "capture", "verify" or "precheck"
	Tool     string    `json:"tool"`    // name and version
	By       string    `json:"by"`      // user@machine of the operator
	Started  time.Time `json:"started"`
	Baseline string    `json:"baseline,omitempty"` // the run that a verify compares with
	Plan     string    `json:"plan,omitempty"`     // digest
	// PlanName is what the plan calls itself, by which its runs are found; Wave and Pass
	// say which part of it a verify is of. Runs before format 3 have none.
	PlanName string `json:"plan_name,omitempty"`
	Wave     string `json:"wave,omitempty"`
	Pass     string `json:"pass,omitempty"`
	// Part says by which choice the run asks a part of the suites' checks alone, such as
	// "--owner dba"; "" where it asks all.
	Part   string      `json:"part,omitempty"`
	Suites []SuiteInfo `json:"suites"` // sorted by name
	// Asked is a digest of all hosts and of what their checks ask: only a run that
	// asks the same can be taken up. Runs before format 2 have none.
	Asked string `json:"asked,omitempty"`
	// Samples is how often every host is looked at, to learn what moves by itself;
	// 0 is once. Every is how long from look to look.
	Samples int    `json:"samples,omitempty"`
	Every   string `json:"every,omitempty"` // a duration, such as 10m0s
}

// begun is what is written first of a run.
type begun struct {
	Head
	// Claim is by chance: of two runs that took one name at the same moment, one
	// does not find its own here.
	Claim  string `json:"claim"`
	Digest string `json:"digest"`
}

// sameAs says in which way two heads are not of one run; it is empty when they
// are. Who runs it, when and with which build may differ.
func (h Head) sameAs(now Head) string {
	for _, part := range []struct{ name, was, is string }{
		{"command", h.Command, now.Command},
		{"baseline", h.Baseline, now.Baseline},
		{"plan", h.Plan, now.Plan},
		{"wave", h.Wave, now.Wave},
		{"pass", h.Pass, now.Pass},
	} {
		if part.was != part.is {
			return fmt.Sprintf("its %s was %q and is %q now", part.name, part.was, part.is)
		}
	}
	for _, suite := range h.Suites {
		if !slices.Contains(now.Suites, suite) {
			return fmt.Sprintf("suite %s has changed since, or is not given", suite.Name)
		}
	}
	if len(h.Suites) != len(now.Suites) {
		return "it was begun with " + suiteWords(suiteNames(h.Suites))
	}
	if h.Samples != now.Samples {
		return fmt.Sprintf("it was begun with %d samples", max(1, h.Samples))
	}
	if h.Asked != now.Asked {
		return "it was begun with other hosts or checks, by --hosts, --only, --owner or what the suites use"
	}
	return ""
}

func suiteNames(suites []SuiteInfo) []string {
	names := make([]string, len(suites))
	for i, s := range suites {
		names[i] = s.Name
	}
	return names
}

// readBegun reads what a run was begun as; what is wrong with it is a Damage.
func (s *Store) readBegun(ctx context.Context, run string) (begun, error) {
	data, err := s.read(ctx, key(run, begunName), maxManifest)
	switch {
	case isMissing(err):
		return begun{}, lacking(run, Unfinished, "baseline %s was cut off, and nothing tells what it was to be", run)
	case err != nil:
		return begun{}, unreadable(run, err, "the beginning of baseline %s cannot be read", run)
	}
	var b begun
	if damage := unseal(run, "beginning", data, &b); damage != nil {
		return begun{}, damage
	}
	if b.Run != run {
		return begun{}, damaged(run, Edited, "baseline %s was renamed: it was begun as %q", run, b.Run)
	}
	return b, nil
}

// unseal reads a sealed file of a run, called as the reader knows it. Its format is
// looked at before anything else: a later one may be sealed otherwise.
func unseal(run, called string, data []byte, into any) *Damage {
	var peek struct {
		Format int `json:"format"`
	}
	err := json.NewDecoder(bytes.NewReader(data)).Decode(&peek)
	unended := err == nil && !bytes.HasSuffix(data, []byte("\n"))
	switch {
	case unended || isCut(err):
		return damaged(run, Truncated, "the %s of baseline %s is cut short", called, run)
	case err != nil:
		return damaged(run, Unreadable, "the %s of baseline %s cannot be read: %v", called, run, err)
	case peek.Format > FormatVersion:
		return newer(run, peek.Format)
	case !sealed(data):
		return damaged(run, Edited, "the %s of baseline %s was edited", called, run)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return damaged(run, Unreadable, "the %s of baseline %s cannot be read: %v", called, run, err)
	}
	return nil
}
