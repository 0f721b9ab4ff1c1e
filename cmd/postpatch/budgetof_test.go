package main

import (
	"testing"
	"time"
	_ "time/tzdata" // for a machine without zones

	"postpatch/suites"
)

func TestBudgetOf(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04:05", text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	plan := &suites.Plan{Budgets: map[string]suites.Budget{"capture": {For: 45 * time.Minute}, "verify": {At: "04:30"}}}
	early := &suites.Plan{Budgets: map[string]suites.Budget{"verify": {At: "02:30"}}}
	for name, c := range map[string]struct {
		plan    *suites.Plan
		command string
		now     time.Time
		want    time.Time
	}{
		"without a plan":              {nil, "verify", at("2026-11-10 22:00:00"), time.Time{}},
		"without a budget":            {plan, "judge", at("2026-11-10 22:00:00"), time.Time{}},
		"a plan that has none":        {&suites.Plan{}, "verify", at("2026-11-10 22:00:00"), time.Time{}},
		"a duration":                  {plan, "capture", at("2026-11-10 23:30:00"), at("2026-11-11 00:15:00")},
		"before midnight":             {plan, "verify", at("2026-11-10 22:00:00"), at("2026-11-11 04:30:00")},
		"after midnight":              {plan, "verify", at("2026-11-11 02:00:00"), at("2026-11-11 04:30:00")},
		"a second before":             {plan, "verify", at("2026-11-11 04:29:59"), at("2026-11-11 04:30:00")},
		"at that very moment":         {plan, "verify", at("2026-11-11 04:30:00"), at("2026-11-12 04:30:00")},
		"on the last day of the year": {plan, "verify", at("2026-12-31 22:00:00"), at("2027-01-01 04:30:00")},
		// An hour less, and an hour more, than the clock seems to say.
		"into summer": {plan, "verify", at("2026-03-28 22:00:00"), at("2026-03-28 22:00:00").Add(5*time.Hour + 30*time.Minute)},
		"into winter": {plan, "verify", at("2026-10-24 22:00:00"), at("2026-10-24 22:00:00").Add(7*time.Hour + 30*time.Minute)},
		"a time that the night leaves out": {
			early, "verify", at("2026-03-28 22:00:00"), at("2026-03-29 03:30:00"),
		},
		"by another zone's clock": {
			plan, "verify", at("2026-11-11 05:00:00").UTC(), time.Date(2026, 11, 11, 4, 30, 0, 0, time.UTC),
		},
	} {
		if got := budgetOf(c.plan, c.command, c.now); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
