package report_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
)

func TestWorseFollowsTheOrderOfOutcomes(t *testing.T) {
	all := report.Outcomes()
	for i, a := range all {
		for j, b := range all {
			if got := report.Worse(a, b); got != (i > j) {
				t.Errorf("Worse(%s, %s) = %v", a, b, got)
			}
		}
		if !report.Worse("from the future", a) {
			t.Errorf("an outcome that nobody knows is not worse than %s", a)
		}
	}
}

type listener struct {
	heard []string
	fail  error
}

func (l *listener) Start(r report.Run) error      { return l.hear("start " + r.Name) }
func (l *listener) Host(h report.Host) error      { return l.hear("host " + h.Host) }
func (l *listener) Finish(s report.Summary) error { return l.hear("finish " + s.Verdict) }

func (l *listener) hear(what string) error {
	l.heard = append(l.heard, what)
	return l.fail
}

func TestTeeTellsAllAndReturnsTheFirstError(t *testing.T) {
	first, second := errors.New("disk full"), errors.New("pipe closed")
	listeners := []*listener{{}, {fail: first}, {fail: second}, {}}
	var handlers []report.Handler
	for _, l := range listeners {
		handlers = append(handlers, l)
	}
	h := report.Tee(handlers...)
	for _, err := range []error{
		h.Start(report.Run{Name: "r"}), h.Host(report.Host{Host: "a"}), h.Finish(report.Summary{Verdict: "PASS"}),
	} {
		if !errors.Is(err, first) {
			t.Errorf("got error %v, want the first one", err)
		}
	}
	for i, l := range listeners {
		if diff := cmp.Diff([]string{"start r", "host a", "finish PASS"}, l.heard); diff != "" {
			t.Errorf("handler %d (-want +got):\n%s", i, diff)
		}
	}
	if err := report.Tee().Start(report.Run{}); err != nil {
		t.Errorf("a tee of nobody: %v", err)
	}
}

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, lines, line string }{
		"plain text stays":       {`C:\new "é" 日本`, `C:\new "é" 日本`, `C:\new "é" 日本`},
		"a terminal escape":      {"\x1b[31mred", "<ESC>[31mred", "<ESC>[31mred"},
		"an 8-bit escape":        {"\u009b31m", "<U+009B>31m", "<U+009B>31m"},
		"a bidi override":        {"exe.\u202egnp", "exe.<U+202E>gnp", "exe.<U+202E>gnp"},
		"an isolate":             {"\u2066x\u2069", "<U+2066>x<U+2069>", "<U+2066>x<U+2069>"},
		"a space with no width":  {"a\u200bb", "a<U+200B>b", "a<U+200B>b"},
		"a space that is none":   {"1\u00a0GB", "1<U+00A0>GB", "1<U+00A0>GB"},
		"not UTF-8":              {"a\xff\xfeb", "a\ufffd\ufffdb", "a\ufffd\ufffdb"},
		"a lost character stays": {"a\ufffdb", "a\ufffdb", "a\ufffdb"},
		"a NUL":                  {"a\x00b", "a<U+0000>b", "a<U+0000>b"},
		"lines of Windows":       {"a\r\n\tb", "a<CR>\n\tb", "a<CR><LF><TAB>b"},
		"no character at all":    {"\uffff", "<U+FFFF>", "<U+FFFF>"},
		"nothing":                {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := report.Clean(c.in); got != c.lines {
				t.Errorf("Clean: got %q, want %q", got, c.lines)
			}
			if got := report.CleanLine(c.in); got != c.line {
				t.Errorf("CleanLine: got %q, want %q", got, c.line)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b]0;title\a\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		once := report.CleanLine(s)
		if !utf8.ValidString(once) || strings.IndexFunc(once, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
			t.Fatalf("%q still holds what cannot be printed", once)
		}
		if twice := report.CleanLine(once); twice != once {
			t.Fatalf("cleaning twice changes %q to %q", once, twice)
		}
	})
}

func TestSubjectNamesTheItemOnce(t *testing.T) {
	for _, c := range []struct{ kind, id, item, want string }{
		{"service", "service/W3SVC", "W3SVC", "service/W3SVC"},
		{"service", "service/w3svc", "W3SVC", "service/w3svc"},
		{"services", "services", "Spooler", "services/Spooler"},
		{"os", "os", "", "os"},
		{"tcp", "tcp/8443", "443", "tcp/443"},
		{"service", "W3SVC", "w3svc", "W3SVC"},
		{"tcp", "ports", "443", "ports/443"},
		{"http", "http", "/health", "http/health"},
	} {
		if got := (report.Check{Kind: c.kind, ID: c.id}).Subject(c.item); got != c.want {
			t.Errorf("Subject of %q in %q: got %q, want %q", c.item, c.id, got, c.want)
		}
	}
}
