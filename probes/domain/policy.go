package domain

import (
	"fmt"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

func policySpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "policy_applied", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "When group policy was last applied to the computer.",
		},
		{
			Name: "policy_overdue", Type: fact.TypeBool, Rule: fact.Rule{Op: fact.Ignore}, Keep: "false",
			Doc: "Whether no group policy was applied since the boot, 30 minutes after it, or none for a day.",
		},
		{
			Name: "policies", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset},
			Doc: "The group policies that apply to the computer, by name; one that is missing is a change.",
		},
		{
			Name: "policy_errors", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Warn,
			Doc: "The parts of group policy that failed when it was applied last, with the number of the error.",
		},
	}
}

// Windows applies policy at the boot, and then every 90 to 120 minutes. Where there
// was no network at the boot, it tries again as soon as there is one.
const (
	graceAfterBoot = 30 * time.Minute
	longest        = 24 * time.Hour
	mostPolicies   = 500
)

// readPolicy tells whether group policy still reaches the host.
func readPolicy(r *gather.Reader, told parts.Parts) {
	if row, ok := told.One("policy"); ok {
		if end := row.Get("End"); !end.Null {
			at, err := end.Time()
			if err != nil {
				r.Fail("policy_applied", err)
			} else {
				r.Add("", "policy_applied", fact.Time(at))
				readOverdue(r, told, at)
			}
		} else {
			readOverdue(r, told, time.Time{})
		}
	}
	if row, ok := told.One("gpos"); ok {
		names, err := named.Set("group policies", gather.List(row, "Names"), mostPolicies)
		if err != nil {
			r.Fail("policies", err)
		} else {
			r.Add("", "policies", names)
		}
	}
	readErrors(r)
}

// readOverdue holds the last policy against the boot, by the host's own clock.
func readOverdue(r *gather.Reader, told parts.Parts, applied time.Time) {
	row, ok := told.One("now")
	if !ok {
		return
	}
	now, err := row.Get("Now").Time()
	if err != nil {
		r.Fail("policy_overdue", err)
		return
	}
	system, ok := r.One("the boot's time", boot())
	if !ok {
		return
	}
	booted, err := system.Get("LastBootUpTime").Time()
	if err != nil {
		r.Fail("the boot's time", err)
		return
	}
	missed := applied.Before(booted) && now.Sub(booted) > graceAfterBoot
	r.Add("", "policy_overdue", fact.Bool(missed || now.Sub(booted) > longest && now.Sub(applied) > longest))
}

// harmless are errors of an extension that are none: nothing had changed, it still
// works, or it waits for the next boot. Source: the system's error codes.
func harmless() map[int64]bool {
	const (
		ioPending, noChanges, nextForeground = 997, 1252, 1274
		pending                              = 0x8000000A // E_PENDING
	)
	return map[int64]bool{0: true, ioPending: true, noChanges: true, nextForeground: true, pending: true}
}

// readErrors reads what the host has logged of its last policy. A host where that
// is switched off, or that never applied any, has no such class or no rows.
func readErrors(r *gather.Reader) {
	rows, there := r.Optional("policy_errors", extensions())
	if !there {
		return
	}
	var failed []string
	for _, row := range rows {
		code, known := gather.Number(row, "error")
		if !known || harmless()[code] {
			continue
		}
		name := first(row, "displayName", "extensionGuid")
		failed = append(failed, fmt.Sprintf("%s: %d", named.Within(name, 80), code))
	}
	set, err := named.Set("failed parts of group policy", failed, mostPolicies)
	if err != nil {
		r.Fail("policy_errors", err)
		return
	}
	r.Add("", "policy_errors", set)
}
