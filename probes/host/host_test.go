package host_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

func TestMerge(t *testing.T) {
	service := func(where string, columns ...string) host.WQL {
		return host.WQL{Class: "Win32_Service", Columns: columns, Where: where}
	}
	limited := func(where string, most int, columns ...string) host.WQL {
		return host.WQL{Class: "Win32_Service", Columns: columns, Where: where, Most: most}
	}
	registry := func(value string) host.Collector {
		return host.Collector{Name: "registry", Args: map[string][]string{"value": {value}, "key": {`HKLM\SOFTWARE`}}}
	}
	tests := []struct {
		name      string
		questions []host.Question
		want      []string
	}{
		{"nothing", nil, nil},
		{
			"columns come together",
			[]host.Question{service("", "State"), service("", "Name", "State")},
			[]string{"root/cimv2: SELECT Name,State FROM Win32_Service"},
		},
		{
			"columns in other case are doubles",
			[]host.Question{service("", "name", "State"), service("", "Name", "STATE")},
			[]string{"root/cimv2: SELECT Name,STATE FROM Win32_Service"},
		},
		{
			"conditions are alternatives",
			[]host.Question{service("Name='b'", "Name"), service("Name='a' AND State='x'", "Name")},
			[]string{"root/cimv2: SELECT Name FROM Win32_Service WHERE Name='a' AND State='x' OR Name='b'"},
		},
		{
			"a condition twice is there once",
			[]host.Question{
				service("Name='a'", "Name"), service("Name='b'", "Name"), service("Name='b'", "Name"),
				service("Name='a'", "Name"),
			},
			[]string{"root/cimv2: SELECT Name FROM Win32_Service WHERE Name='a' OR Name='b'"},
		},
		{
			"no condition beats any, also when it comes last",
			[]host.Question{service("Name='a'", "Name"), service("", "State"), service("Name='b'", "Name")},
			[]string{"root/cimv2: SELECT Name,State FROM Win32_Service"},
		},
		{
			"one namespace in many spellings",
			[]host.Question{
				host.WQL{Namespace: `root\CIMv2`, Class: "win32_service", Columns: []string{"Name"}},
				host.WQL{Namespace: "root/cimv2", Class: "Win32_Service", Columns: []string{"Name"}},
				service("", "Name"),
			},
			[]string{"root/CIMv2: SELECT Name FROM Win32_Service"},
		},
		{
			"a query with a limit stays as it is",
			[]host.Question{
				service("", "State"), limited("Name='b' OR 1=1", 5, "Name", "A"), service("Name='a'", "Name"),
				limited("Name='b' OR 1=1", 5, "Name", "A"), limited("", 5, "State"),
			},
			[]string{
				"root/cimv2: SELECT Name,A FROM Win32_Service WHERE Name='b' OR 1=1",
				"root/cimv2: SELECT State FROM Win32_Service", "root/cimv2: SELECT Name,State FROM Win32_Service",
			},
		},
		{
			"other namespaces stay apart",
			[]host.Question{
				service("", "Name"), host.WQL{Namespace: "root/standardcimv2", Class: "Win32_Service", Columns: []string{"Name"}},
			},
			[]string{"root/cimv2: SELECT Name FROM Win32_Service", "root/standardcimv2: SELECT Name FROM Win32_Service"},
		},
		{
			"collectors come after queries, doubles go",
			[]host.Question{
				registry("b"), registry("a"), registry("b"), host.Collector{Name: "hotfix"}, service("", "Name"),
			},
			[]string{
				"root/cimv2: SELECT Name FROM Win32_Service", "hotfix",
				`registry key=["HKLM\\SOFTWARE"] value=["a"]`, `registry key=["HKLM\\SOFTWARE"] value=["b"]`,
			},
		},
		{
			"cmdlets come last, and one call's properties come together",
			[]host.Question{
				host.Cmdlet{Endpoint: "Microsoft.Exchange", Name: "Test-ServiceHealth", Properties: []string{"Role"}},
				host.Cmdlet{Name: "Get-Thing", Switches: []string{"b", "A"}, Properties: []string{"x"}},
				host.Cmdlet{
					Endpoint: "Microsoft.Exchange", Name: "Test-ServiceHealth", Properties: []string{"ROLE", "Passed"},
				},
				host.Cmdlet{
					Endpoint: "Microsoft.PowerShell", Name: "Get-Thing", Switches: []string{"A", "b"}, Properties: []string{"y"},
				},
				host.Cmdlet{Name: "Get-Thing", Params: map[string][]string{"p": {"1", "2"}}, Properties: []string{"x"}},
				service("", "Name"),
			},
			[]string{
				"root/cimv2: SELECT Name FROM Win32_Service", "Microsoft.Exchange: Test-ServiceHealth",
				"Microsoft.PowerShell: Get-Thing -A -b", `Microsoft.PowerShell: Get-Thing -p ["1" "2"]`,
			},
		},
		{
			"arguments that read alike stay apart",
			[]host.Question{
				host.Collector{Name: "x", Args: map[string][]string{"a": {`b" "c`}}},
				host.Collector{Name: "x", Args: map[string][]string{"a": {"b", "c"}}},
			},
			[]string{`x a=["b" "c"]`, `x a=["b\" \"c"]`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for range 20 { // in whatever order they come
				if diff := cmp.Diff(test.want, words(host.Merge(test.questions))); diff != "" {
					t.Fatalf("(-want +got)\n%s", diff)
				}
				r.Shuffle(len(test.questions), func(i, j int) {
					test.questions[i], test.questions[j] = test.questions[j], test.questions[i]
				})
			}
		})
	}
}

// WMI refuses a condition with many terms, and the whole query with it.
func TestMergeAsksForAllWhereAConditionGetsTooLong(t *testing.T) {
	terms := func(from, to int) host.Question {
		var names []string
		for i := from; i < to; i++ {
			names = append(names, fmt.Sprintf("Name='s%02d'", i))
		}
		return host.WQL{Class: "Win32_Service", Columns: []string{"Name"}, Where: strings.Join(names, " OR ")}
	}
	long := terms(0, 30).(host.WQL).Where
	for name, tt := range map[string]struct {
		questions []host.Question
		want      string
	}{
		"twenty of two checks":     {[]host.Question{terms(0, 10), terms(10, 20)}, terms(0, 20).(host.WQL).Where},
		"twenty-one of two checks": {[]host.Question{terms(0, 10), terms(10, 21)}, ""},
		"the same for each check":  {[]host.Question{terms(0, 15), terms(0, 15)}, terms(0, 15).(host.WQL).Where},
		"one check's own":          {[]host.Question{terms(0, 30)}, ""},
		"in any case":              {[]host.Question{host.WQL{Class: "c", Where: strings.ReplaceAll(long, "OR", "or")}}, ""},
	} {
		merged := host.Merge(tt.questions)
		if len(merged) != 1 || merged[0].(host.WQL).Where != tt.want {
			t.Errorf("%s: got %v, want the condition %q", name, merged, tt.want)
		}
	}
}

func words(questions []host.Question) []string {
	var all []string
	for _, q := range questions {
		all = append(all, q.String())
	}
	return all
}

func TestMergeLeavesItsQuestionsAlone(t *testing.T) {
	columns := append(make([]string, 0, 8), "State", "Name")
	q := host.WQL{Class: "c", Columns: columns}
	merged := host.Merge([]host.Question{q, host.WQL{Class: "c", Columns: []string{"A"}}})
	if !slices.Equal(columns[:3:3][:2], []string{"State", "Name"}) || columns[:3][2] != "" {
		t.Errorf("the question has become %q", columns[:3])
	}
	if again := host.Merge(merged); !slices.Equal(words(again), words(merged)) {
		t.Errorf("merged again: %v", again)
	}
}

func TestAnswersAreFoundByEveryQuestionTheyAnswer(t *testing.T) {
	one := host.WQL{Class: "Win32_Service", Columns: []string{"Name"}, Where: "Name='a'"}
	two := host.WQL{Namespace: `ROOT\cimv2`, Class: "WIN32_SERVICE", Columns: []string{"State"}}
	call := host.Collector{Name: "hotfix", Args: map[string][]string{"a": {"1"}, "b": {"2"}}}
	failing := host.Collector{Name: "registry"}
	denied := errors.New("access denied")
	var answers host.Answers
	for _, q := range host.Merge([]host.Question{one, two, call, failing}) {
		answer := host.Answer{Rows: []host.Row{{"q": {Text: q.String()}}}}
		if q.String() == "registry" {
			answer = host.Answer{Err: denied}
		}
		answers.Put(q, answer)
	}
	for _, q := range []host.Question{one, two, call} {
		if rows, err := answers.To(q); err != nil || len(rows) != 1 {
			t.Errorf("%s: got %v, %v", q, rows, err)
		}
	}
	_, err := answers.To(failing)
	if !errors.Is(err, denied) || !strings.Contains(err.Error(), "asking the host registry: ") {
		t.Errorf("got %v", err)
	}
	never := host.Collector{Name: "hotfix", Args: map[string][]string{"a": {"1"}}}
	for _, a := range []host.Answers{answers, {}} {
		rows, err := a.To(never)
		if err == nil || len(rows) != 0 || !strings.Contains(err.Error(), "no answer to this question") {
			t.Errorf("got %v, %v", rows, err)
		}
	}
}

func TestRowGet(t *testing.T) {
	row := host.Row{"Name": {Text: "a"}, "STATE": {Text: "x"}, "State": {Text: "y"}}
	for column, want := range map[string]string{"Name": "a", "nAME": "a", "State": "y", "STATE": "x"} {
		if got := row.Get(column); got.Text != want || got.Null {
			t.Errorf("%s: got %+v", column, got)
		}
	}
	for range 50 {
		if got := row.Get("state"); got.Text != "x" {
			t.Fatalf("of two columns the second was taken: %+v", got)
		}
	}
	if got := row.Get("Path"); !got.Null {
		t.Errorf("got %+v", got)
	}
	if got := host.Row(nil).Get("Path"); !got.Null {
		t.Errorf("got %+v", got)
	}
}

func TestCellInt(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, " 42\r\n": 42, "-1": -1, "9223372036854775807": 1<<63 - 1} {
		if got, err := (host.Cell{Text: text}).Int(); got != want || err != nil {
			t.Errorf("%q: got %d, %v", text, got, err)
		}
	}
	bad := []host.Cell{
		{Null: true},
		{},
		{List: []string{"1"}},
		{Text: "1.5"},
		{Text: "0x1"},
		{Text: "18446744073709551615"},
		{Text: "1\x1b[0m"},
	}
	for _, c := range bad {
		if got, err := c.Int(); err == nil {
			t.Errorf("%+v: got %d", c, got)
		} else if strings.Contains(err.Error(), "\x1b") {
			t.Errorf("the host's text is in the error as it came: %q", err)
		}
	}
}

func TestCellBool(t *testing.T) {
	for text, want := range map[string][2]bool{
		"true": {true, true}, "TRUE": {true, true}, " False\n": {false, true}, "": {}, "1": {}, "yes": {},
	} {
		if value, known := (host.Cell{Text: text}).Bool(); value != want[0] || known != want[1] {
			t.Errorf("%q: got %v, %v", text, value, known)
		}
	}
	if _, known := (host.Cell{Null: true}).Bool(); known {
		t.Error("null is known")
	}
}

func TestCellTime(t *testing.T) {
	want := time.Date(2026, 11, 10, 3, 4, 5, 600_000_000, time.UTC)
	if got, err := (host.Cell{Text: " 2026-11-10T04:04:05.6+01:00 "}).Time(); !got.Equal(want) || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	for _, c := range []host.Cell{{Null: true}, {}, {Text: "20261110030405.600000+060"}, {Text: "now"}} {
		if got, err := c.Time(); err == nil {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// Two queries that differ in their limit alone have two answers.
func TestAnswersToQueriesWithALimit(t *testing.T) {
	one := host.WQL{Class: "c", Columns: []string{"A"}, Most: 1}
	two, all := one, one
	two.Most, all.Most = 2, 0
	var answers host.Answers
	for n, q := range host.Merge([]host.Question{one, all, two}) {
		answers.Put(q, host.Answer{Rows: make([]host.Row, n+1)})
	}
	seen := map[int]bool{}
	for _, q := range []host.WQL{one, two, all} {
		rows, err := answers.To(q)
		if err != nil || seen[len(rows)] {
			t.Errorf("at most %d: %d rows as another has, error %v", q.Most, len(rows), err)
		}
		seen[len(rows)] = true
	}
}

func TestMade(t *testing.T) {
	q := host.WQL{Class: "Win32_Service", Columns: []string{"Name"}}
	made := 0
	count := func(a host.Answers) int {
		return host.Made(a, "rows", func() int {
			made++
			rows, err := a.To(q)
			if err != nil {
				t.Fatal(err)
			}
			return len(rows)
		})
	}
	var answers host.Answers
	answers.Put(q, host.Answer{Rows: []host.Row{{}}})
	if a, b := count(answers), count(answers); a != 1 || b != 1 || made != 1 {
		t.Errorf("%d and %d rows, made %d times: want one, once", a, b, made)
	}
	other := answers
	other.Put(q, host.Answer{Rows: []host.Row{{}, {}}})
	if n := count(answers); n != 2 {
		t.Errorf("%d rows after another answer: want 2", n)
	}
	if host.Made(answers, "rows", func() string { return "text" }) != "text" {
		t.Error("two makers of one name: one has what the other has made")
	}
	if host.Made(host.Answers{}, "rows", func() int { return 7 }) != 7 {
		t.Error("nothing is made without an answer")
	}
}
