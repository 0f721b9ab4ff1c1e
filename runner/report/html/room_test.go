package html_test

import (
	"bytes"
	"strings"
	"testing"

	"postpatch/runner/report/html"
)

// Where there is no room for all details, those of what makes the run fail stay longest, and
// what has none is counted. The line of a row stays in any case.
func TestDetailsHaveALimitedRoom(t *testing.T) {
	f := fleet{hosts: 400, checks: 50, distinct: true} // every second one of which has a broken check
	s := stream{Run: f.run()}
	for i := range f.hosts {
		s.Hosts = append(s.Hosts, f.host(i))
		for k := range s.Hosts[i].Checks {
			s.Hosts[i].Checks[k].Failing = k == 1
		}
	}
	var file bytes.Buffer
	if err := s.play(html.NewLimited(&file, 1<<20, 200<<10)); err != nil {
		t.Fatal(err)
	}
	b := blocksOf(t, read(t, file.Bytes()))
	last := map[bool]int{}
	rest := 0
	for row := range b.rows.Check {
		_, there := b.details[row]
		switch {
		case there:
			last[b.rows.Failing[row] == 1] = row
		case b.strings[b.rows.Said[row]] == "":
			t.Fatalf("row %d has neither details nor a line", row)
		case !strings.Contains(b.strings[b.rows.Said[row]], "unreachable"):
			rest++
		}
	}
	if rest != b.meta.WithoutDetails || rest < 10_000 || last[true] < last[false]+1000 {
		t.Errorf("%d rows without details, and meta says %d; the last with are %v", rest, b.meta.WithoutDetails, last)
	}
}

// Of a night in which everything fails there is an end, too.
func TestDetailsHaveALimitedRoomWhateverTheyAre(t *testing.T) {
	f := fleet{hosts: 400, checks: 50, distinct: true}
	s := stream{Run: f.run()}
	for i := range f.hosts {
		s.Hosts = append(s.Hosts, f.host(i))
		for k := range s.Hosts[i].Checks {
			s.Hosts[i].Checks[k].Failing = true
		}
	}
	var file bytes.Buffer
	if err := s.play(html.NewLimited(&file, 1<<20, 200<<10)); err != nil {
		t.Fatal(err)
	}
	if b := blocksOf(t, read(t, file.Bytes())); b.meta.WithoutDetails < 5_000 {
		t.Errorf("%d rows without details, want many", b.meta.WithoutDetails)
	}
}
