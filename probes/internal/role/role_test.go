package role_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/role"
	"postpatch/probes/internal/winsvc"
)

func row(cells ...string) host.Row {
	r := host.Row{}
	for i := 0; i < len(cells); i += 2 {
		r[cells[i]] = host.Cell{Text: cells[i+1]}
	}
	return r
}

func TestService(t *testing.T) {
	for name, tt := range map[string]struct {
		answer host.Answer
		state  string
		known  bool
	}{
		"it runs": {host.Answer{Rows: []host.Row{
			row("Name", "Other", "State", "Stopped"), row("Name", "CLUSSVC", "State", "Running"),
		}}, "running", true},
		"it is not there":     {host.Answer{Rows: []host.Row{row("Name", "Other", "State", "Stopped")}}, role.Absent, true},
		"it tells no state":   {host.Answer{Rows: []host.Row{row("Name", "ClusSvc")}}, "", false},
		"it may not be asked": {host.Answer{Err: host.ErrDenied}, "", false},
	} {
		var r gather.Reader
		r.Answers.Put(winsvc.Question("ClusSvc"), tt.answer)
		state, _, known := role.Service(&r, "ClusSvc")
		if _, err := r.Result(); state != tt.state || known != tt.known || (err == nil) != known {
			t.Errorf("%s: got %q, %v, %v", name, state, known, err)
		}
	}
}

func TestNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		names, want []string
		failed      bool
	}{
		"doubles, in any case":   {names: []string{"b", "A", "a"}, want: []string{"vm/A", "vm/a (2)", "vm/b"}},
		"a number that is taken": {names: []string{"a", "a", "a (2)"}, want: []string{"vm/a", "vm/a (3)", "vm/a (2)"}},
		"three of one name":      {names: []string{"a", "a", "a"}, want: []string{"vm/a", "vm/a (2)", "vm/a (3)"}},
		"left out":               {names: []string{"Temp1", "web"}, want: []string{"vm/web"}},
		"one without a name":     {names: []string{"", "a"}, want: []string{"vm/a"}, failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			var rows []host.Row
			for _, n := range tt.names {
				rows = append(rows, row("Name", n))
			}
			var r gather.Reader
			var got []string
			for _, named := range role.Named(&r, "machines", rows, role.Naming{
				Prefix: "vm/", Name: role.Column("Name"), Except: []string{"temp*"},
			}) {
				got = append(got, named.Item)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("items (-want +got):\n%s", d)
			}
			if _, err := r.Result(); (err != nil) != tt.failed {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Which of two doubles has the number must not hang on the order of the answer.
func TestDoublesAreToldApart(t *testing.T) {
	a, b := row("Name", "web", "Id", "1"), row("Name", "web", "Id", "2")
	for _, rows := range [][]host.Row{{a, b}, {b, a}} {
		var r gather.Reader
		named := role.Named(&r, "machines", rows, role.Naming{Name: role.Column("Name"), Tie: "Id"})
		if named[0].Item != "web" || named[0].Get("Id").Text != "1" || named[1].Item != "web (2)" {
			t.Errorf("got %+v", named)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		name, pattern string
		want          bool
	}{
		{"Web", "web", true},
		{"Web", "we", false},
		{`a\b/c`, `A*C`, true},
		{"abc", "*", true},
		{"abcabc", "a*bc*c", true},
		{"abcb", "a*c", false},
		{"aa", "a*a*a", false},
		{"xabc", "ab*", false},
	} {
		if got := role.Matches(tt.name, []string{"no", tt.pattern}); got != tt.want {
			t.Errorf("%q by %q: got %v", tt.name, tt.pattern, got)
		}
	}
}

func TestWord(t *testing.T) {
	words := map[int64]string{0: "up"}
	for text, want := range map[string]string{
		"0": "up", "-1": "unknown", "4294967295": "unknown", "7": "unknown (7)", "": "", "auf": "",
	} {
		var r gather.Reader
		got, known := role.Word(&r, role.Row{Item: "n", Row: row("State", text)}, "State", words)
		if _, err := r.Result(); got != want || known != (want != "") || (err == nil) != known {
			t.Errorf("%q: got %q, %v, %v", text, got, known, err)
		}
	}
}
