package host_test

import (
	"errors"
	"testing"

	"postpatch/probes/host"
)

func TestIdentity(t *testing.T) {
	const uuid = "4c4c4544-0042-3510-8056-b4c04f4d4d31"
	row := func(text string) host.Answer { return host.Answer{Rows: []host.Row{{"uuid": {Text: text}}}} }
	tests := []struct {
		name   string
		answer host.Answer
		want   string
	}{
		{"as Windows spells it", row(" 4C4C4544-0042-3510-8056-B4C04F4D4D31 "), uuid},
		{"a board without one", row("00000000-0000-0000-0000-000000000000"), ""},
		{"another board without one", row("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"), ""},
		{"an empty one", row(""), ""},
		{"no column", host.Answer{Rows: []host.Row{{}}}, ""},
		{"no row", host.Answer{}, ""},
		{"no permission", host.Answer{Err: errors.New("access denied")}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var answers host.Answers
			answers.Put(host.Merge([]host.Question{host.IdentityQuestion()})[0], test.answer)
			if got := host.Identity(answers); got != test.want {
				t.Errorf("want %q, got %q", test.want, got)
			}
		})
	}
	if got := host.Identity(host.Answers{}); got != "" {
		t.Errorf("got %q from a host that was not asked", got)
	}
}
