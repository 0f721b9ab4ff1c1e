package sql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
	"postpatch/runner/runnertest"
)

// Each database answers for itself, whatever has become of the others, and in one batch.
func TestAnswers(t *testing.T) {
	h := changed(func(s *estate.SQL) {
		s.Databases = map[string]estate.Database{"well": {}, "it's [so]": {}, "denied": {}}
		for _, state := range []string{"RECOVERING", "SUSPECT", "RESTORING", "OFFLINE", "RECOVERY_PENDING"} {
			s.Databases[state] = estate.Database{State: state}
		}
		s.Denied = []string{"denied"}
	})
	want := map[string]string{
		"RECOVERING": "waiting 922", "SUSPECT": "failed 926", "well": "ok", "RESTORING": "failed 927", "WELL]; x": "failed 208",
		"OFFLINE": "failed 942", "it's [so]": "ok", "RECOVERY_PENDING": "failed 945", "denied": "failed 916", "a\r\nb": "failed 208",
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	s := serve(t, h, selfSigned(t, 7))
	args := map[string]any{"database": names, "part": []string{"answers"}}
	observed, err := build(t, args).Observe(t.Context(), s.target())
	if err != nil {
		t.Fatal(err)
	}
	all, got := readings(observed), map[string]string{}
	for key, value := range all {
		if item, found := strings.CutSuffix(key, " answer"); found {
			got[item] = value
		}
	}
	if d := cmp.Diff(want, got); d != "" || all[" answers"] != "read" {
		t.Errorf("%s, (-want +got):\n%s", all[" answers"], d)
	}
}

func TestNoDatabaseIsAskedForNothing(t *testing.T) {
	s := serve(t, healthy(), selfSigned(t, 7))
	observed, err := build(t, map[string]any{"part": []string{"answers"}}).Observe(t.Context(), s.target())
	if err != nil {
		t.Fatal(err)
	}
	if got := readings(observed)[" answers"]; got != "read" {
		t.Errorf("answers is %q", got)
	}
}

// A copy that is not to be read is well, now and before; one that fails is not.
func TestWhatAnAnswerComesTo(t *testing.T) {
	seen := func(answer string) runnertest.Seen {
		return runnertest.Seen{Readings: []fact.Reading{
			probes.Read("", "login", fact.Text("ok")), probes.Read("", "answers", fact.Text("read")),
			probes.Read("Orders", "answer", fact.Text(answer)),
		}}
	}
	for _, c := range []struct {
		before, now int32
		want        []string
	}{
		{0, 0, []string{"passed"}},
		{0, 976, []string{"passed"}},
		{976, 0, []string{"passed"}},
		{978, 982, []string{"passed"}},
		{0, 926, []string{"regressed failing", "Orders answer: regressed ok -> failed 926"}},
		{0, 983, []string{"regressed failing", "Orders answer: regressed ok -> waiting 983"}},
		{976, 823, []string{"regressed failing", "Orders answer: regressed not readable here -> failed 823"}},
		{945, 945, []string{"pre-existing", "Orders answer: pre-existing failed 945 -> failed 945"}},
	} {
		got := runnertest.Told(t, Kind, "- sql: Orders", [2]runnertest.Seen{seen(answerOf(c.before)), seen(answerOf(c.now))})
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%d to %d (-want +got):\n%s", c.before, c.now, d)
		}
	}
}
