package html_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postpatch/runner/report"
	"postpatch/runner/report/html"
)

// The blocks, as the app reads them.
type (
	metaBlock struct {
		Version      int
		Run          report.Run
		Summary      report.Summary
		Outcomes     []report.Outcome
		Folded       bool
		Total, Rows  int
		DetailChunks []int
		Redacted     bool

		WithoutDetails int
	}
	hostsBlock struct {
		Name, Outcome, Unreachable, Problem, Session []int
		Rebooted, Settled, Started, Took             []int64
		RebootState, Reboot, Rows, Unchanged         []int
		Notes                                        map[int][]int
		Counts                                       map[report.Outcome][]int
	}
	checksBlock struct{ ID, Kind, Suite, Owner, Why, File, Line []int }
	rowsBlock   struct {
		Check, Outcome, Mark, Said, Failing []int
		Took                                []int64
	}
	detailBlock struct {
		Row      int
		Error    string
		Partly   bool
		Findings []report.Finding
		Evidence []report.Evidence
		Settled  []report.Settled
		Hidden   []report.Hidden
	}
)

// blocks are all of a document.
type blocks struct {
	meta    metaBlock
	strings []string
	hosts   hostsBlock
	checks  checksBlock
	rows    rowsBlock
	details map[int]detailBlock
}

func blocksOf(t testing.TB, d document) blocks {
	t.Helper()
	var b blocks
	decode := func(id string, to any) {
		content, there := d.blocks[id]
		if !there {
			t.Fatalf("there is no block %s", id)
		}
		if err := json.Unmarshal(content, to); err != nil {
			t.Fatalf("block %s: %v", id, err)
		}
	}
	decode("meta", &b.meta)
	decode("strings", &b.strings)
	if distinct := slices.Compact(slices.Sorted(slices.Values(b.strings))); len(distinct) != len(b.strings) {
		t.Errorf("%d texts, of which %d are distinct", len(b.strings), len(distinct))
	}
	decode("hosts", &b.hosts)
	decode("checks", &b.checks)
	decode("rows", &b.rows)
	b.details = map[int]detailBlock{}
	for i, first := range b.meta.DetailChunks {
		var chunk []detailBlock
		decode(fmt.Sprintf("details-%d", i), &chunk)
		if chunk[0].Row != first {
			t.Errorf("chunk %d begins with row %d, and meta says %d", i, chunk[0].Row, first)
		}
		for _, detail := range chunk {
			b.details[detail.Row] = detail
		}
	}
	if want := len(b.meta.DetailChunks) + 5; len(d.blocks) != want {
		t.Errorf("%d blocks, want %d", len(d.blocks), want)
	}
	return b
}

// rebuilt are the hosts as the blocks tell of them.
func (b blocks) rebuilt() []report.Host {
	var all []report.Host
	row := 0
	for i := range b.hosts.Name {
		all = append(all, b.host(i, row))
		row += b.hosts.Rows[i]
	}
	return all
}

// host is one of them, and row its first row.
func (b blocks) host(i, row int) report.Host {
	h := b.hosts
	host := report.Host{
		Host: b.strings[h.Name[i]], Outcome: b.meta.Outcomes[h.Outcome[i]], Unreachable: b.strings[h.Unreachable[i]],
		Problem: b.strings[h.Problem[i]], Session: b.strings[h.Session[i]],
		Reboot: report.Reboot{
			State: report.RebootState(b.strings[h.RebootState[i]]), Words: b.strings[h.Reboot[i]],
		},
		Settled: time.Duration(h.Settled[i]) * time.Millisecond, Started: time.UnixMilli(h.Started[i]).UTC(),
		Took: time.Duration(h.Took[i]) * time.Millisecond, Counts: map[report.Outcome]int{},
	}
	if ms := h.Rebooted[i]; ms != 0 {
		rebooted := time.UnixMilli(ms).UTC()
		host.Rebooted = &rebooted
	}
	for _, note := range h.Notes[i] {
		host.Notes = append(host.Notes, b.strings[note])
	}
	for o, column := range h.Counts {
		if column[i] > 0 {
			host.Counts[o] = column[i]
		}
	}
	for k := range h.Rows[i] {
		host.Checks = append(host.Checks, b.check(row+k))
	}
	return host
}

func (b blocks) check(row int) report.Check {
	r, c, detail := b.rows, b.checks, b.details[row]
	k := r.Check[row]
	check := report.Check{
		ID: b.strings[c.ID[k]], Kind: b.strings[c.Kind[k]], Suite: b.strings[c.Suite[k]], Owner: b.strings[c.Owner[k]],
		Why: b.strings[c.Why[k]], File: b.strings[c.File[k]], Line: c.Line[k], Outcome: b.meta.Outcomes[r.Outcome[row]],
		Mark: b.strings[r.Mark[row]], Took: time.Duration(r.Took[row]) * time.Millisecond, Failing: r.Failing[row] == 1,
		Error: detail.Error, Partly: detail.Partly, Findings: detail.Findings, Evidence: detail.Evidence,
		Settled: detail.Settled, Hidden: detail.Hidden,
	}
	if _, there := b.details[row]; !there {
		check.Error = b.strings[r.Said[row]]
	}
	return check
}

// exact compares but for what the blocks leave out: the reboot's words say how often, and
// the summary counts what is hidden.
func exact() cmp.Options {
	return cmp.Options{
		cmpopts.IgnoreFields(report.Host{}, "RebootKnown", "Ignored"),
		cmpopts.IgnoreFields(report.Reboot{}, "Times", "Boots"),
		cmp.Transformer("milliseconds", func(d time.Duration) int64 {
			if d > 0 {
				return max(d.Milliseconds(), 1)
			}
			return 0
		}),
	}
}

func TestTheBlocksSayWhatTheStreamSaid(t *testing.T) {
	var large stream
	f := fleet{hosts: 101, checks: 30, distinct: true} // some chunks of details
	large.Run = f.run()
	for i := range f.hosts {
		large.Hosts = append(large.Hosts, f.host(i))
	}
	for name, s := range map[string]stream{
		"small": small(), "none": {}, "diff": comparison(), "hostile": hostile(), "large": large,
	} {
		t.Run(name, func(t *testing.T) {
			b := blocksOf(t, read(t, s.written(t, html.Options{Redacted: name == "none"})))
			clean(&s)
			if diff := cmp.Diff(s.Hosts, b.rebuilt(), exact()); diff != "" {
				t.Errorf("hosts (-stream +blocks):\n%s", diff)
			}
			if diff := cmp.Diff(s.Run, b.meta.Run); diff != "" {
				t.Errorf("run (-stream +blocks):\n%s", diff)
			}
			if diff := cmp.Diff(s.Summary, b.meta.Summary, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("summary (-stream +blocks):\n%s", diff)
			}
			if name == "large" && len(b.meta.DetailChunks) < 3 {
				t.Errorf("%d chunks of details, want several", len(b.meta.DetailChunks))
			}
			if b.meta.Redacted != (name == "none") || b.meta.Folded {
				t.Errorf("redacted %t, folded %t", b.meta.Redacted, b.meta.Folded)
			}
		})
	}
}

// clean cleans every text of a stream: what may have several lines keeps them.
func clean(of any) { cleaned(reflect.ValueOf(of).Elem(), false) }

func cleaned(v reflect.Value, keepLines bool) {
	switch v.Kind() {
	case reflect.String:
		if keepLines {
			v.SetString(report.Clean(v.String()))
		} else {
			v.SetString(report.CleanLine(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			cleaned(v.Elem(), keepLines)
		}
	case reflect.Slice:
		for i := range v.Len() {
			cleaned(v.Index(i), keepLines)
		}
	case reflect.Map:
		if v.IsNil() {
			return
		}
		clean := reflect.MakeMap(v.Type())
		for iter := v.MapRange(); iter.Next(); {
			key := reflect.New(v.Type().Key()).Elem()
			key.Set(iter.Key())
			cleaned(key, false)
			clean.SetMapIndex(key, iter.Value())
		}
		v.Set(clean)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			cleaned(v.Field(i), strings.Contains(" Finding.Before Finding.Now Finding.Wanted Evidence.Value Settled.Was "+
				"Hidden.Before Hidden.Now Check.Error ", " "+name+" "))
		}
	}
}

// Above a limit what passed has no row, whether the run has said at its begin how large it
// is or not. Nothing else is left out, and nothing is lost from a count.
func TestWhatPassedIsOnlyCountedInAVeryLargeRun(t *testing.T) {
	passing := make([]report.Check, 100)
	for i := range passing {
		passing[i] = report.Check{ID: fmt.Sprintf("service/%d", i), Outcome: report.Passed, File: "s.yaml", Line: i}
	}
	notable := make([]report.Check, 8)
	copy(notable, passing)
	notable[0].Outcome = report.Regressed
	notable[1].Mark = "new"
	notable[2].Outcome = report.Skipped
	notable[3].Settled = []report.Settled{{After: time.Second, Was: "stopped"}}
	notable[4].Findings = []report.Finding{{Reading: "x", Outcome: report.Drifted, Severity: "note"}}
	notable[5].Partly = true
	notable[6].Failing = true
	notable[7].Hidden = []report.Hidden{{Reading: "pid", Rule: "ignore", By: "kind"}}
	for name, c := range map[string]struct {
		limit, said, hosts int
		rows, dropped      int // of the last host
		folded             bool
	}{
		"said at the begin": {limit: 1000, said: 1001, hosts: 1, rows: 7, dropped: 93, folded: true},
		"not too large":     {limit: 1000, said: 1000, hosts: 1, rows: 100},
		"found out late":    {limit: 1000, said: 1, hosts: 11, rows: 7, dropped: 93, folded: true},
		"just not too late": {limit: 1000, said: 1, hosts: 10, rows: 100},
		"by itself":         {limit: 0, said: 700_001, hosts: 1, rows: 7, dropped: 93, folded: true},
		"not by itself":     {limit: 0, said: 700_000, hosts: 1, rows: 100},
	} {
		t.Run(name, func(t *testing.T) {
			s := stream{Run: report.Run{Command: "verify", Checks: c.said}}
			for range c.hosts {
				s.Hosts = append(s.Hosts, report.Host{Checks: passing, Counts: map[report.Outcome]int{report.Passed: 100}})
			}
			s.Hosts[c.hosts-1].Checks = append(notable[:8:8], passing[8:]...)
			var file bytes.Buffer
			view := html.New(&file, html.Options{})
			if c.limit > 0 {
				view = html.NewLimited(&file, c.limit, 1<<20)
			}
			if err := s.play(view); err != nil {
				t.Fatal(err)
			}
			b := blocksOf(t, read(t, file.Bytes()))
			h := b.hosts
			if rows, dropped := h.Rows[c.hosts-1], h.Unchanged[c.hosts-1]; rows != c.rows || dropped != c.dropped {
				t.Errorf("the last host has %d rows and %d only counted, want %d and %d", rows, dropped, c.rows, c.dropped)
			}
			want := metaBlock{Folded: c.folded, Total: c.hosts * 100, Rows: (c.hosts-1)*100 + c.rows}
			got := metaBlock{Folded: b.meta.Folded, Total: b.meta.Total, Rows: b.meta.Rows}
			if diff := cmp.Diff(want, got); diff != "" || len(b.rows.Check) != want.Rows {
				t.Errorf("%d rows, and meta (-want +got):\n%s", len(b.rows.Check), diff)
			}
			checks := b.host(c.hosts-1, (c.hosts-1)*100).Checks
			if diff := cmp.Diff(notable[:7], checks[:7], exact()); diff != "" {
				t.Errorf("(-stream +blocks):\n%s", diff)
			}
		})
	}
}

func TestWhatARowSays(t *testing.T) {
	stopped := report.Finding{
		Item: "W3SVC", Reading: "state", Outcome: report.Regressed, Before: "running", Now: "stopped", HasBefore: true,
		HasNow: true,
	}
	mild := report.Finding{Reading: "rtt", Outcome: report.Drifted, Now: "3 ms", HasNow: true}
	gone := report.Finding{Item: "New", Outcome: report.Drifted, Before: "there", HasBefore: true}
	same := report.Finding{
		Reading: "days", Outcome: report.PreExisting, Before: "6", Now: "6", HasBefore: true, HasNow: true,
	}
	long := report.Finding{Reading: "text", Outcome: report.Failed, Now: strings.Repeat("ö", 500), HasNow: true}
	for want, c := range map[string]report.Check{
		"":                               {Outcome: report.Passed},
		"state running -> stopped":       {ID: "service/W3SVC", Outcome: report.Regressed, Findings: []report.Finding{stopped}},
		"W3SVC state running -> stopped": {ID: "services", Outcome: report.Regressed, Findings: []report.Finding{stopped}},
		"state running -> stopped, and 1 more": {
			ID: "service/W3SVC", Outcome: report.Regressed, Findings: []report.Finding{stopped, mild},
		},
		"New there -> (absent)": {ID: "services", Outcome: report.Drifted, Findings: []report.Finding{gone}},
		"days 6":                {ID: "tls", Outcome: report.PreExisting, Findings: []report.Finding{same}},
		"access denied":         {ID: "x", Outcome: report.Unknown, Error: "access denied", Findings: []report.Finding{mild}},
		"rtt 3 ms":              {ID: "x", Outcome: report.Drifted, Error: "access denied", Findings: []report.Finding{mild}},
		"text " + strings.Repeat("ö", 79) + "…": {ID: "x", Outcome: report.Failed, Findings: []report.Finding{long}},
	} {
		s := stream{Hosts: []report.Host{{Checks: []report.Check{c}}}}
		b := blocksOf(t, read(t, s.written(t, html.Options{})))
		if got := b.strings[b.rows.Said[0]]; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A text of any length is cut where it is kept, and says so.
func TestLongTextsAreCut(t *testing.T) {
	long := strings.Repeat("Größe ", 1<<18)
	s := small()
	fill(&s.Hosts[0].Checks[0], func() string { return long })
	s.Hosts[0].Host, s.Hosts[0].Unreachable = long, long
	file := s.written(t, html.Options{})
	if len(file) > 200_000+len(small().written(t, html.Options{})) {
		t.Errorf("%d bytes for texts of %d", len(file), len(long))
	}
	b := blocksOf(t, read(t, file))
	got := b.rebuilt()[0]
	for name, text := range map[string]string{
		"host": got.Host, "unreachable": got.Unreachable, "id": got.Checks[0].ID, "error": got.Checks[0].Error,
		"now": got.Checks[0].Findings[0].Now, "evidence": got.Checks[0].Evidence[0].Value,
	} {
		if len(text) > 1<<17 || !strings.HasPrefix(text, "Größe Größe") || !strings.HasSuffix(text, "… (cut)") {
			t.Errorf("%s: %d bytes: %.20q … %q", name, len(text), text, text[max(0, len(text)-20):])
		}
	}
}

// Whatever a host says, wherever it stands: the document has the elements of the page and no
// others, runs nothing, and says it unchanged but for what cannot be shown.
func FuzzReport(f *testing.F) {
	f.Add([]byte(evil), uint8(40))
	f.Add([]byte("\xff\xc0\x80\xed\xa0\x80]]>\x00\x1b[0m"), uint8(3))
	f.Add([]byte(`</script </title <!-- --> &lt; &#60; \u003c "'`+"`=/>"), uint8(9))
	f.Fuzz(func(t *testing.T, words []byte, length uint8) {
		at := 0
		word := func() string {
			if len(words) == 0 {
				return ""
			}
			begin := at % len(words)
			at += int(length)/2 + 1
			return string(words[begin:min(begin+int(length), len(words))])
		}
		s := stream{Hosts: make([]report.Host, 2)}
		fill(&s, word)
		for i := range s.Hosts {
			h := &s.Hosts[i]
			h.Outcome, h.Counts = report.Regressed, map[report.Outcome]int{report.Regressed: 2}
			for k := range h.Checks {
				h.Checks[k].Outcome = report.Outcomes()[(i+2*k+int(length))%11]
			}
		}
		s.Hosts[1].Unreachable, s.Hosts[1].Problem = "", ""
		s.Summary.Counts, s.Summary.Owners = nil, nil
		d := read(t, s.written(t, html.Options{Banner: word()}))
		if len(d.scripts) != 1 || len(d.style) != 1 {
			t.Errorf("%d scripts and %d styles, want one of each", len(d.scripts), len(d.style))
		}
		clean(&s)
		if diff := cmp.Diff(s.Hosts, blocksOf(t, d).rebuilt(), exact()); diff != "" {
			t.Errorf("hosts (-stream +blocks):\n%s", diff)
		}
	})
}
