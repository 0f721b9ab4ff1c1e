package suites

import "testing"

// TestHostsShareEachCheck holds that a check is there once for all hosts on which it
// asks the same, also where others name the host: else a fleet's suite is as many lists
// of all checks as there are hosts.
func TestHostsShareEachCheck(t *testing.T) {
	set, problems := LoadBytes("s", []byte("suite: s\nhosts: [a, b, c]\nchecks:\n"+
		"  - service: W3SVC\n  - web: {url: \"http://{{ host.name }}/\"}\n    id: web\n  - os: {}\n    hosts: [a, b]\n"), testKinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, nil))
	}
	at := map[string]map[*Check]bool{}
	for _, h := range set.Hosts {
		for _, c := range h.Checks {
			if at[c.ID] == nil {
				at[c.ID] = map[*Check]bool{}
			}
			at[c.ID][c] = true
		}
	}
	for id, want := range map[string]int{"service/W3SVC": 1, "os": 1, "web": 3} {
		if n := len(at[id]); n != want {
			t.Errorf("%s is there %d times, want %d", id, n, want)
		}
	}
}
