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
