package suites

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postpatch/probes/fact"
	"postpatch/suites/expect"
)

const wanted = `plan: november
must_change:
  - change: os.build
    to: {any of: [">= 20348.4405", "20348.4346"]}
    where: "20348.*"
    hosts: [tag:web, "app*"]
    update: {kb: kb5068787, severity: Critical, released: 2026-11-10, within: 3d}
    reason: the November
      cumulative update
  - service/W3SVC.state: running
    service/Spooler.start_mode: [manual, disabled]
  - {change: service.depends_on, to: {superset: [RPCSS]}, update: {kb: KB5068788, within: 36h, released: "2026-11-10"}}
`

func TestMustChangeList(t *testing.T) {
	plan, problems := LoadPlanBytes("november.plan.yaml", []byte(wanted), testKinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, nil))
	}
	tuesday := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	want := []MustChange{
		{
			Pattern: Pattern{"os", "", "build"}, Hosts: []string{"tag:web", "app*"}, Where: "20348.*",
			Reason: "the November cumulative update",
			Update: Update{KB: "KB5068787", Severity: "critical", Released: tuesday, Within: 72 * time.Hour},
		},
		{Pattern: Pattern{"service", "W3SVC", "state"}},
		{Pattern: Pattern{"service", "Spooler", "start_mode"}},
		{
			Pattern: Pattern{"service", "", "depends_on"},
			Update:  Update{KB: "KB5068788", Released: tuesday, Within: 36 * time.Hour},
		},
	}
	ignore := []cmp.Option{cmpopts.IgnoreUnexported(MustChange{}), cmpopts.IgnoreTypes(expect.Predicate{})}
	if diff := cmp.Diff(want, plan.Must, ignore...); diff != "" {
		t.Errorf("must change (-want +got):\n%s", diff)
	}
	var words []string
	for _, m := range plan.Must {
		words = append(words, m.Words())
	}
	if diff := cmp.Diff([]string{
		"any of (>= 20348.4405; 20348.4346) within 20348.*", "running", "one of manual, disabled", "superset of RPCSS",
	}, words); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

// A build is held against the family that the change is for: a higher number of another
// one proves nothing.
func TestMetWithinAFamily(t *testing.T) {
	for _, c := range []struct {
		to, where, now string
		met            bool
		why            string
	}{
		{">= 20348.4405", "20348.*", "20348.4405", true, ""},
		{">= 20348.4405", "20348.*", "20348.5001", true, "a later month's"},
		{">= 20348.4405", "20348.*", "20348.10000", true, "by number, not by letter"},
		{">= 20348.4405", "20348.*", "20348.4404", false, ""},
		{">= 20348.4405", "20348.*", "26100.1", false, "upgraded to another Windows, which lacks the fix"},
		{">= 20348.4405", "20348.*", "26100.9999", false, "nobody has asked for another Windows"},
		{">= 20348.4405", "20348.*", "203481.1", false, "no such family"},
		{">= 20348.4405", "", "26100.1", true, "the plan names no family"},
		{"> 20348.4404", "20348.*", "26100.1", false, ""},
		{"!= 20348.4294", "20348.*", "26100.1", false, "an update was wanted"},
		{">= 26100.1", "20348.*", "26100.1742", true, "another Windows is what was wanted"},
		{"26100.1742", "20348.*", "26100.1742", true, "and so here"},
		{">= 20348.4405", "20348.4294", "20348.4405", true, "where is no family"},
		{"running", "stopped", "running", true, "no versions at all"},
		{"running", "stop*", "running", true, ""},
		{">= 16.0.4222.2", "16.0.4???.*", "16.0.4230.1", true, "the branch of cumulative updates"},
		{">= 16.0.1160.1", "16.0.1???.*", "16.0.4003.1", false, "an old cumulative update lacks the fix"},
		{"between 16.0.1160.1 and 16.0.1999.9999", "16.0.1???.*", "16.0.1160.1", true, "bound by itself"},
	} {
		p, err := expect.Parse(c.to, fact.TypeText)
		if err != nil {
			t.Fatal(err)
		}
		m := MustChange{Predicate: p, Where: c.where}
		if got := m.Met(fact.Text(c.now)); got != c.met {
			t.Errorf("%s where %q of %s: met %v, want %v (%s)", c.to, c.where, c.now, got, c.met, c.why)
		}
		if m.Met(nil) {
			t.Errorf("%s where %q is met by nothing", c.to, c.where)
		}
	}
}

func TestFits(t *testing.T) {
	for _, c := range []struct {
		where string
		was   fact.Value
		want  bool
	}{
		{"", nil, true},
		{"20348.*", nil, false},
		{"20348.*", fact.Text("20348.4294"), true},
		{"20348.*", fact.Text("120348.4294"), false},
		{"STOPPED", fact.Text("stopped"), true},
	} {
		if got := (MustChange{Where: c.where}).Fits(c.was); got != c.want {
			t.Errorf("%q of %v: %v", c.where, c.was, got)
		}
	}
}

func TestMustChangeAgainstTheSuites(t *testing.T) {
	plan, problems := LoadPlanBytes("p.plan.yaml", []byte(wanted), testKinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, nil))
	}
	set := &Set{Hosts: []Host{{Name: "app01"}, {Name: "db01", Tags: []string{"data"}}}}
	got := slices.DeleteFunc(plan.Against(set), func(p Problem) bool { return strings.Contains(p.Msg, "is of kind") })
	if len(got) != 1 || got[0].Line != 6 || got[0].Msg != `hosts: "tag:web" matches no host of the suites` {
		t.Errorf("against the suites: %+v", got)
	}
}
