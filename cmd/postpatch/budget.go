package main

import (
	"time"

	"postpatch/suites"
)

// budgetOf is when a command has to be done by the plan's budget; the zero time where
// there is none. A time of day is the next one, of the clock and zone of now: at 04:31
// a budget of 04:30 ends tomorrow. One that a day with summer time leaves out is as long
// after midnight as it says.
func budgetOf(plan *suites.Plan, command string, now time.Time) time.Time {
	if plan == nil {
		return time.Time{}
	}
	budget := plan.Budgets[command]
	if budget.At == "" {
		if budget.For == 0 {
			return time.Time{}
		}
		return now.Add(budget.For)
	}
	at, err := time.Parse("15:04", budget.At)
	if err != nil {
		return time.Time{} // no plan that was read has such a one
	}
	return nextTime(at, now)
}

// nextTime is when the clock, in now's zone, next shows the hour and minute of at.
func nextTime(at, now time.Time) time.Time {
	year, month, day := now.Date()
	end := time.Date(year, month, day, at.Hour(), at.Minute(), 0, 0, now.Location())
	if !end.After(now) {
		end = time.Date(year, month, day+1, at.Hour(), at.Minute(), 0, 0, now.Location())
	}
	return end
}
