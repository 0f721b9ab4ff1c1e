package text_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/text"
)

func toldOf(t *testing.T, s stream, o text.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.play(text.New(&b, o)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// steering is a line that a pipeline's system takes for a command.
var steering = regexp.MustCompile(
	`(?m)^[ \t]*::\S+.*::.*$|^.*##\w*\[.*$|section_(?:start|end):\d+:\w+(?:\[.*\])?\r\x1b\[0K.*`)

// sectionsOf are the commands of a report, titles cut and times left out.
func sectionsOf(report string) []string {
	var all []string
	for _, line := range steering.FindAllString(report, -1) {
		line = regexp.MustCompile(`:\d+:postpatch_\d+`).ReplaceAllString(line, ":")
		title, _, _ := strings.Cut(line, " (")
		all = append(all, strings.NewReplacer("\r\x1b[0K", " ", "\x1b[0K", "").Replace(title))
	}
	return all
}

func TestSections(t *testing.T) {
	mild := []string{"EXPECTED CHANGES", "FIXED", "DRIFT", "PRE-EXISTING"}
	for _, test := range []struct {
		sections text.Sections
		want     func() []string
	}{
		{"", func() []string { return nil }},
		{"teamcity", func() []string { return nil }},
		{text.GitHub, func() (all []string) {
			for _, title := range mild {
				all = append(all, "::group::"+title, "::endgroup::")
			}
			return all
		}},
		{text.Azure, func() (all []string) {
			for _, title := range mild {
				all = append(all, "##[group]"+title, "##[endgroup]")
			}
			return all
		}},
		{text.GitLab, func() (all []string) {
			for i, title := range append(mild, "UNREACHABLE", "UNKNOWN", "DRIFT THAT FAILS", "REGRESSION") {
				folded := ""
				if i < len(mild) {
					folded = "[collapsed=true]"
				}
				all = append(all, fmt.Sprintf("section_start:_%d%s %s", i+1, folded, title),
					fmt.Sprintf("section_end:_%d ", i+1))
			}
			return all
		}},
	} {
		t.Run(string(test.sections), func(t *testing.T) {
			got := strings.Join(sectionsOf(toldOf(t, mixed(), text.Options{Sections: test.sections})), "\n")
			if want := strings.Join(test.want(), "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Sections tell the very same as a report without them.
func TestSectionsLeaveTheReportAsItIs(t *testing.T) {
	for name, s := range streams() {
		want := toldOf(t, s, text.Options{})
		for _, sections := range []text.Sections{text.GitHub, text.Azure, text.GitLab} {
			got := toldOf(t, s, text.Options{Sections: sections})
			for _, own := range []string{
				"(?m)^(::endgroup::|##\\[endgroup\\]|\x1b\\[0Ksection_end:.*)\n",
				"(?m)^(::group::|##\\[group\\]|\x1b\\[0Ksection_start:.*?\r\x1b\\[0K)",
			} {
				got = regexp.MustCompile(own).ReplaceAllString(got, "")
			}
			if got != want {
				t.Errorf("%s with sections of %s is another report:\n%s", name, sections, got)
			}
		}
	}
}

// No text of a host steers a pipeline, wherever a line is broken.
func TestNoTextOfAHostSteersAPipeline(t *testing.T) {
	for _, command := range []string{
		"::error::x", "::endgroup::", "::set-env name=A::b", "##[endgroup]", "##vso[task.complete result=Succeeded]",
		"\x1b[0Ksection_end:1:postpatch_1_1\r\x1b[0K", "##teamcity[testFailed]",
		"::error title=a:b::x", "::error", "##", // the next text makes a command of it
	} {
		for n := range 130 {
			nasty := strings.Repeat("A", n) + command
			c := check(nasty, nasty, changed(nasty, report.Regressed, nasty, nasty+"b"))
			c.Evidence = []report.Evidence{{Reading: nasty, Value: nasty}}
			bare := check("bare", nasty)
			bare.Outcome, bare.Error = report.Unknown, nasty
			s := stream{run: verifyRun(2, 2), hosts: []report.Host{host(nasty, 0, c, bare), host("b", 0, bare)}}
			s.run.Notes = []string{nasty}
			s.hosts[1].Unreachable = nasty
			s.summary = report.Summary{Verdict: "FAIL", Reason: nasty, ExitCode: 1, Again: "postpatch verify"}
			s.summary.Next = []string{nasty}
			if got := steering.FindAllString(toldOf(t, s, text.Options{Verbosity: n % 3}), -1); len(got) > 0 {
				t.Fatalf("%d A before %q: %q", n, command, got)
			}
		}
	}
}

func TestReportFilesAreNamedBelowTheVerdict(t *testing.T) {
	for _, test := range []struct {
		why     string
		s       stream
		options text.Options
		want    string
	}{
		{"what to open is named", mixed(), text.Options{Reports: func() []string {
			return []string{"out/junit.xml", "out/report.html"}
		}}, "Reports  out/junit.xml   out/report.html   (open out/report.html#status=regressed)\n"},
		{"all is well", allPass(), text.Options{Reports: func() []string {
			return []string{"a.html", "b.xml"}
		}}, "Reports  a.html   b.xml\n"},
		{"quiet", mixed(), text.Options{Verbosity: text.Quiet, Reports: func() []string { return []string{"a"} }}, ""},
		{"none", mixed(), text.Options{Reports: func() []string { return nil }}, ""},
		{"a name for the terminal", mixed(), text.Options{Reports: func() []string {
			return []string{"a\x1b[2J.xml"}
		}}, "Reports  a<ESC>[2J.xml\n"},
	} {
		got := toldOf(t, test.s, test.options)
		_, verdict, _ := strings.Cut("\n"+got, "\nVERDICT")
		_, below, _ := strings.Cut(verdict, "\n")
		if below != test.want {
			t.Errorf("%s: %q below the verdict, want %q", test.why, below, test.want)
		}
	}
}

// What is left out of a long list can be had by a command.
func TestTheCommandThatTellsTheRest(t *testing.T) {
	s := fleet()
	s.summary.Retell = "postpatch report wave1 --store ./evidence"
	want := "… 11 more: postpatch report wave1 --store ./evidence -vv\n"
	if got := toldOf(t, s, text.Options{}); !strings.Contains(got, want) {
		t.Errorf("%q is missing in\n%s", want, got)
	}
}
