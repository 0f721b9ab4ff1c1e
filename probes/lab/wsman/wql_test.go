package wsman

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestConditions(t *testing.T) {
	r := row{
		"Name": "Spooler", "Path": `C:\a`, "PID": 512, "Big": int64(1) << 40, "On": true, "None": nil, "Rate": 1.5,
		"At": time.Date(2026, 11, 23, 2, 10, 0, 0, time.UTC),
	}
	tests := map[string]bool{
		"Name = 'spooler'":                  true,
		`NAME = "Spooler"`:                  true,
		"Name <> 'Spooler'":                 false,
		"Name != 'x'":                       true,
		`Path = 'C:\\a'`:                    true,
		`Path = "C:\a"`:                     false,
		"PID = 512 AND On = TRUE":           true,
		"PID = '512'":                       true,
		"PID > 511 AND PID < 513":           true,
		"PID >= 513 OR PID <= 100":          false,
		"512 = PID":                         true,
		"500 < PID":                         true,
		"Big = 1099511627776":               true,
		"Rate = 1.5":                        true,
		"On = 'false'":                      false,
		"NOT On = FALSE":                    true,
		"None = 1":                          false,
		"None <> 1":                         false,
		"None IS NULL AND Name IS NOT NULL": true,
		"None = NULL":                       true,
		"Name LIKE 'sp%'":                   true,
		"Name LIKE '%oo_er'":                true,
		"Name LIKE 'Spool'":                 false,
		"Name LIKE '[a-s]p%' AND Name LIKE '[^x]%'": true,
		"Name LIKE '%%%%%%%%%%%%%%%%x'":             false,
		"Name='a' OR Name='b' AND PID=0":            false,
		"(Name='Spooler' OR Name='b') AND PID=0":    false,
		"Name='Spooler' OR (Name='b' AND PID=0)":    true,
		"At > '20261123000000.000000+000'":          true,
		"At = '20261123031000.000000+060'":          true,
		"At > 'yesterday'":                          false,
		"Name = 1":                                  false,
		"PID = 'x'":                                 false,
	}
	for source, want := range tests {
		q, err := parseQuery("SELECT * FROM X WHERE " + source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := q.where.holds(r); got != want {
			t.Errorf("%s: got %v", source, got)
		}
	}
}

func TestQueries(t *testing.T) {
	q, err := parseQuery("select\r\n Name ,\tState from Win32_Service")
	if err != nil || !slices.Equal(q.columns, []string{"Name", "State"}) || q.class != "Win32_Service" || q.where != nil {
		t.Errorf("got %+v, %v", q, err)
	}
	for _, bad := range []string{
		"", "SELECT", "SELECT FROM X", "SELECT * X", "SELECT *, Name FROM X", "SELECT a, FROM X", "SELECT * FROM X WHERE",
		"SELECT * FROM X WHERE a", "SELECT * FROM X WHERE a =", "SELECT * FROM X WHERE a = b",
		"SELECT * FROM X WHERE a = 'b",
		"SELECT * FROM X WHERE (a = 1", "SELECT * FROM X WHERE a = 1)",
		"SELECT * FROM X; DROP", "SELECT * FROM X WHERE a IS 1",
		"SELECT * FROM X WHERE 1 LIKE a", "SELECT * FROM X WHERE a = 1.2.3", "UPDATE X",
		"SELECT * FROM X WHERE " + strings.Repeat("(", 5000), "SELECT * FROM X WHERE " + strings.Repeat("NOT ", 5000) + "a=1",
		strings.Repeat(" ", 1<<17),
	} {
		if _, err := parseQuery(bad); err == nil {
			t.Errorf("%.60q is taken for a query", bad)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT60S": time.Minute, "PT1.5S": 1500 * time.Millisecond, "PT20.000S": 20 * time.Second,
		"P1DT2H3M": 26*time.Hour + 3*time.Minute, "P0DT0H0M0S": 0,
	} {
		if got, ok := parseDuration(text); !ok || got != want {
			t.Errorf("%s: got %v, %v", text, got, ok)
		}
	}
	for _, bad := range []string{"", "P", "PT", "60", "60s", "PT-1S", "PT1S ", "P99999999999999D"} {
		if got, ok := parseDuration(bad); ok {
			t.Errorf("%q: got %v", bad, got)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("SELECT Name,State FROM Win32_Service WHERE Name LIKE '%a[b-c]_%' AND NOT (PID <> 3 OR On = TRUE)")
	f.Add(`SELECT * FROM X WHERE 1 < a OR b IS NOT NULL AND c = "\\"`)
	f.Fuzz(func(t *testing.T, source string) {
		q, err := parseQuery(source)
		if err != nil {
			return
		}
		if q.class == "" {
			t.Error("a query without a class")
		}
		if q.where != nil {
			q.where.holds(row{"a": "text", "b": nil, "PID": 3, "On": true, "At": time.Now()})
			q.where.uses()
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body/></s:Envelope>`))
	f.Add([]byte(`<x><!-- --><y a="b">&lt;</y></x>`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		m, err := parseMessage(data)
		_ = m.verb()
		if err == nil && m.action == "" {
			panic("a message without an action")
		}
	})
}
