package sql

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// TestSuspectPages holds which pages are bad, and which are mended.
func TestSuspectPages(t *testing.T) {
	got := observed(t, changed(func(s *estate.SQL) {
		s.Databases["Orders"] = estate.Database{SuspectPages: []estate.SuspectPage{
			{Page: 4711, Event: 1},
			{Page: 4712, Event: 2},
			{File: 3, Page: 9, Event: 3},
			{Page: 1, Event: 4},
			{Page: 2, Event: 5},
			{Page: 3, Event: 7},
			{Page: 4711, Event: 1, Errors: 9}, // told twice
			{Page: 5, Event: 6},               // of a type that nobody knows
		}}
		s.Databases["Stock"] = estate.Database{SuspectPages: []estate.SuspectPage{{Page: 8, Event: 5}}}
	}))
	for at, want := range map[string]string{
		" integrity": "read", " suspect_pages": "has room",
		"Orders bad_pages": "1:4711, 1:4712, 1:5, 3:9", "Orders mended_pages": "3",
		"Stock bad_pages": "", "Stock mended_pages": "1",
		"master bad_pages": "", "master mended_pages": "",
	} {
		if got[at] != want {
			t.Errorf("%s: got %q, want %q", at, got[at], want)
		}
	}
}

// TestSuspectPagesFill holds that a table which takes no more is not taken for a good sign.
func TestSuspectPagesFill(t *testing.T) {
	for rows, want := range map[int]string{
		899: "has room", 900: "nearly full", 999: "nearly full", 1000: suspectsFull, 1001: suspectsFull,
	} {
		got := observed(t, changed(func(s *estate.SQL) {
			var pages []estate.SuspectPage
			for i := range rows {
				pages = append(pages, estate.SuspectPage{Page: int64(i), Event: 5})
			}
			s.Databases["Orders"] = estate.Database{SuspectPages: pages}
		}))
		if got[" suspect_pages"] != want {
			t.Errorf("%d rows: got %q, want %q", rows, got[" suspect_pages"], want)
		}
	}
	spec, _ := Kind.Reading(badPages)
	room, _ := Kind.Reading(spec.Behind)
	if len(room.Unseen) != 1 || !fact.Equal(room.Unseen[0], fact.Text(suspectsFull)) {
		t.Errorf("bad pages are behind %q, which is unseen as %v", spec.Behind, room.Unseen)
	}
}

// TestLastCheckDB holds when the server tells when CHECKDB last found nothing.
func TestLastCheckDB(t *testing.T) {
	checked := estate.Database{CheckDB: at("2026-11-15 02:00:00")}
	for name, c := range map[string]struct {
		change        func(*estate.SQL)
		history, want string
	}{
		"it did":           {func(*estate.SQL) {}, "read", "2026-11-15T02:00:00Z"},
		"never":            {func(s *estate.SQL) { s.Databases["Orders"] = estate.Database{} }, "read", "1900-01-01T00:00:00Z"},
		"2012 has no such": {func(s *estate.SQL) { s.Version = "11.0.7001.0" }, notThere, ""},
		"2016 SP1 neither": {func(s *estate.SQL) { s.Version = "13.0.4574.0" }, notThere, ""},
		"2016 SP2 has":     {func(s *estate.SQL) { s.Version = "13.0.5026.0" }, "read", "2026-11-15T02:00:00Z"},
		"2017 CU8 has not": {func(s *estate.SQL) { s.Version = "14.0.3029.16" }, notThere, ""},
		"a read-only one": {func(s *estate.SQL) {
			s.Databases["Orders"] = estate.Database{ReadOnly: true, CheckDB: at("2020-01-01 00:00:00")}
		}, "read", ""},
		"one that is away":   {func(s *estate.SQL) { s.Databases["Orders"] = estate.Database{State: "OFFLINE"} }, "read", ""},
		"one that is denied": {func(s *estate.SQL) { s.Denied = []string{"Orders"} }, "read", ""},
	} {
		got := observed(t, changed(func(s *estate.SQL) {
			s.Databases["Orders"] = checked
			c.change(s)
		}))
		if got[" checkdb_history"] != c.history || got["Orders last_checkdb"] != c.want {
			t.Errorf("%s: got %q, %q, want %q, %q", name, got[" checkdb_history"], got["Orders last_checkdb"], c.history, c.want)
		}
		if got["tempdb last_checkdb"] != "" || got[" integrity"] != "read" {
			t.Errorf("%s: %q of tempdb, %q", name, got["tempdb last_checkdb"], got[" integrity"])
		}
	}
}

// TestLastCheckDBInUTC holds that never is the same day wherever the server stands.
func TestLastCheckDBInUTC(t *testing.T) {
	var in integrity
	for _, offset := range []time.Duration{-12 * time.Hour, 0, 14 * time.Hour} {
		if got := in.when(never(), offset); !got.Equal(never()) {
			t.Errorf("%v from UTC, never is %v", offset, got)
		}
		if got := in.when(started(), offset); !got.Equal(started().Add(-offset)) {
			t.Errorf("%v from UTC: got %v", offset, got)
		}
	}
}

// TestIntegrityNotRead holds that a login which may not see the table loses nothing else.
func TestIntegrityNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*estate.SQL)
		want   string
	}{
		"the table is denied":    {func(s *estate.SQL) { s.Denied = []string{"msdb.dbo.suspect_pages"} }, integrityPart().notAllowed()},
		"msdb is denied":         {func(s *estate.SQL) { s.Denied = []string{"msdb"} }, integrityPart().notAllowed()},
		"msdb cannot be entered": {func(s *estate.SQL) { s.Databases["msdb"] = estate.Database{State: "SUSPECT"} }, unreadable},
	} {
		got := observed(t, changed(c.change))
		have := map[string]string{}
		for _, at := range []string{" integrity", " suspect_pages", " checkdb_history", "Orders bad_pages", "Orders state"} {
			have[at] = got[at]
		}
		want := map[string]string{
			" integrity": c.want, " suspect_pages": "", " checkdb_history": "", "Orders bad_pages": "", "Orders state": "ONLINE",
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
