package report_test

import (
	"fmt"
	"testing"

	"postpatch/runner/report"
)

func TestTheCommandThatAsksAgain(t *testing.T) {
	many := make([]string, 11)
	for i := range many {
		many[i] = fmt.Sprint("srv", i)
	}
	const verify = "postpatch verify web.suite.yaml --baseline b1"
	for _, test := range []struct {
		why, again  string
		hosts       []string
		check, want string
	}{
		{"one host", verify, []string{"sql01"}, "service/X", verify + " --hosts sql01 --only service/X"},
		{"two hosts", verify, []string{"a", "b"}, "", verify + " --hosts a,b"},
		{"many", verify, many, "service/X", verify + " --only service/X"},
		{
			"what a shell would take apart", verify,
			[]string{"a"},
			"service/X Y's $(z)",
			verify + ` --hosts a --only 'service/X Y'\''s $(z)'`,
		},
		{"what is a pattern", verify, []string{"a"}, "dns/*.example.org", verify + " --hosts a"},
		{"what would be two", verify, []string{"a,b"}, "x,y", verify},
		{"a tag", verify, []string{"tag:x"}, "x", verify + " --only x"},
		{"no command", "", []string{"a"}, "x", ""},
	} {
		s := report.Summary{Again: test.again}
		if got := s.AskAgain(test.hosts, test.check); got != test.want {
			t.Errorf("%s: %s, want %s", test.why, got, test.want)
		}
	}
}

func TestTheCommandThatWaitsForHosts(t *testing.T) {
	for again, want := range map[string]string{
		"":                               "",
		"postpatch precheck a":           "postpatch precheck a --hosts srv",
		"postpatch verify a":             "postpatch verify a --hosts srv --wait",
		"postpatch verify a --wait":      "postpatch verify a --wait --hosts srv",
		"postpatch verify a --pass late": "postpatch verify a --pass late --hosts srv",
	} {
		if got := (report.Summary{Again: again}).AwaitAgain([]string{"srv"}); got != want {
			t.Errorf("%q: %s, want %s", again, got, want)
		}
	}
}
