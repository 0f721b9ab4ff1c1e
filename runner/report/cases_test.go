package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/reporttest"
)

func TestTold(t *testing.T) {
	c := report.Check{ID: "services", Kind: "services"}
	for want, f := range map[string]report.Finding{
		"BITS start_mode: auto -> manual (rule: same)": {
			Item: "BITS", Reading: "start_mode", Outcome: report.Drifted, Before: "auto", Now: "manual", HasBefore: true,
			HasNow: true, Wanted: "same",
		},
		"state: (absent) (expected running)": {Reading: "state", Outcome: report.Failed, Wanted: "expected running"},
		"(empty)":                            {HasNow: true},
		strings.Repeat("日", 79) + "… -> " + strings.Repeat("x", 79) + "…": {
			Before: strings.Repeat("日", 1<<20), Now: strings.Repeat("x", 1<<20), HasBefore: true, HasNow: true,
		},
		"a: b -> c, waiver until 2026-12-31, \"soon\", ticket CHG1": {
			Reading: "a", Before: "b", Now: "c", HasBefore: true, HasNow: true, Outcome: report.Waived,
			Waiver: report.Waiver{Until: "2026-12-31", Reason: "soon", Ticket: "CHG1"},
		},
	} {
		if got := c.Told(f); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// An outcome that this program does not know fails as a test.
func TestCasesLetNothingUnknownPass(t *testing.T) {
	cases := report.Cases(report.Host{Host: "a", Checks: []report.Check{{ID: "x", Outcome: "splendid"}, {ID: "y"}}})
	for _, c := range cases {
		if c.Result != report.CaseErrored {
			t.Errorf("%s: %s", c.Check.ID, c.Result)
		}
	}
	if len(cases) != 2 {
		t.Errorf("%d cases", len(cases))
	}
}

func TestBrief(t *testing.T) {
	for text, want := range map[string]string{
		"short": "short", "ten letters": "ten lette…", "\x1b\x1b\x1b\x1b": "<ESC><ESC…", "": "",
		strings.Repeat("日", 1<<20): strings.Repeat("日", 9) + "…", "##vso[x]": "#<#>vso[x]",
	} {
		if got := report.Brief(text, 10); got != want {
			t.Errorf("%.20q: got %q, want %q", text, got, want)
		}
	}
}

// What BriefHost leaves is clean and short all through, whatever fields there will be.
func TestBriefHostForgetsNoText(t *testing.T) {
	hostile := reporttest.Hostile(strings.Repeat("\x1b[31m", 1000)).Hosts[1]
	encoded, err := json.Marshal(report.BriefHost(hostile, 20))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(encoded), `\u001b`) || len(encoded) > 40_000 {
		t.Errorf("%d bytes: %.2000s", len(encoded), encoded)
	}
	if !strings.Contains(hostile.Checks[0].Findings[0].Now, "\x1b") {
		t.Error("the stream's own value has changed")
	}
}
