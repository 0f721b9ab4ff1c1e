package report_test

import (
	"testing"

	"postpatch/runner/report"
)

// A host's words in a pipeline's log are no commands to who runs it.
func TestCleanTamesPipelines(t *testing.T) {
	for text, want := range map[string]string{
		"##vso[task.setvariable variable=x]y":  "#<#>vso[task.setvariable variable=x]y",
		"a ##[group]b":                         "a #<#>[group]b",
		"::set-output name=a::b":               "<:>:set-output name=a::b",
		"::stop-commands::x":                   "<:>:stop-commands::x",
		"::error title=a:b::x":                 "<:>:error title=a:b::x",
		"::a ::add-mask::x":                    "<:>:a <:>:add-mask::x",
		"at ::ffff:10.0.0.1, ::1 and fe80::1":  "at ::ffff:10.0.0.1, ::1 and fe80::1",
		":::error::x, :::: and ::":             ":::error::x, :::: and ::",
		"fe80::1, 2001:db8::a:b":               "fe80::1, 2001:db8::a:b",
		"[math]::Round(2)":                     "[math]::Round(2)",
		"## a heading, and a [list]":           "## a heading, and a [list]",
		"one::two and three::four is no order": "one::two and three::four is no order",
	} {
		if got := report.CleanLine(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// What two clean texts make together is no command either.
func TestTameBreaksWhatTextsMakeTogether(t *testing.T) {
	line := "  " + report.CleanLine("::error") + "  " + report.CleanLine("a::b") + report.CleanLine("##") +
		report.CleanLine("vso[task.complete]")
	if got, want := report.Tame(line), "  <:>:error  a::b#<#>vso[task.complete]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
