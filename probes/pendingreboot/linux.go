package pendingreboot

import (
	"fmt"
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

// linuxSpecs are what a Linux host has in place of all the signs.
func linuxSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "required", Type: fact.TypeBool, Severity: fact.Fail, Expect: "false", Role: probes.RebootPending,
			Doc: "Of Linux: the distribution says so (/run/reboot-required, needs-restarting), or a newer kernel is installed.",
		},
		{
			Name: "reasons", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of Linux: what says so, the packages and the kernel.",
		},
	}
}

// ofLinux is the row that tells it; Windows' collector has none of that part.
func ofLinux(answers host.Answers) (host.Row, bool) {
	rows, err := answers.To(elsewhere())
	if err != nil {
		return nil, false
	}
	for _, row := range rows {
		if row.Get("Part").Text == "linux" {
			return row, true
		}
	}
	return nil, false
}

func (p probe) readLinux(r *gather.Reader, row host.Row) {
	if text := gather.Text(row, "Error"); text != "" {
		r.Fail("required", fmt.Errorf("%s", text))
		return
	}
	required, known := row.Get("There").Bool()
	if !known {
		r.Failf("required", "want true or false, got %.40q", row.Get("There").Text)
		return
	}
	if !slices.Contains(p.except, "required") {
		r.Add("", "required", fact.Bool(required))
	}
	if !slices.Contains(p.except, "reasons") {
		r.Add("", "reasons", fact.SetOf(gather.List(row, "Reasons")...))
	}
}
