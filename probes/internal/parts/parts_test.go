package parts_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/parts"
	"postpatch/probes/probetest"
)

// A part that failed is named with its reason on one line, and has no rows that
// could be taken for all of them.
func TestAPartThatFailed(t *testing.T) {
	r := &gather.Reader{}
	p := parts.Of(r, []host.Row{
		probetest.Row("Part", "scope", "Id", "a"), probetest.Row("Part", "scope", "Error", "Zugriff\r\nverweigert"),
		probetest.Row("Part", "server", "Name", "x"), probetest.Row("Id", "b"),
	})
	if rows, whole := p.Some("scope"); whole || len(rows) != 1 {
		t.Errorf("scope: %v, whole %t", rows, whole)
	}
	if _, ok := p.One("scope"); ok {
		t.Error("a part that failed has one row")
	}
	if row, ok := p.One("server"); !ok || gather.Text(row, "Name") != "x" {
		t.Errorf("server: %v, %t", row, ok)
	}
	if _, ok := p.One("missing"); ok {
		t.Error("a part that is missing has a row")
	}
	const want = "reading scope: Zugriff verweigert; a row: it does not say of what it is; " +
		"missing: the host told it in 0 rows, where there is one"
	if _, err := r.Result(); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestWhatDoesNotAnswerSaysWhy(t *testing.T) {
	for name, tt := range map[string]struct {
		row    host.Row
		want   []string
		failed bool
	}{
		"it answers":         {probetest.Row("Answers", "true", "Reason", "x"), []string{" answers=true"}, false},
		"it does not":        {probetest.Row("Answers", "false", "Reason", "a\nb"), []string{" answers=false", " error=a b"}, false},
		"nobody knows":       {host.Row{"Answers": {Null: true}}, nil, true},
		"neither yes nor no": {probetest.Row("Answers", "perhaps"), nil, true},
	} {
		r := &gather.Reader{}
		answers := parts.Of(r, nil).Answers(tt.row, "answers", "error")
		readings, err := r.Result()
		if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" || (err != nil) != tt.failed {
			t.Errorf("%s: readings (-want +got), %v:\n%s", name, err, d)
		}
		if answers != (name == "it answers") {
			t.Errorf("%s: got %v", name, answers)
		}
	}
}
