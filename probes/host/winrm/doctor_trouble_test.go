package winrm

import (
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
)

// seen is what a step should come to; cause and cure may also say what must not
// stand there, behind a "!".
type seen struct {
	step             string
	state            State
	saw, cause, cure string
}

// check holds the steps against what they should be.
func check(t *testing.T, steps map[string]Step, wants ...seen) {
	t.Helper()
	for _, want := range wants {
		got := steps[want.step]
		if got.State != want.state || !says(got.Saw, want.saw) || !says(got.Cause, want.cause) || !says(got.Cure, want.cure) {
			t.Errorf("%s: %+v\nwant %+v", want.step, got, want)
		}
	}
}

// says looks for a text, or with a "!" before it for its absence.
func says(text, want string) bool {
	if unwanted, not := strings.CutPrefix(want, "!"); not {
		return !strings.Contains(text, unwanted)
	}
	return strings.Contains(text, want)
}

// troubled is a lab's host on which messages fare ill.
func troubled(faults map[estate.Moment]estate.Trouble) func(*estate.Host) {
	return func(h *estate.Host) { h.WinRM.Faults = faults }
}

// TestExamineWMI tells what is wrong with WMI by what its queries come to: only
// a class that is missing says that the repository is.
func TestExamineWMI(t *testing.T) {
	for name, c := range map[string]struct {
		faults map[estate.Moment]estate.Trouble
		wants  []seen
	}{
		"a host that is busy after its reboot": {
			map[estate.Moment]estate.Trouble{"Enumerate": estate.TroubleTimeout},
			[]seen{
				{"access", Note, "nobody has answered", "WMI takes long", "step wmi"},
				{"wmi", Failed, "timed out", "WMI takes long, as it does for some minutes after a reboot", "run doctor again"},
				{"wmi", Failed, "", "!repository", "!salvage"},
				{"powershell", OK, "collectors run", "", ""},
			},
		},
		"a right that is lost between two queries": {
			map[estate.Moment]estate.Trouble{"Enumerate 2": estate.TroubleDenied},
			[]seen{
				{"access", OK, "may query WMI", "", ""},
				{"wmi", Failed, "access denied", "may not query WMI", "Remote Management Users"},
				{"wmi", Failed, "", "", "!salvage"},
			},
		},
		"a provider that fails": {
			map[estate.Moment]estate.Trouble{"Enumerate": estate.TroubleInternal},
			[]seen{
				{"access", Note, "1359", "WMI fails", "step wmi"},
				{"wmi", Failed, "1359", "the provider behind it fails", "WMI-Activity/Operational"},
				{"wmi", Failed, "", "", "!salvage"},
			},
		},
		"too many operations": {
			map[estate.Moment]estate.Trouble{"Enumerate": estate.TroubleOperations},
			[]seen{{"access", Failed, "quota reached", "limit of WinRM", "winrm/config"}, {"wmi", Skipped, "needs access", "", ""}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, e := clinic(t, troubled(c.faults))
			_, steps := visit(t, e)
			check(t, steps, c.wants...)
		})
	}
}

// TestWMISays has what no lab does: a class that Windows has lost.
func TestWMISays(t *testing.T) {
	missing := &Fault{Kind: BadQuery, Code: 0x80041010, Reason: "Invalid class"}
	if got := mayAsk(missing); got.State != OK || got.Saw != "the account may query" {
		t.Errorf("access: %+v", got)
	}
	for name, err := range map[string]error{"no class": missing, "no rows": nil} {
		step, ill := illWMI(nil, err)
		if !ill || step.State != Failed || !strings.Contains(step.Cure, "/verifyrepository") ||
			!strings.Contains(step.Cure, "where that finds it inconsistent, winmgmt /salvagerepository") {
			t.Errorf("%s: %t, %+v", name, ill, step)
		}
	}
}
