package packed

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

// A collector is at most so long, and all of them together with a question each
// leave half of what a host takes to the questions.
const (
	maxScript   = 8_000
	maxTogether = maxParts * partSize / 2
)

// TestScriptsKeepToTheLanguage holds every script to what Windows PowerShell 5.1
// knows and to what a script may do on a host, with PowerShell 3's syntax.
func TestScriptsKeepToTheLanguage(t *testing.T) {
	names := scriptNames(t)
	if !slices.Contains(names, "collect/registry.ps1") || !slices.Contains(names, "runner.ps1") {
		t.Fatalf("found only %q", names)
	}
	for _, name := range names {
		source, err := scripts.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, offence := range offences(name, string(source)) {
			t.Error(offence)
		}
	}
}

func scriptNames(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(scripts, ".", func(path string, entry fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".ps1") {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestStrippingKeepsTheMeaning: what is sent is the script, without comments.
func TestStrippingKeepsTheMeaning(t *testing.T) {
	for _, name := range scriptNames(t) {
		source, err := scripts.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(meaning(string(source)), meaning(script(name))); d != "" {
			t.Errorf("%s (-written +sent):\n%s", name, d)
		}
	}
}

// meaning lists the tokens of a script, its comments and blank lines aside.
func meaning(source string) []string {
	var found []string
	for _, t := range tokenize(source) {
		if t.kind == comment || t.kind == newline && (len(found) == 0 || found[len(found)-1] == "newline ") {
			continue
		}
		found = append(found, string(t.kind)+" "+t.text)
	}
	if len(found) > 0 && found[len(found)-1] == "newline " {
		found = found[:len(found)-1]
	}
	return found
}

// TestScriptsFit: no script is long, and all collectors fit into one payload
// with room for the questions.
func TestScriptsFit(t *testing.T) {
	var questions []host.Question
	for _, name := range scriptNames(t) {
		if n := len(script(name)); n > maxScript {
			t.Errorf("%s: %d characters are sent, over %d", name, n, maxScript)
		}
		if collector, ok := strings.CutPrefix(name, "collect/"); ok {
			args := map[string][]string{"of": {`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion`, "Some name"}}
			questions = append(questions, host.Collector{Name: strings.TrimSuffix(collector, ".ps1"), Args: args})
		}
	}
	env, _, err := Pack(questions)
	if err != nil {
		t.Fatal(err)
	}
	together := 0
	for name, part := range env {
		if name != idVariable {
			together += len(part)
		}
	}
	t.Logf("%d collectors and the runner make %d characters of %d", len(questions), together, maxParts*partSize)
	if together > maxTogether {
		t.Errorf("all collectors make %d characters, over %d", together, maxTogether)
	}
}

// offences lists what a script does against the rules, as "name:line: what".
func offences(name, source string) []string {
	l := &linter{name: name, runs: !strings.HasPrefix(name, "collect/"), tokens: significant(tokenize(source))}
	l.own = len(l.tokens)
	if !l.runs {
		l.tokens = append(l.tokens, shared()...)
	}
	l.functions = l.defined()
	for i := range l.own {
		for _, rule := range append(rules(), traps()...) {
			rule(l, i)
		}
	}
	l.variables()
	if !l.runs && !strings.HasPrefix(told(l.tokens), "keyword:param open:( variable:Arguments closing:)") {
		l.add(1, "a collector begins with param($Arguments)")
	}
	return l.found
}

// shared are the functions of the runner that collectors may call.
func shared() []token {
	l := &linter{tokens: significant(tokenize(script("runner.ps1")))}
	found := []token{{kind: newline}}
	for _, name := range []string{"Get-Cause", "Read-Part", "Read-Within", "Wait-Shell"} {
		for i, t := range l.tokens {
			if t.kind == keyword && t.text == "function" && l.at(i+1).text == name {
				_, end := l.body(name)
				found = append(append(found, l.tokens[i:end+1]...), token{kind: newline})
			}
		}
	}
	return found
}

// significant leaves out comments that are of no interest to the rules.
func significant(tokens []token) []token {
	var kept []token
	for _, t := range tokens {
		if t.kind == comment && !strings.HasPrefix(t.text, "<#") && !strings.HasPrefix(strings.ToLower(t.text), "#requires") {
			continue
		}
		if t.kind == newline && (len(kept) == 0 || kept[len(kept)-1].kind == newline) {
			continue
		}
		kept = append(kept, t)
	}
	return kept
}

// linter looks at one script.
type linter struct {
	name      string
	runs      bool    // boot and runner may run code that they have in a string
	tokens    []token // its own ones, and those of the functions that it may call
	own       int
	functions map[string][]parameter
	found     []string
}

func (l *linter) add(line int, format string, args ...any) {
	l.found = append(l.found, fmt.Sprintf("%s:%d: ", l.name, line)+fmt.Sprintf(format, args...))
}

// at is the token at a place, or none.
func (l *linter) at(i int) token {
	if i < 0 || i >= len(l.tokens) {
		return token{kind: newline}
	}
	return l.tokens[i]
}

// match is the place of the bracket that closes the one at i.
func (l *linter) match(i int) int {
	depth := 0
	for j := i; j < len(l.tokens); j++ {
		switch l.tokens[j].kind {
		case open:
			depth++
		case closing:
			if depth--; depth <= 0 {
				return j
			}
		}
	}
	return len(l.tokens) - 1
}

// inside tells whether a token between two places says something, in any case.
func (l *linter) inside(from, to int, say string) bool {
	for _, t := range l.tokens[from:to] {
		if strings.Contains(strings.ToLower(t.text), say) {
			return true
		}
	}
	return false
}

// defined are the functions that the script may call: its own one hides another.
func (l *linter) defined() map[string][]parameter {
	found := map[string][]parameter{}
	for i, t := range l.tokens {
		if t.kind != keyword || t.text != "function" && t.text != "filter" {
			continue
		}
		if name := strings.ToLower(l.at(i + 1).text); i < l.own || found[name] == nil {
			found[name] = l.declared(i)
		}
	}
	return found
}

func rules() []func(*linter, int) {
	return []func(*linter, int){
		unreadable, sentAsWritten, ascii, newOperators, newKeywords, blocks,
		commands, parameters, members, types, formats, leaving,
	}
}

func unreadable(l *linter, i int) {
	if t := l.tokens[i]; t.kind == problem {
		l.add(t.line, "%s", t.text)
	}
}

// sentAsWritten: what is sent has no indents and no lines that begin with #.
func sentAsWritten(l *linter, i int) {
	switch t := l.tokens[i]; {
	case t.kind == comment && strings.HasPrefix(t.text, "<#"):
		l.add(t.line, "a comment in <# #> would be sent, in part")
	case t.kind == comment:
		l.add(t.line, "%s is not sent", t.text)
	case t.kind == text && strings.Contains(t.text, "\n"):
		l.add(t.line, "a string of many lines is sent without its indents and its lines of #")
	}
}

// ascii: PowerShell takes typographic quotes and dashes for plain ones.
func ascii(l *linter, i int) {
	t := l.tokens[i]
	if strings.ContainsFunc(t.text, func(r rune) bool { return r > '~' }) {
		l.add(t.line, "%s %q is not ASCII", t.kind, t.text)
	}
}

func newOperators(l *linter, i int) {
	t := l.tokens[i]
	if t.kind != operator {
		return
	}
	switch before := l.at(i - 1); {
	case strings.HasPrefix(t.text, "?"):
		l.add(t.line, "%s is PowerShell 7", t.text)
	case t.text == "&&" || t.text == "||":
		l.add(t.line, "%s is PowerShell 7", t.text)
	case t.text == "&":
		l.add(t.line, "a & behind a command is PowerShell 6")
	case t.text == "|" && before.kind == newline:
		l.add(t.line, "a line that begins with | is PowerShell 7")
	}
}

func newKeywords(l *linter, i int) {
	t := l.tokens[i]
	if t.kind != keyword {
		return
	}
	switch t.text {
	case "clean":
		l.add(t.line, "clean is PowerShell 7.3")
	case "using", "class", "enum", "configuration":
		l.add(t.line, "%s is PowerShell 5", t.text)
	case "workflow", "parallel", "sequence", "inlinescript":
		l.add(t.line, "%s is a workflow's", t.text)
	case "trap":
		l.add(t.line, "trap: use try")
	}
}

// blocks: try has a catch or finally, and these and else have something before.
func blocks(l *linter, i int) {
	t := l.tokens[i]
	if t.kind != keyword {
		return
	}
	before := i - 1
	for l.at(before).kind == newline && before > 0 {
		before--
	}
	switch t.text {
	case "try":
		end := l.match(i + 1)
		for l.at(end+1).kind == newline && end+1 < len(l.tokens) {
			end++
		}
		if next := l.at(end + 1); next.kind != keyword || next.text != "catch" && next.text != "finally" {
			l.add(t.line, "try without catch or finally")
		}
	case "function", "filter":
		if l.at(i+1).kind != word {
			l.add(t.line, "%s without a name", t.text)
		}
	case "else", "elseif", "catch", "finally":
		if l.at(before).text != "}" {
			l.add(t.line, "%s without what belongs before it", t.text)
		}
	}
}

func commands(l *linter, i int) {
	t := l.tokens[i]
	if _, own := l.functions[strings.ToLower(t.text)]; t.kind != command || own {
		return
	}
	if t.text == "&" || t.text == "." {
		l.call(i)
		return
	}
	for name := range cmdlets() {
		if name == t.text {
			return
		}
		if strings.EqualFold(name, t.text) {
			l.add(t.line, "%s is written %s", t.text, name)
			return
		}
	}
	l.add(t.line, "%s %s", t.text, refusal(t.text))
}

// call allows & on a script block or on a variable that may be one.
func (l *linter) call(i int) {
	t, next := l.tokens[i], l.at(i+1)
	switch {
	case t.text == ".":
		l.add(t.line, "a script is not run in the caller's scope")
	case next.kind == text:
		l.add(t.line, "& runs a program or what a text says")
	}
}

// refusal says why a command is none that scripts may use.
func refusal(name string) string {
	verb, _, isCmdlet := strings.Cut(strings.ToLower(name), "-")
	aliases := strings.Fields(`% ? h r ac cat cd chdir clc clear clp cls copy cp cpi cvpa del diff dir echo epal epcsv
		erase fc fl foreach ft fw gal gc gci gcm gdr gi gjb gl gm gmo gp gps group gsv gu gv gwmi history icm iex ii ipal
		ipcsv ipmo irm ise iwmi iwr kill ls man md measure mi mount move mp mv nal ndr ni nmo nv ogv popd ps pushd pwd ren
		rd ri rm rmdir rnp rp rv rwmi saps sc select set shcm si sl sleep sls sort sp spps start sv swmi tee type where
		write`)
	changes := strings.Fields(`add approve backup block checkpoint clear close copy disable disconnect dismount edit enable
		enter exit expand export grant hide initialize install limit lock merge mount move new open optimize pop protect
		publish push redo register remove rename repair request reset resize restart restore resume revoke save send set
		show start stop submit suspend switch sync undo uninstall unlock unprotect unregister update use wait`)
	switch plain := strings.ToLower(name); {
	case slices.Contains(aliases, plain):
		return "is an alias"
	case plain == "invoke-expression":
		return "runs a text as code"
	case strings.Contains(plain, "wmi"):
		return "is not in PowerShell 6 and later: use Get-CimInstance"
	case plain == "get-eventlog":
		return "reads few logs and slowly: use Get-WinEvent"
	case plain == "write-host" || verb == "out" || plain == "read-host":
		return "disturbs the line of answers, or waits for a person"
	case verb == "format":
		return "makes text for people, in their language"
	case verb == "invoke":
		return "does what the script does not say"
	case isCmdlet && slices.Contains(changes, verb):
		return "changes the host"
	case !isCmdlet:
		return "is a program or an alias"
	default:
		return "is not among the cmdlets of cmdlets_test.go: look up which Windows has it"
	}
}

// parameters are those of the table, by their whole names, and of Add-Type one that
// loads what Windows has and compiles nothing.
func parameters(l *linter, i int) {
	t := l.tokens[i]
	if t.text == "Add-Type" && t.kind == command && l.at(i+1).kind != param {
		l.add(t.line, "Add-Type compiles code")
	}
	of, known := cmdlets()[l.owner(i)]
	if t.kind != param || !known || slices.Contains(of.params, strings.TrimPrefix(t.text, "-")) {
		return
	}
	l.add(t.line, "%s is not among the parameters of %s in cmdlets_test.go", t.text, l.owner(i))
}

// owner is the command that the parameter at i belongs to.
func (l *linter) owner(i int) string {
	depth := 0
	for j := i - 1; j >= 0 && depth >= 0; j-- {
		switch t := l.tokens[j]; t.kind {
		case closing:
			depth++
		case open:
			depth--
		case command:
			if depth == 0 {
				return t.text
			}
		}
	}
	return ""
}

// members are those that .NET Framework 4.5 or PowerShell 3 do not have, and those
// whose answer depends on the host's language.
func members(l *linter, i int) {
	t := l.tokens[i]
	if t.kind != member {
		return
	}
	call := l.at(i+1).text == "(" && l.at(i+1).joined
	end := l.match(i + 1)
	isStatic, plain := l.at(i-1).text == "::", strings.ToLower(t.text)
	switch {
	case isStatic && plain == "new":
		l.add(t.line, "::new() is PowerShell 5: use New-Object")
	case (plain == "foreach" || plain == "where") && (call || l.at(i+1).text == "{"):
		l.add(t.line, ".%s() is PowerShell 4", t.text)
	case regexp.MustCompile(`unixtime|unixepoch|^tohexstring$|^fromhexstring$`).MatchString(plain):
		l.add(t.line, "%s is newer than .NET Framework 4.5", t.text)
	case plain == "invokescript" || plain == "newscriptblock" || plain == "expandstring":
		l.add(t.line, "%s runs a text as code", t.text)
	case isStatic && plain == "create" && strings.HasSuffix(strings.ToLower(l.at(i-2).text), "scriptblock") && !l.runs:
		l.add(t.line, "[ScriptBlock]::Create runs a text as code")
	case isStatic && strings.EqualFold(l.at(i-2).text, "console") && !l.runs:
		l.add(t.line, "[Console] disturbs the line of answers")
	case call && plain == "tostring" && l.at(i-2).text != "BitConverter" && !l.inside(i, end, "invariant"):
		l.add(t.line, "ToString without $invariant depends on the host's language: use [string]")
	case plain == "tolower" || plain == "toupper":
		l.add(t.line, "%s depends on the host's language: use %sInvariant", t.text, t.text)
	case regexp.MustCompile(`^to(short|long)(date|time)string$`).MatchString(plain):
		l.add(t.line, "%s depends on the host's language", t.text)
	case call && isStatic && strings.Contains(plain, "parse") && !l.inside(i, end, "invariant") &&
		regexp.MustCompile(`(?i)(datetime|datetimeoffset|double|single|decimal)$`).MatchString(l.at(i-2).text):
		l.add(t.line, "%s without InvariantCulture depends on the host's language", t.text)
	}
}

// types: names that PowerShell 3 knows, of what it has loaded or the script loads.
func types(l *linter, i int) {
	t := l.tokens[i]
	created := t.kind == word && l.at(i-1).text == "New-Object" || l.at(i-1).text == "-TypeName"
	if t.kind != typeName && !created {
		return
	}
	loaded := regexp.MustCompile(`(?i)^(system\.)?(serviceprocess|messaging|net\.http|web|directoryservices\.(protocols|` +
		`accountmanagement)|security\.cryptography\.(pkcs|protecteddata))\.`)
	if loaded.MatchString(t.text) && !slices.ContainsFunc(l.tokens, func(t token) bool { return t.text == "Add-Type" }) {
		l.add(t.line, "%s is not loaded until Add-Type -AssemblyName has loaded it", t.text)
	}
	newer := strings.Fields(`argumentcompleter cimclass cimconverter cimsession cimtype initialsessionstate ipendpoint
		objectsecurity physicaladdress psaliasproperty psnoteproperty psscriptmethod psscriptproperty psvariable
		psvariableproperty wildcardpattern x500distinguishedname x509certificate`)
	switch name := strings.ToLower(t.text); {
	case slices.Contains(newer, name):
		l.add(t.line, "[%s] is a name that PowerShell 5 has given: write the namespace", t.text)
	case name == "wmi" || name == "wmiclass" || name == "wmisearcher":
		l.add(t.line, "[%s] is not in PowerShell 6 and later: use CIM", t.text)
	case name == "reflection.assembly" || name == "system.reflection.assembly":
		l.add(t.line, "[%s] loads code", t.text)
	}
}

// formats: -f writes numbers and dates in the host's language, but for hexadecimal
// and whole numbers.
func formats(l *linter, i int) {
	t := l.tokens[i]
	if t.kind != text || !strings.EqualFold(l.at(i+1).text, "-f") {
		return
	}
	if bad := regexp.MustCompile(`\{\d+(,-?\d+)?:[^xXdD}][^}]*\}`).FindString(t.text); bad != "" {
		l.add(t.line, "%s with -f depends on the host's language", bad)
	}
}

// leaving: exit would end the process before the answers are written.
func leaving(l *linter, i int) {
	if t := l.tokens[i]; t.kind == keyword && t.text == "exit" && !l.runs {
		l.add(t.line, "exit ends the runner before it has answered")
	}
}

// variables: strict mode ends a script that reads a variable before it is set.
func (l *linter) variables() {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(`_ args error false input matches null psitem psversiontable this true ?`) {
		set[name] = true
	}
	for i, t := range l.tokens[:l.own] {
		switch {
		case t.kind == variable && l.sets(i):
			set[plainName(t.text)] = true
		case t.kind == param && regexp.MustCompile(`(?i)^-\w*variable$`).MatchString(t.text):
			set[plainName(strings.Trim(l.at(i+1).text, `'"+`))] = true
		case t.kind == open && (l.at(i-1).text == "param" || l.at(i-2).text == "function"):
			for j, p := range l.tokens[i:l.match(i)] {
				if p.kind == variable && l.at(i+j-1).text != "=" {
					set[plainName(p.text)] = true
				}
			}
		}
	}
	for _, t := range l.tokens[:l.own] {
		scope, _, scoped := strings.Cut(strings.ToLower(t.text), ":")
		switch {
		case t.kind != variable || scope == "env":
		case scoped && !slices.Contains([]string{"script", "local", "global", "private"}, scope):
			l.add(t.line, "$%s reads the drive %s: write ${%s}", t.text, scope, scope)
		case scope == "global":
			l.add(t.line, "$%s outlives the script", t.text)
		case !set[plainName(t.text)]:
			l.add(t.line, "$%s is never set", t.text)
		}
	}
}

// sets tells whether the variable at i is given a value there.
func (l *linter) sets(i int) bool {
	if before := l.at(i - 1); before.kind == typeName && strings.EqualFold(before.text, "ref") {
		return true
	}
	next := l.at(i + 1)
	for next.text == "," && l.at(i+2).kind == variable {
		i += 2
		next = l.at(i + 1)
	}
	return next.kind == operator && next.text == "=" || next.kind == keyword && next.text == "in"
}

func plainName(name string) string {
	name = strings.ToLower(name)
	if _, after, scoped := strings.Cut(name, ":"); scoped {
		return after
	}
	return name
}
