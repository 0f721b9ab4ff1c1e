package updates_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/updates"
	"postpatch/runner/runnertest"
)

// recording is what the healthy server answers, to be changed.
type recording struct{ *probetest.Recording }

func load(t *testing.T) recording {
	t.Helper()
	return recording{probetest.Load(t, updates.Kind, "server2022.json", nil)}
}

func (r recording) see() runnertest.Seen { return runnertest.See(r.Recording, nil) }

// hotfixes replaces what servicing lists.
func (r recording) hotfixes(names ...string) {
	r.Answer("QuickFix").Rows = nil
	for _, name := range names {
		r.With(probetest.Add("QuickFix", "HotFixID", name))
	}
}

// try adds a newest entry to the history, and counts it.
func (r recording) try(title, id, result, code string) {
	h := r.Answer("updatehistory")
	e := host.Row{
		"Part": text("entry"), "Title": text(title), "UpdateID": text(id), "Date": text("2025-11-12T02:00:00Z"),
		"Operation": text("1"), "Result": text(result), "HResult": text(code), "Unmapped": text(code),
	}
	h.Rows = slices.Insert(h.Rows, 1, e)
	r.total("413")
}

// tryAt is try at another time.
func (r recording) tryAt(at, title, id, result string) {
	r.try(title, id, result, "-2147023293")
	r.Answer("updatehistory").Rows[1]["Date"] = text(at)
}

func (r recording) total(n string) {
	r.Answer("updatehistory").Rows[0] = host.Row{"Part": text("total"), "Count": text(n), "Cut": text("false")}
}

// deploy lets Configuration Manager's client be there and tell of these updates.
func (r recording) deploy(rows ...host.Row) {
	*r.Answer("CCM_SoftwareUpdate") = host.Answer{Rows: rows}
}

func deployed(article, state, code string) host.Row {
	return host.Row{"ArticleID": text(article), "EvaluationState": text(state), "ErrorCode": text(code)}
}

const (
	cumulative = "2025-11 Cumulative Update for Microsoft server operating system version 21H2 (KB5068787)"
	exchange   = "Security Update For Exchange Server 2019 CU13 (KB5030877)"
)

// What a patch that went well leaves behind is no finding, nor is what happens
// every day.
func TestNoiseIsSilent(t *testing.T) {
	for name, change := range map[string]func(recording){
		"nothing happened": func(recording) {},
		"a cumulative update took the place of the one before": func(r recording) {
			r.hotfixes("KB5066139", "KB5068787", "KB5066811")
			r.try(cumulative, "n1", "2", "0")
		},
		"a hotpatch, without a boot": func(r recording) {
			r.hotfixes("KB5066139", "KB5066782", "KB5066811", "KB5068840")
			r.try("2025-11 Hotpatch (KB5068840)", "n2", "2", "0")
		},
		"a first try failed, and the second succeeded": func(r recording) {
			r.try(cumulative, "n1", "4", "-2145116149")
			r.try(cumulative, "n1", "2", "0")
			r.Answer("updatehistory").Rows[1]["Date"] = text("2025-11-12T03:00:00Z")
			r.total("414")
		},
		"it failed for the agent, and was installed by hand": func(r recording) {
			r.hotfixes("KB5066139", "KB5068787", "KB5066811")
			r.try(cumulative, "n1", "4", "-2145116149")
		},
		"an update waits for its reboot": func(r recording) { r.try(cumulative, "n1", "1", "0") },
		"signatures that failed": func(r recording) {
			r.try("Security Intelligence Update for Microsoft Defender Antivirus - KB2267602", "d", "4", "-2145124318")
		},
		"other doubles, other order, other case": func(r recording) {
			r.hotfixes("kb5066811", "KB5066811", "KB5066782", "KB5066139")
			entries := r.Answer("updatehistory").Rows
			slices.Reverse(entries[1 : len(entries)-1])
		},
		"another search": func(r recording) {
			rows := r.Answer("updatehistory").Rows
			rows[len(rows)-1] = host.Row{"Part": text("agent"), "Searched": text("2025-11-12T02:00:00Z")}
		},
		"old entries left the list": func(r recording) {
			rows := r.Answer("updatehistory").Rows
			r.Answer("updatehistory").Rows = append(rows[:3:3], rows[len(rows)-1])
		},
		"the server's name in another case": func(r recording) {
			r.Answer(`["WUServer"]`).Rows[0] = host.Row{"WUServer": text("HTTP://WSUS01.corp.example:8530")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := load(t), load(t)
			change(after)
			got := runnertest.Told(t, updates.Kind, "- updates: {}", [2]runnertest.Seen{before.see(), after.see()})
			if d := cmp.Diff([]string{"passed"}, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

func TestWhatAPatchBreaks(t *testing.T) {
	for name, tt := range map[string]struct {
		check         string
		before, after func(recording)
		want          []string
	}{
		"Exchange's security update failed": { // S19 of the corpus
			after: func(r recording) { r.try(exchange, "x1", "4", "-2147023293") },
			want:  []string{"drifted failing", "failed: drifted  -> KB5030877 2025-11-12T02:00:00Z"},
		},
		"an update was aborted": {
			after: func(r recording) { r.try(cumulative, "n1", "5", "0") },
			want:  []string{"drifted failing", "failed: drifted  -> KB5068787 2025-11-12T02:00:00Z"},
		},
		"a driver failed": {
			after: func(r recording) { r.try("Intel - net", "AB-12", "4", "-2147024894") },
			want:  []string{"drifted failing", "failed: drifted  -> ab-12 2025-11-12T02:00:00Z"},
		},
		"another update fails than before": {
			before: func(r recording) { r.try(exchange, "x1", "4", "-2147023293") },
			after:  func(r recording) { r.try(cumulative, "n1", "4", "-2146498270") },
			want: []string{
				"drifted failing", "failed: drifted KB5030877 2025-11-12T02:00:00Z -> KB5068787 2025-11-12T02:00:00Z",
			},
		},
		"the same update fails as before": {
			before: func(r recording) { r.try(exchange, "x1", "4", "-2147023293") },
			after:  func(r recording) { r.try(exchange, "x1", "4", "-2147023293") },
			want:   []string{"passed"},
		},
		"an update was removed": {
			after: func(r recording) {
				r.hotfixes("KB5066139", "KB5066811")
				r.try("(KB5066782)", "5d1b3c11-9c0b-4a4b-8e4b-0b0d9c6c1a01", "2", "0")
				r.Answer("updatehistory").Rows[1]["Operation"] = text("2")
			},
			want: []string{"drifted", "uninstalled: drifted  -> KB5066782"},
		},
		"an owner who wants every update to stay": {
			check: "- updates: {}\n  compare: {hotfixes: {rule: superset, severity: fail}}",
			after: func(r recording) { r.hotfixes("KB5066139", "KB5066811") },
			want: []string{
				"drifted failing", "hotfixes: drifted KB5066139, KB5066782, KB5066811 -> KB5066139, KB5066811",
			},
		},
		"the history was reset, and does not look mended": {
			check:  "- updates: {}\n  expect: {failed: empty}",
			before: func(r recording) { r.try(exchange, "x1", "4", "-2147023293") },
			after: func(r recording) {
				rows := r.Answer("updatehistory").Rows
				r.Answer("updatehistory").Rows = []host.Row{{"Part": text("total"), "Count": text("0")}, rows[len(rows)-1]}
			},
			want: []string{"unknown"},
		},
		"the history was reset, and has begun anew": {
			before: func(r recording) { r.try(exchange, "x1", "4", "-2147023293") },
			after: func(r recording) {
				r.Answer("updatehistory").Rows = r.Answer("updatehistory").Rows[:2]
				r.total("1")
			},
			want: []string{"drifted", "history_entries: drifted 413 -> 1"},
		},
		"the agent does not answer any more": {
			after: func(r recording) {
				r.Answer("updatehistory").Rows = []host.Row{probetest.Row(
					"Part", "history", "Code", "-2147023838", "Error", "x")}
			},
			want: []string{"unknown"},
		},
		"policy led the host elsewhere": {
			after: func(r recording) { r.Answer("UseWUServer").Rows = nil },
			want:  []string{"drifted", "wsus_server: drifted http://wsus01.corp.example:8530 -> "},
		},
		"Configuration Manager's deployment failed": {
			before: func(r recording) { r.deploy(deployed("5068787", "1", "0")) },
			after:  func(r recording) { r.deploy(deployed("5068787", "13", "2147944003")) },
			want:   []string{"drifted failing", "configmgr_failed: drifted  -> KB5068787"},
		},
		"Configuration Manager's client is gone": {
			before: func(r recording) { r.deploy(deployed("5068787", "13", "2147944003")) },
			after:  func(recording) {},
			want:   []string{"drifted", "configmgr: drifted true -> false"},
		},
		"Configuration Manager waits, installs and has a code that is no error": {
			before: func(r recording) { r.deploy(deployed("5068787", "1", "0")) },
			after:  func(r recording) { r.deploy(deployed("5068787", "8", "2359301"), deployed("5068788", "7", "0")) },
			want:   []string{"passed"},
		},
		"Configuration Manager's view is refused": {
			after: func(r recording) { *r.Answer("CCM_SoftwareUpdate") = host.Answer{Err: host.ErrDenied} },
			want:  []string{"unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := load(t), load(t)
			if tt.before != nil {
				tt.before(before)
			}
			tt.after(after)
			check := tt.check
			if check == "" {
				check = "- updates: {}"
			}
			got := runnertest.Told(t, updates.Kind, check, [2]runnertest.Seen{before.see(), after.see()})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

// A history of years has the same outcome, and its readings can be kept.
func TestALongHistory(t *testing.T) {
	r := load(t)
	for range 3000 {
		r.try("Security Update (KB5068787)"+strings.Repeat("\u00fc", 5000), strings.Repeat("i", 5000), "4", "-2147023293")
	}
	size := 0
	seen := r.see()
	for _, reading := range seen.Readings {
		size = max(size, len(reading.Key.Item)+len(reading.Value.String()))
	}
	if seen.Err != nil || size > 2000 || len(seen.Readings) > 60 {
		t.Errorf("%d readings, the longest of %d bytes, %v", len(seen.Readings), size, seen.Err)
	}
}

// The recordings have to be of what the collectors answer: a test that reads a
// column which nobody sends shows nothing.
func TestRecordingsHaveTheCollectorsColumns(t *testing.T) {
	for collector, columns := range map[string]string{
		"updatehistory": "Part Title UpdateID Date Operation Result HResult Unmapped Count Cut Searched Installed Error Code",
		"updatemissing": "Part Selection ServiceID Result Warnings Total KBs UpdateID Title Severity Error Code",
	} {
		script, err := os.ReadFile("../host/packed/collect/" + collector + ".ps1")
		if err != nil {
			t.Fatal(err)
		}
		for column := range strings.FieldsSeq(columns) {
			if !strings.Contains(string(script), column+" = ") {
				t.Errorf("%s sends no column %s", collector, column)
			}
		}
		files, _ := os.ReadDir("testdata")
		for _, file := range files {
			if file.IsDir() {
				continue
			}
			data, err := os.ReadFile("testdata/" + file.Name())
			if err != nil {
				t.Fatal(err)
			}
			var r struct {
				Answers []struct {
					Question string
					Rows     []map[string]any
				}
			}
			if err := json.Unmarshal(data, &r); err != nil {
				t.Fatal(err)
			}
			for _, answer := range r.Answers {
				for _, row := range answer.Rows {
					for column := range row {
						if strings.HasPrefix(answer.Question, collector) && !strings.Contains(columns, column) {
							t.Errorf("%s: %s has no column %s", file.Name(), collector, column)
						}
					}
				}
			}
		}
	}
}

// Another identity's success under the same number, days later, overtakes a failure: an
// owner who wants none failed need not wait for a week.
func TestASuccessOvertakesAFailure(t *testing.T) {
	r := load(t)
	r.tryAt("2025-11-10T02:00:00Z", exchange, "x1", "4")
	r.tryAt("2025-11-12T02:00:00Z", exchange, "x2", "2")
	readings, err := r.Observe(nil)
	texts := probetest.Texts(readings)
	if err != nil || !slices.Contains(texts, " failed=") || !slices.Contains(texts, "KB5030877 result=succeeded") {
		t.Errorf("got %q, %v", texts, err)
	}
}

// A failure is told by its time: one that comes again is new, and an old one is not,
// whatever excused it at the baseline.
func TestFailuresAreToldByTheirTime(t *testing.T) {
	const (
		msrt       = "Windows Malicious Software Removal Tool (KB890831)"
		other      = "Other (KB5066900)"
		october    = "2025-10-15T02:00:00Z"
		november   = "2025-11-12T02:00:00Z"
		anHour     = "2025-11-12T03:00:00Z"
		beforehand = "2025-11-10T02:00:00Z"
	)
	for name, tt := range map[string]struct {
		before, after func(recording)
		want          []string
	}{
		"it fails again in the window": {
			before: func(r recording) { r.tryAt(october, exchange, "x1", "4") },
			after: func(r recording) {
				r.tryAt(october, exchange, "x1", "4")
				r.tryAt(november, exchange, "x1", "4")
			},
			want: []string{
				"drifted failing", "failed: drifted KB5030877 2025-10-15T02:00:00Z -> KB5030877 2025-11-12T02:00:00Z",
			},
		},
		"this month's fails as that of another month did": {
			before: func(r recording) {
				r.tryAt("2025-09-10T02:00:00Z", msrt, "m1", "4")
				r.tryAt(october, msrt, "m2", "2")
			},
			after: func(r recording) {
				r.tryAt("2025-09-10T02:00:00Z", msrt, "m1", "4")
				r.tryAt(october, msrt, "m2", "2")
				r.tryAt(november, msrt, "m3", "4")
			},
			want: []string{"drifted failing", "failed: drifted  -> KB890831 2025-11-12T02:00:00Z"},
		},
		"one of two under a number is mended": {
			before: func(r recording) {
				r.tryAt(beforehand, other, "p", "4")
				r.tryAt("2025-11-10T02:05:00Z", other, "q", "4")
			},
			after: func(r recording) {
				r.tryAt(beforehand, other, "p", "4")
				r.tryAt("2025-11-10T02:05:00Z", other, "q", "4")
				r.tryAt("2025-11-10T20:00:00Z", other, "q", "2")
			},
			want: []string{"passed"},
		},
		"one of two under a number fails": {
			before: func(recording) {},
			after: func(r recording) {
				r.tryAt(november, other, "p", "4")
				r.tryAt(anHour, other, "q", "2")
			},
			want: []string{"drifted failing", "failed: drifted  -> KB5066900 2025-11-12T02:00:00Z"},
		},
		"it came another way, and is replaced now": {
			before: func(r recording) {
				r.hotfixes("KB5066900")
				r.tryAt(october, other, "p", "4")
			},
			after: func(r recording) {
				r.hotfixes("KB5068787")
				r.tryAt(october, other, "p", "4")
				r.tryAt(november, cumulative, "n1", "2")
			},
			want: []string{"passed"},
		},
		"the next update succeeds, and it fails again": {
			before: func(r recording) { r.tryAt(beforehand, other, "p", "4") },
			after: func(r recording) {
				r.tryAt(november, other, "p", "4")
				r.tryAt(anHour, cumulative, "n1", "2")
			},
			want: []string{
				"drifted failing", "failed: drifted KB5066900 2025-11-10T02:00:00Z -> KB5066900 2025-11-12T02:00:00Z",
			},
		},
		"servicing lists nothing any more": {
			before: func(recording) {},
			after:  func(r recording) { r.hotfixes() },
			want:   []string{"unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := load(t), load(t)
			tt.before(before)
			tt.after(after)
			before.total("412")
			after.total("413")
			got := runnertest.Told(t, updates.Kind, "- updates: {}", [2]runnertest.Seen{before.see(), after.see()})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}
