package msrc

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// text is a text, however it is wrapped: "x", {"Value": "x"}, 1; "" for anything else.
type text string

// maxText is more than any text that is asked for has: descriptions are not.
const maxText = 2000

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	*t = ""
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0:
		return nil
	case data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*t = text(strings.TrimSpace(s[:min(len(s), maxText)]))
	case data[0] == '{':
		var wrapped struct{ Value json.RawMessage }
		if err := json.Unmarshal(data, &wrapped); err != nil {
			return err
		}
		if v := bytes.TrimSpace(wrapped.Value); len(v) > 0 && v[0] != '{' { // it is wrapped once
			return t.UnmarshalJSON(v)
		}
	case data[0] == '-' || data[0] >= '0' && data[0] <= '9':
		*t = text(data[:min(len(data), maxText)])
	}
	return nil
}

// is says whether an enum is this one, as its number or as its word.
func (t text) is(number int, word string) bool {
	squeeze := strings.NewReplacer(" ", "", "_", "")
	return string(t) == strconv.Itoa(number) || strings.EqualFold(squeeze.Replace(string(t)), word)
}

// day is the day on which a date falls; zero for what is none.
func day(t text) time.Time {
	s := string(t)
	d, err := time.Parse(time.DateOnly, s[:min(len(s), len(time.DateOnly))])
	if err != nil {
		return time.Time{}
	}
	return d
}

// rawVulnerability is what a document says of one.
type rawVulnerability struct {
	CVE     text
	Threats []struct {
		Type, Description text
		ProductID         []text
	}
	Remediations []struct {
		Type, Description, SubType, FixedBuild, Date text
		ProductID                                    []text
	}
	RevisionHistory []struct{ Date text }
}

// vulnerability is what is kept of one.
type vulnerability struct {
	cve       string
	published time.Time // the day, zero where it is not told
	exploited bool
	severity  map[string]severity // by product; that of "" is for all others
	fixes     []fix
}

// fix is one update that the vendor has for some products.
type fix struct {
	kb       string // "KB5068787"; "" where it has none
	build    string
	subtype  string
	products []string
}

func (raw rawVulnerability) kept() vulnerability {
	v := vulnerability{cve: string(raw.CVE), severity: map[string]severity{}}
	for _, threat := range raw.Threats {
		switch {
		case threat.Type.is(1, "ExploitStatus"):
			said := strings.ToLower(strings.ReplaceAll(string(threat.Description), " ", ""))
			v.exploited = v.exploited || strings.Contains(said, "exploited:yes")
		case threat.Type.is(3, "Severity"):
			worse(v.severity, threat.ProductID, severityOf(string(threat.Description)))
		}
	}
	for _, r := range raw.Remediations {
		if !r.Type.is(2, "VendorFix") {
			continue
		}
		f := fix{kb: kbOf(string(r.Description)), build: string(r.FixedBuild), subtype: string(r.SubType)}
		for _, id := range r.ProductID {
			f.products = append(f.products, string(id))
		}
		v.fixes = append(v.fixes, f)
	}
	for _, revision := range raw.RevisionHistory { // they come in no order
		if on := day(revision.Date); !on.IsZero() && (v.published.IsZero() || on.Before(v.published)) {
			v.published = on
		}
	}
	return v
}

func worse(of map[string]severity, products []text, s severity) {
	if len(products) == 0 {
		products = []text{""}
	}
	for _, id := range products {
		of[string(id)] = max(of[string(id)], s)
	}
}

// severity is Microsoft's rating; the zero value is none.
type severity int

func severities() []string { return []string{"", "low", "moderate", "important", "critical"} }

func severityOf(word string) severity {
	return severity(max(0, slices.Index(severities(), strings.ToLower(word))))
}

// String is the word as a plan writes it; "" for none.
func (s severity) String() string { return severities()[s] }

// kbOf is a KB number with its letters; "" for what is none.
func kbOf(s string) string {
	digits := strings.TrimPrefix(strings.ToUpper(s), "KB")
	if len(digits) < 5 || len(digits) > 9 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return "KB" + digits
}
