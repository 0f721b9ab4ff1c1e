package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"mvdan.cc/sh/v3/syntax"
)

// ciScript is a script of a pipeline, or a command without a shell.
type ciScript struct {
	file, text string
	goesOn     bool // after a command that fails
}

// TestCICommands holds every call of postpatch in the pipelines against its commands and
// flags, and sees that no shell swallows an exit code.
func TestCICommands(t *testing.T) {
	called := map[string]int{}
	for _, s := range ciScripts(t) {
		calls, defects := checkCIScript(s.text, s.goesOn)
		for _, defect := range defects {
			t.Errorf("%s: %s in\n%s", s.file, defect, s.text)
		}
		for _, call := range calls {
			vendor := filepath.Base(filepath.Dir(s.file))
			called[vendor+" "+call[1]]++
			if err := callable(call[1:]); err != nil {
				t.Errorf("%s: %s: %v", s.file, strings.Join(call, " "), err)
			}
			for command, flags := range map[string][]string{
				"precheck": {"--plan", "--junit"},
				"capture":  {"--plan", "--junit", "--name", "--resume", "--deadline"},
				"verify":   {"--plan", "--junit", "--baseline", "--wait", "--deadline"},
				"gate":     {"--plan", "--baseline", "--after"},
			} {
				for _, flag := range flags {
					if call[1] == command && !slices.Contains(call, flag) {
						t.Errorf("%s: no %s in %s", s.file, flag, strings.Join(call, " "))
					}
				}
			}
		}
	}
	for _, vendor := range []string{"github", "gitlab", "azure", "jenkins", "ansible"} {
		for _, command := range []string{"precheck", "capture", "verify", "gate"} {
			if called[vendor+" "+command] == 0 {
				t.Errorf("%s never calls %s", vendor, command)
			}
		}
	}
}

// TestREADMEPipeline holds what the README quotes of a pipeline against the file.
func TestREADMEPipeline(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	wave, waveErr := os.ReadFile("../../examples/ci/github/wave.yml")
	if err != nil || waveErr != nil {
		t.Fatal(err, waveErr)
	}
	start, end := block(t, string(readme), "pipeline")
	quoted := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(string(readme[start:end]), "      $1")
	if !strings.Contains(string(wave), quoted) {
		t.Errorf("examples/ci/github/wave.yml has no such lines:\n%s", quoted)
	}
}

// callable says whether a command line has a command that there is, and its flags.
func callable(args []string) error {
	root := newRoot(app{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, getenv: func(string) string { return "" }})
	cmd, rest, err := root.Find(args)
	switch {
	case err != nil:
		return err
	case cmd == root:
		return fmt.Errorf("no command")
	}
	return cmd.ParseFlags(rest)
}

// checkCIScript finds a script's calls of postpatch. Each has to stand alone, where the
// shell ends with its exit code, or before || code=$? and a case that has every code but
// the named ones end the script.
func checkCIScript(text string, goesOn bool) (calls [][]string, defects []string) {
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, []string{err.Error()}
	}
	minded := map[*syntax.CallExpr]bool{}
	for i, statement := range parsed.Stmts {
		switch command := statement.Cmd.(type) {
		case *syntax.CallExpr:
			last := i == len(parsed.Stmts)-1
			minded[command] = !statement.Negated && !statement.Background && (last || !goesOn)
		case *syntax.BinaryCmd:
			call, _ := command.X.Cmd.(*syntax.CallExpr)
			minded[call] = command.Op == syntax.OrStmt && printed(command.Y) == "code=$?" &&
				i+1 < len(parsed.Stmts) && endsWithCode(parsed.Stmts[i+1])
		}
	}
	syntax.Walk(parsed, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 || call.Args[0].Lit() != "postpatch" {
			return true
		}
		var words []string
		for _, word := range call.Args {
			words = append(words, strings.Trim(printed(word), `"'`))
		}
		if len(words) == 1 {
			words = append(words, "")
		}
		calls = append(calls, words)
		if !minded[call] {
			defects = append(defects, "an exit code that nobody minds: "+strings.Join(words, " "))
		}
		return true
	})
	return calls, defects
}

func printed(node syntax.Node) string {
	var b strings.Builder
	if err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&b, node); err != nil {
		return err.Error()
	}
	return b.String()
}

// endsWithCode says whether a statement is a case over $code of which the codes that it
// does not name end the script.
func endsWithCode(statement *syntax.Stmt) bool {
	clause, ok := statement.Cmd.(*syntax.CaseClause)
	if !ok || printed(clause.Word) != "$code" {
		return false
	}
	last := clause.Items[len(clause.Items)-1]
	return printed(last.Patterns[0]) == "*" && len(last.Stmts) == 1 && printed(last.Stmts[0]) == `exit "$code"` &&
		!slices.ContainsFunc(clause.Items, func(item *syntax.CaseItem) bool {
			return slices.ContainsFunc(item.Patterns, func(p *syntax.Word) bool { return printed(p) == "2" })
		})
}

// The check of the pipelines sees what swallows an exit code.
func TestCICommandsSwallowed(t *testing.T) {
	const (
		minds = "code=0\npostpatch gate || code=$?\ncase $code in\n  0 | 3) ;;\n  *) exit \"$code\" ;;\nesac\n"
		plain = "postpatch gate\n"
	)
	for _, tt := range []struct {
		script         string
		goesOn, passes bool
	}{
		{script: minds, passes: true},
		{script: minds, goesOn: true, passes: true},
		{script: plain, passes: true},
		{script: plain, goesOn: true, passes: true},
		{script: plain + "echo done\n", passes: true},
		{script: plain + "echo done\n", goesOn: true},
		{script: "if postpatch gate; then ./patch-servers; fi\n"},
		{script: "postpatch gate || true\n"},
		{script: "postpatch gate || exit 1\n"},
		{script: "postpatch gate && ./patch-servers\n"},
		{script: "! postpatch gate\n"},
		{script: "postpatch gate &\n"},
		{script: "postpatch gate | tee log\n"},
		{script: "echo $(postpatch gate)\n"},
		{script: "code=0\npostpatch gate || code=$?\n./patch-servers\n"},
		{script: strings.Replace(minds, "*) exit", "1) exit", 1)},
		{script: strings.Replace(minds, `exit "$code"`, "true", 1)},
		{script: strings.Replace(minds, "0 | 3", "0 | 2 | 3", 1)},
		{script: "postpatch gate 'x\n"},
	} {
		if _, defects := checkCIScript(tt.script, tt.goesOn); (len(defects) == 0) != tt.passes {
			t.Errorf("passes: %t, want %t (goes on: %t)\n%s%q", !tt.passes, tt.passes, tt.goesOn, tt.script, defects)
		}
	}
	for _, words := range []string{"gates", "gate --afer pilot", "verify --wave", ""} {
		if callable(strings.Fields(words)) == nil {
			t.Errorf("%q can be called", words)
		}
	}
}

// ciScripts are the scripts of all pipelines that call postpatch.
func ciScripts(t *testing.T) []ciScript {
	t.Helper()
	var scripts []ciScript
	files, err := filepath.Glob("../../examples/ci/*/*")
	hidden, hiddenErr := filepath.Glob("../../examples/ci/*/.*.yml")
	if err != nil || hiddenErr != nil {
		t.Fatal(err, hiddenErr)
	}
	for _, file := range slices.Concat(files, hidden) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := jenkinsScripts(string(content))
		if strings.HasSuffix(file, ".yml") {
			var document yaml.Node
			if err := yaml.Unmarshal(content, &document); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			found = yamlScripts(&document)
		}
		for _, text := range found {
			scripts = append(scripts, ciScript{file: file, text: text, goesOn: strings.Contains(file, "azure")})
		}
		if want := strings.Count(stripComments(string(content)), "postpatch "); want != len(found) &&
			!strings.Contains(file, "ansible") {
			t.Errorf("%s: %d scripts call postpatch, and its text does so %d times", file, len(found), want)
		}
	}
	return scripts
}

func stripComments(text string) string {
	return regexp.MustCompile(`(?m)(#|//) .*$`).ReplaceAllString(text, "")
}

// yamlScripts are the texts of a document that call postpatch, and the lists of words.
func yamlScripts(node *yaml.Node) []string {
	var found []string
	switch {
	case node.Kind == yaml.ScalarNode && strings.Contains(node.Value, "postpatch "):
		found = append(found, node.Value)
	case node.Kind == yaml.SequenceNode && len(node.Content) > 0 && node.Content[0].Value == "postpatch":
		var words []string
		for _, word := range node.Content {
			words = append(words, "'"+word.Value+"'")
		}
		words[0] = "postpatch"
		found = append(found, strings.Join(words, " "))
	}
	for _, child := range node.Content {
		found = append(found, yamlScripts(child)...)
	}
	return found
}

// jenkinsScripts are the texts of a Jenkinsfile that call postpatch. In such quotes Groovy
// takes a backslash at the end of a line as sh does.
func jenkinsScripts(text string) []string {
	var found []string
	for _, quoted := range regexp.MustCompile(`(?s)'''(.*?)'''|'([^'\n]*)'`).FindAllStringSubmatch(text, -1) {
		if script := quoted[1] + quoted[2]; strings.Contains(script, "postpatch ") {
			found = append(found, script)
		}
	}
	return found
}
