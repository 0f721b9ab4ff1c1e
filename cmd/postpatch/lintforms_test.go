package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"postpatch/suites"
)

// A hostile file's text is one annotation each, and no command of its own.
func FuzzLintForms(f *testing.F) {
	f.Add("a.suite.yaml", "x\n::set-output name=a::b", "##vso[task.setvariable variable=PATH]x", 3)
	f.Add("a,line=1::x%0A.suite.yaml", "100% ##[add-mask]x", "###vso[a]", 0)
	f.Add("a];b\r\n##vso[x]", "\x1b]0;x\x07 \u2028::error::", "%0D%0A::stop-commands::x", 1)
	f.Add("\xff", "#\x00#vso[x]", "##\u202evso[x]", 1)
	command := regexp.MustCompile(`##\w*\[`)
	f.Fuzz(func(t *testing.T, file, msg, hint string, line int) {
		problem := suites.Problem{File: file, Line: line, Column: 1, Msg: msg, Hint: hint}
		l := linted{problems: []suites.Problem{problem, problem}}
		written := map[string]string{}
		for _, name := range []string{formText, formJSON, formGitHub, formGitLab, formAzure} {
			form, err := formOf(name)
			var b bytes.Buffer
			if err != nil || form(&b, l) != nil {
				t.Fatal(name, err)
			}
			written[name] = b.String()
			isJSON := name == formJSON || name == formGitLab // which spells such out
			if !utf8.Valid(b.Bytes()) || !isJSON && strings.ContainsAny(b.String(), "\x1b\x00\r\u202e\u2028") {
				t.Fatalf("%s: %q", name, b.String())
			}
			if name != formAzure && command.MatchString(b.String()) {
				t.Fatalf("%s has a command: %s", name, b.String())
			}
		}
		for _, name := range []string{formJSON, formGitLab} {
			if !json.Valid([]byte(written[name])) || strings.Contains(written[name], "\n::") {
				t.Fatalf("%s: %s", name, written[name])
			}
		}
		holdsOne(t, written[formGitHub], `^::error file=([^,:]*)(?:,line=\d+,col=\d+)?::(.*)$`, problem)
		holdsOne(t, written[formAzure],
			`^##vso\[task\.logissue type=error;sourcepath=([^;\]]*);(?:linenumber=\d+;columnnumber=\d+;)?\]([^;\]]*)$`, problem)
	})
}

// holdsOne wants two lines that are each the one command, and say what the problem says.
func holdsOne(t *testing.T, text, pattern string, p suites.Problem) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	parts := regexp.MustCompile(pattern).FindStringSubmatch(lines[0])
	if len(lines) != 2 || lines[0] != lines[1] || parts == nil {
		t.Fatalf("%q", text)
	}
	decode := strings.NewReplacer("%25", "%", "%AZP25", "%", "%3A", ":", "%2C", ",", "%5D", "]", "%3B", ";")
	if decode.Replace(parts[1]) != suites.Harmless(inRepository(p.File)) ||
		decode.Replace(parts[2]) != suites.Harmless(withHint(p)) || regexp.MustCompile(`##\w*\[`).MatchString(lines[0][2:]) {
		t.Fatalf("%q", lines[0])
	}
}

func TestLintJSONKeepsTheWords(t *testing.T) {
	problem := suites.Problem{File: "a##b", Line: 2, Column: 3, Msg: `"##vso[x]" <&>`, Hint: "ä"}
	var b bytes.Buffer
	if err := lintJSON(&b, linted{problems: []suites.Problem{problem}}); err != nil {
		t.Fatal(err)
	}
	var got struct{ Problems []jsonProblem }
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || len(got.Problems) != 1 ||
		got.Problems[0] != (jsonProblem{"a##b", 2, 3, `"##vso[x]" <&>`, "ä"}) {
		t.Errorf("got %+v, %v of\n%s", got, err, &b)
	}
}
