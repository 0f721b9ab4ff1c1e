package msrc

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
)

// november is a document made up for these tests, in the shape of a real one.
const november = "testdata/2026-Nov.json"

func read(t *testing.T, file string) *Document {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	d, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// servers are what an import asks for by default.
func servers(product string) bool {
	return strings.HasPrefix(product, "Windows Server") || strings.HasPrefix(product, "Microsoft SQL Server") ||
		strings.HasPrefix(product, "Microsoft Exchange Server")
}

func day10(extra int) time.Time { return time.Date(2026, 11, 10+extra, 0, 0, 0, 0, time.UTC) }

func TestFixes(t *testing.T) {
	d := read(t, november)
	if d.Title != "November 2026 Security Updates" || d.ID != "2026-Nov" || !d.Released.Equal(day10(0)) {
		t.Errorf("document: %q %q %v", d.Title, d.ID, d.Released)
	}
	fixes, left := d.Fixes(servers)
	want := []Fix{
		{
			Reading: "os.build", Where: "14393.*", Build: "14393.8594", KBs: []string{"KB5068864"}, Severity: "critical",
			Released: day10(0), Vulnerabilities: 2, Exploited: 1, Products: []string{"Windows Server 2016"},
		},
		{ // out of turn, and as old as what it fixes
			Reading: "os.build", Where: "17763.*", Build: "17763.8031", KBs: []string{"KB5070001"}, Severity: "critical",
			Released: day10(7), Vulnerabilities: 3, Exploited: 2, Products: []string{"Windows Server 2019"},
		},
		{
			Reading: "os.build", Where: "20348.*", Build: "20348.4405", Or: []string{"20348.4346"},
			KBs: []string{"KB5068787"}, Severity: "critical", Released: day10(0), Vulnerabilities: 3, Exploited: 1,
			Hotpatch: Hotpatch{"20348.4346", []string{"KB5068840"}, []string{"CVE-2013-93900"}},
			Products: []string{"Windows Server 2022"},
		},
		{ // the vulnerability of 2013 does not make the update old
			Reading: "os.build", Where: "25398.*", Build: "25398.1965", KBs: []string{"KB5068779"}, Severity: "important",
			Released: day10(0), Vulnerabilities: 2, Exploited: 1, Products: []string{"Windows Server 2022, 23H2 Edition"},
		},
		{ // what Windows 11 of the same family has does not count
			Reading: "os.build", Where: "26100.*", Build: "26100.33296", Or: []string{"26100.33229"},
			KBs: []string{"KB5068861"}, Severity: "critical", Released: day10(0), Vulnerabilities: 2, Exploited: 1,
			Hotpatch: Hotpatch{"26100.33229", []string{"KB5068966"}, []string{"CVE-2026-50002"}},
			Products: []string{"Windows Server 2025"},
		},
		{
			Reading: "sql.version", Where: "13.0.6???.*", Build: "13.0.6475.1", KBs: []string{"KB5090408"},
			Severity: "important", Released: day10(0), Vulnerabilities: 1,
			Products: []string{"Microsoft SQL Server 2016 for x64-based Systems Service Pack 3 (GDR)"},
		},
		{
			Reading: "sql.version", Where: "16.0.1???.*", Build: "16.0.1160.1", KBs: []string{"KB5090406"},
			Or: []string{"between 16.0.4222.2 and 16.0.4999.99999"}, Severity: "important", Released: day10(0),
			Vulnerabilities: 1, Products: []string{"Microsoft SQL Server 2022 for x64-based Systems (GDR)"},
		},
		{
			Reading: "sql.version", Where: "16.0.4???.*", Build: "16.0.4222.2", KBs: []string{"KB5090407"},
			Severity: "important", Released: day10(0), Vulnerabilities: 1,
			Products: []string{"Microsoft SQL Server 2022 for x64-based Systems (CU 21)"},
		},
	}
	if diff := cmp.Diff(want, fixes); diff != "" {
		t.Errorf("fixes (-want +got):\n%s", diff)
	}
	wantLeft := []Left{
		{
			"Microsoft Exchange Server 2019 Cumulative Update 15",
			[]string{"KB5090873"},
			"no kind of check reads its build",
		},
		{
			"Windows Server 2012 R2",
			[]string{"KB5068905"},
			"whether the registry's revision follows its builds is not known: want its KB in updates.hotfixes",
		},
		{"Windows Server 2016", []string{"KB5069998"}, "the document names no fixed build"},
		{"Windows Server 2019", []string{"KB5069999"}, "its fixed build is of another Windows: 10.0.20346.9999"},
	}
	if diff := cmp.Diff(wantLeft, left); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
}

func TestTo(t *testing.T) {
	fixes, _ := read(t, november).Fixes(servers)
	to := map[string][]string{}
	for _, f := range fixes {
		to[f.Where] = f.To()
	}
	want := map[string][]string{
		"14393.*": {">= 14393.8594"}, "17763.*": {">= 17763.8031"}, "20348.*": {">= 20348.4405", "20348.4346"},
		"25398.*": {">= 25398.1965"}, "26100.*": {">= 26100.33296", "26100.33229"}, "13.0.6???.*": {">= 13.0.6475.1"},
		"16.0.1???.*": {"between 16.0.1160.1 and 16.0.1999.99999", "between 16.0.4222.2 and 16.0.4999.99999"},
		"16.0.4???.*": {">= 16.0.4222.2"},
	}
	if diff := cmp.Diff(want, to); diff != "" {
		t.Errorf("to (-want +got):\n%s", diff)
	}
}

func TestFixesOfOtherProducts(t *testing.T) {
	fixes, left := read(t, november).Fixes(func(p string) bool { return strings.HasPrefix(p, "Windows 11") })
	if len(fixes) != 1 || fixes[0].Build != "26100.9171" || fixes[0].Vulnerabilities != 3 || len(left) != 0 {
		t.Errorf("of the clients: %+v, %+v", fixes, left)
	}
	fixes, left = read(t, november).Fixes(func(p string) bool { return strings.Contains(p, "Microsoft 365") })
	if len(fixes) != 0 || len(left) != 1 {
		t.Errorf("of Office: %+v, %+v", fixes, left)
	}
}

// small is a document with one vulnerability and one product, whose parts a test writes.
func small(vulnerability string) string {
	return `{"ProductTree":{"FullProductName":[{"ProductID":"1","Value":"Windows Server 2022"}]},` +
		`"Vulnerability":[` + vulnerability + `]}`
}

// What other tools make of such a document, and what Microsoft may yet.
func TestOtherShapes(t *testing.T) {
	plain := `{"CVE":"CVE-1","Remediations":[{"Type":2,"Description":{"Value":"5068787"},"ProductID":["1"],` +
		`"FixedBuild":"10.0.20348.4405"}]}`
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	wide, err := utf16.NewEncoder().String(small(plain))
	if err != nil {
		t.Fatal(err)
	}
	for name, document := range map[string]string{
		"as documented":                    small(plain),
		"with a byte order mark":           "\uFEFF" + small(plain),
		"in UTF-16, as PowerShell's > has": wide,
		"numbers and words for texts": small(`{"CVE":"CVE-1","Remediations":[{"Type":"Vendor Fix","Description":5068787,` +
			`"ProductID":[1],"FixedBuild":{"Value":"10.0.20348.4405"}}]}`),
		"another order": `{"Vulnerability":[` + plain + `],"More":{"a":[1,{"b":null}]},` +
			`"ProductTree":{"FullProductName":[{"Value":"Windows Server 2022","ProductID":"1"}]}}`,
		"nulls": small(plain + `,{"CVE":null,"Threats":null,"Remediations":null,"RevisionHistory":null},` +
			`{"Remediations":[{"Type":2,"ProductID":null},{"Type":2,"ProductID":["nobody"],"FixedBuild":null}]}`),
		"beside a workaround": small(`{"Remediations":[{"Type":0,"ProductID":["1"],"FixedBuild":"10.0.20348.9999"},` +
			`{"Type":2,"Description":"KB5068787","ProductID":["1"],"FixedBuild":"10.0.20348.4405"}]}`),
	} {
		d, err := Read(strings.NewReader(document))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		fixes, left := d.Fixes(servers)
		if len(fixes) != 1 || fixes[0].Build != "20348.4405" || fixes[0].KBs[0] != "KB5068787" || len(left) != 0 {
			t.Errorf("%s: %+v, %+v", name, fixes, left)
		}
	}
}

func TestAHotpatchAlone(t *testing.T) {
	hotpatch := `{"Type":2,"Description":{"Value":"5068840"},"ProductID":["1"],"SubType":"AzureHotpatch",` +
		`"FixedBuild":"10.0.20348.4346"}`
	d, err := Read(strings.NewReader(small(`{"Remediations":[` + hotpatch + `]}`)))
	if err != nil {
		t.Fatal(err)
	}
	fixes, left := d.Fixes(servers)
	want := []Left{{"hotpatch 20348.4346", []string{"KB5068840"}, "the document has no update beside it"}}
	if diff := cmp.Diff(want, left); diff != "" || len(fixes) != 0 {
		t.Errorf("%+v, left (-want +got):\n%s", fixes, diff)
	}
}

// A hotpatch that is newer than the update needs no word of its own, and a build that
// SQL Server cannot have is none.
func TestOddBuilds(t *testing.T) {
	d, err := Read(strings.NewReader(`{"ProductTree":{"FullProductName":[` +
		`{"ProductID":"1","Value":"Windows Server 2022"},{"ProductID":"2","Value":"Microsoft SQL Server 2022"}]},` +
		`"Vulnerability":[{"Remediations":[{"Type":2,"ProductID":["1"],"FixedBuild":"10.0.20348.4405"},` +
		`{"Type":2,"ProductID":["1"],"SubType":"Security Hotpatch Update","FixedBuild":"10.0.20348.4410"},` +
		`{"Type":2,"ProductID":["2"],"FixedBuild":"16.0.99.1"},{"Type":2,"ProductID":["2"],"FixedBuild":"8.0.2039.1"},` +
		`{"Type":2,"ProductID":["2"],"FixedBuild":"16.0.10000.1"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	fixes, left := d.Fixes(servers)
	if len(fixes) != 1 || len(fixes[0].Or) != 0 || fixes[0].Hotpatch.Build != "20348.4410" || len(left) != 3 {
		t.Errorf("%+v, %+v", fixes, left)
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	for name, c := range map[string]struct{ document, want string }{
		"nothing":   {" \n", "it is empty"},
		"XML":       {"\uFEFF<cvrf:cvrfdoc>", "it is XML or HTML: download it with the header Accept: application/json"},
		"a page":    {"<!DOCTYPE html>", "it is XML or HTML"},
		"packed":    {"\x1f\x8b\x08", "it is compressed"},
		"a zip":     {"PK\x03\x04", "it is compressed"},
		"a list":    {"[1]", "it is no JSON object"},
		"YAML":      {"plan: x", "it is no JSON object"},
		"all lists": {`{"@odata.context":"x","value":[{"ID":"2026-Nov"}]}`, "it is the list of all documents"},
		"CSAF":      {`{"document":{"category":"csaf_vex"},"vulnerabilities":[]}`, "it is a CSAF document"},
		"another": {
			`{"a":1}`, "it is no CVRF document: it has no ProductTree.FullProductName and no Vulnerability",
		},
		"no products":  {`{"ProductTree":{},"Vulnerability":[]}`, "it has no ProductTree.FullProductName"},
		"no list":      {`{"ProductTree":{"FullProductName":[{}]},"Vulnerability":null}`, "it has no Vulnerability"},
		"cut off":      {small(`{"CVE":"CVE-1`), "Vulnerability[0]: it is cut off after"},
		"cut at once":  {`{`, "it is cut off after 1 bytes: download it again"},
		"cut at end":   {strings.TrimSuffix(small(`{}`), "}"), "it is cut off after"},
		"a bad comma":  {small(`{},`), "Vulnerability[1]: at byte"},
		"something":    {small(`{}`) + " {}", "the end: at byte"},
		"a wrong type": {small(`{"Threats":"x"}`), "Vulnerability[0]: Threats: got a JSON string"},
		"no mapping":   {small(`3`), "Vulnerability[0]: "},
		"one of them":  {`{"Vulnerability":{}}`, "Vulnerability: at byte"},
	} {
		_, err := Read(strings.NewReader(c.document))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// endless is a document that never ends.
type endless struct{ at int }

func (e *endless) Read(p []byte) (int, error) {
	const begin, more = `{"ProductTree":{"FullProductName":[{}]},"Vulnerability":[{}`, " ,{}"
	for i := range p {
		if p[i] = more[(e.at+4-len(begin)%4)%4]; e.at < len(begin) {
			p[i] = begin[e.at]
		}
		e.at++
	}
	return len(p), nil
}

func TestADocumentHasAnEnd(t *testing.T) {
	for name, c := range map[string]struct {
		r    io.Reader
		want string
	}{
		"vulnerabilities": {io.LimitReader(&endless{}, 1<<20), "it has more than 100000 vulnerabilities"},
		"one text":        {io.MultiReader(strings.NewReader(`{"x":"`), repeat('a')), "it has more than 64 MiB"},
		"brackets":        {io.MultiReader(strings.NewReader(`{"x":`), io.LimitReader(repeat('['), 1<<20)), "exceeded max depth"},
		"blanks":          {io.LimitReader(repeat(' '), 1<<20), "it is empty"},
		"blanks inside":   {io.MultiReader(strings.NewReader(`{`), io.LimitReader(repeat(' '), MaxSize/2)), "it is cut off"},
	} {
		if _, err := Read(c.r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestBuilds(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.20348.4405": "10.0.20348.4405", "15.02.1748.039": "15.2.1748.39", "6.6.150.1-1": "", "10.0.20348": "",
		"": "", "10.0.20348.4405.1": "", "10.0.+20348.1": "", "10.0.-1.1": "", "10.0.20348.4294967296": "", "a.b.c.d": "",
		"10.0. 20348.1": "",
	} {
		got := ""
		if b, ok := parseBuild(text); ok {
			got = b.String()
		}
		if got != want {
			t.Errorf("%q reads as %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"5068787": "KB5068787", "KB5068787": "KB5068787", "kb5068787": "KB5068787", "Click to Run": "", "1": "",
		"5068787\n# x": "", "": "", "50687871234": "",
	} {
		if got := kbOf(text); got != want {
			t.Errorf("%q is KB %q, want %q", text, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	file, err := os.ReadFile(november)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	for _, seed := range []string{
		"{}", "\uFEFF{", small("{}"), small(`{"Threats":[{"Type":3,"Description":{"Value":{"Value":1}}}]}`),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		d, err := Read(bytes.NewReader(document))
		if err != nil {
			if d != nil && err.Error() == "" {
				t.Error("an error without a word")
			}
			return
		}
		fixes, left := d.Fixes(func(string) bool { return true })
		for _, fix := range fixes {
			if fix.Build == "" || fix.Where == "" || fix.Vulnerabilities < 1 || fix.Exploited > fix.Vulnerabilities {
				t.Errorf("fix: %+v", fix)
			}
			for _, kb := range fix.KBs {
				if kbOf(kb) != kb {
					t.Errorf("KB %q", kb)
				}
			}
		}
		again, _ := d.Fixes(func(string) bool { return true })
		if fmt.Sprint(fixes) != fmt.Sprint(again) {
			t.Error("another time it is something else")
		}
		for _, l := range left {
			if l.Why == "" {
				t.Errorf("left out without a reason: %+v", l)
			}
		}
	})
}
