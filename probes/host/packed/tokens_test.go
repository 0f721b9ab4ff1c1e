package packed

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// kind says what a token is to PowerShell, by where it stands.
type kind string

const (
	comment  kind = "comment"
	newline  kind = "newline"
	text     kind = "text"     // a string; what "$(…)" in it holds follows as tokens of its own
	variable kind = "variable" // without its $ or @ and the braces
	typeName kind = "type"     // [text] that is no index, without its brackets
	keyword  kind = "keyword"
	command  kind = "command"
	param    kind = "param" // -Name of a command
	word     kind = "word"  // any other argument of a command, a label, a function's name
	member   kind = "member"
	number   kind = "number"
	key      kind = "key" // of a hash table
	operator kind = "operator"
	open     kind = "open"
	closing  kind = "closing"
	problem  kind = "problem" // what cannot be read
)

type token struct {
	kind   kind
	text   string
	line   int
	joined bool // nothing stands between it and the token before
}

// place is what may come next.
type place int

const (
	atStart   place = iota // of a statement
	atPipe                 // of a command after |
	atOperand              // of an operand, in an expression
	atAfter                // after an operand
	atArg                  // in the arguments of a command
	atHead                 // between a keyword and its block
)

// frame is an open bracket and where it leads back to.
type frame struct {
	closer byte
	back   place
	hash   bool
	line   int
}

// tokenizer cuts a script as Windows PowerShell does, as far as the rules need it.
type tokenizer struct {
	src    string
	pos    int
	line   int
	end    int // of the token before
	place  place
	key    bool // a key of a hash table may come
	frames []frame
	tokens []token
}

func tokenize(src string) []token { return tokenizeFrom(src, 1) }

func tokenizeFrom(src string, line int) []token {
	z := &tokenizer{src: src, line: line, end: -1}
	for z.pos < len(z.src) {
		z.next()
	}
	for _, f := range z.frames {
		z.tokens = append(z.tokens, token{kind: problem, text: "no " + string(f.closer) + " for this bracket", line: f.line})
	}
	return z.tokens
}

// emit takes n bytes as a token; name is its text.
func (z *tokenizer) emit(k kind, n int, name string) {
	z.tokens = append(z.tokens, token{kind: k, text: name, line: z.line, joined: z.pos == z.end})
	z.line += strings.Count(z.src[z.pos:z.pos+n], "\n")
	z.pos += n
	z.end = z.pos
}

func (z *tokenizer) rest() string { return z.src[z.pos:] }

func (z *tokenizer) is(prefix string) bool { return strings.HasPrefix(z.rest(), prefix) }

// last is the token before, comments aside.
func (z *tokenizer) last() token {
	for _, t := range slices.Backward(z.tokens) {
		if t.kind != comment {
			return t
		}
	}
	return token{kind: newline}
}

func (z *tokenizer) next() {
	c := z.src[z.pos]
	switch {
	case c == ' ' || c == '\t' || c == '\r':
		z.pos++
	case c == '`' && regexp.MustCompile("^`[ \t\r]*\n").MatchString(z.rest()):
		n := strings.IndexByte(z.rest(), '\n') + 1
		if n > 2 && z.rest()[:n] != "`\r\n" {
			z.emit(problem, 1, "a backtick before blanks continues no line")
			n--
		}
		z.pos, z.line = z.pos+n, z.line+1
	case c == '\n':
		z.newline()
	case z.is("<#"):
		z.until(comment, "#>", 2)
	case c == '#':
		n := strings.IndexByte(z.rest()+"\n", '\n')
		z.emit(comment, n, strings.TrimRight(z.rest()[:n], "\r"))
	case c == '\'' || c == '"' || z.is("@'") || z.is(`@"`):
		z.quoted()
	case c == '$' || c == '@':
		z.dollar(c)
	case strings.IndexByte("({[)}]", c) >= 0:
		z.bracket(c)
	default:
		z.mark(c)
	}
}

func (z *tokenizer) newline() {
	last := z.last()
	z.emit(newline, 1, "")
	switch {
	case z.place == atOperand || z.place == atPipe:
	case z.place == atArg && last.kind == operator && last.text == ",":
	case z.place == atHead && strings.HasPrefix(strings.TrimLeft(z.rest(), " \t\r\n"), "{"):
	default:
		z.place = atStart
		z.key = len(z.frames) > 0 && z.frames[len(z.frames)-1].hash
	}
}

// until takes everything to an end mark, or all that is left as a problem.
func (z *tokenizer) until(k kind, mark string, from int) bool {
	n := strings.Index(z.rest()[from:], mark)
	if n < 0 {
		z.emit(problem, len(z.rest()), "no "+mark+" to the end")
		return false
	}
	n += from + len(mark)
	z.emit(k, n, z.rest()[:n])
	return true
}

// quoted takes a string of any of the four kinds, and reads what a string in
// double quotes computes.
func (z *tokenizer) quoted() {
	line, begun := z.line, z.pos
	switch here := z.is("@"); {
	case here:
		if !regexp.MustCompile(`^@['"][ \t\r]*\n`).MatchString(z.rest()) {
			z.emit(problem, 2, "a here-string begins on the next line")
			return
		}
		if !z.until(text, "\n"+z.src[z.pos+1:z.pos+2]+"@", 2) {
			return
		}
	default:
		n := endOfQuoted(z.rest())
		if n < 0 {
			z.emit(problem, len(z.rest()), "no end of this string")
			return
		}
		z.emit(text, n, z.rest()[:n])
	}
	if whole := z.src[begun:z.pos]; strings.TrimPrefix(whole, "@")[0] == '"' {
		z.expand(whole, line)
	}
	z.operand()
}

// endOfQuoted is the length of the string that begins here, or -1.
func endOfQuoted(s string) int {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case quote == '"' && s[i] == '`':
			i++
		case quote == '"' && strings.HasPrefix(s[i:], "$("):
			n := endOfBracket(s[i+1:])
			if n < 0 {
				return -1
			}
			i += n
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return -1
}

// endOfBracket is the length of what stands in the brackets that begin here,
// with them, or -1.
func endOfBracket(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '`':
			i++
		case '\'', '"':
			n := endOfQuoted(s[i:])
			if n < 0 {
				return -1
			}
			i += n - 1
		}
	}
	return -1
}

// expand reads the variables and subexpressions of a string.
func (z *tokenizer) expand(s string, line int) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\n':
			line++
		case s[i] == '`':
			i++
		case strings.HasPrefix(s[i:], "$("):
			n := endOfBracket(s[i+1:])
			if n < 0 {
				return
			}
			inner := s[i+2 : i+n]
			z.tokens = append(z.tokens, token{kind: open, text: "$(", line: line, joined: true})
			z.tokens = append(z.tokens, tokenizeFrom(inner, line)...)
			z.tokens = append(z.tokens, token{kind: closing, text: ")", line: line})
			line += strings.Count(inner, "\n")
			i += n
		case s[i] == '$':
			if n, name := variableAt(s[i:]); n > 0 {
				z.tokens = append(z.tokens, token{kind: variable, text: name, line: line, joined: true})
				i += n - 1
			}
		}
	}
}

// variableAt is the variable that begins here: its length and name.
func variableAt(s string) (n int, name string) {
	found := regexp.MustCompile(`^[$@](?:\{([^}]*)\}|((?:\w+:(?:\w))?\w*)|([$?^]))`).FindStringSubmatch(s)
	if found == nil {
		return 0, ""
	}
	name = found[1] + found[2] + found[3]
	if name == "" {
		if len(s) > 1 && strings.IndexByte("$?^", s[1]) >= 0 {
			return 2, s[1:2]
		}
		return 0, ""
	}
	return len(found[0]), name
}

func (z *tokenizer) dollar(c byte) {
	for _, opener := range []string{"$(", "@(", "@{"} {
		if z.is(opener) {
			z.push(opener)
			return
		}
	}
	if n, name := variableAt(z.rest()); n > 0 {
		z.emit(variable, n, name)
		z.operand()
		return
	}
	z.emit(problem, 1, "a lone "+string(c))
}

// operand moves on after an operand.
func (z *tokenizer) operand() {
	if z.place != atArg && z.place != atHead {
		z.place = atAfter
	}
}

func (z *tokenizer) push(opener string) {
	closer := map[byte]byte{'(': ')', '{': '}', '[': ']'}[opener[len(opener)-1]]
	back := z.place
	if back != atArg && back != atHead {
		back = atAfter
	}
	f := frame{closer: closer, back: back, hash: opener == "@{", line: z.line}
	block := opener == "{" && (z.place == atHead || z.place == atAfter && z.last().kind != member)
	if block {
		f.back = atStart
	}
	z.frames = append(z.frames, f)
	z.emit(open, len(opener), opener)
	z.place, z.key = atStart, f.hash
}

func (z *tokenizer) bracket(c byte) {
	index := z.place == atAfter && z.last().kind != typeName || z.place == atArg && z.pos == z.end && isOperand(z.last())
	switch {
	case c == '[' && z.place == atArg && !index:
		z.argument(c)
	case c == '[' && !index:
		n := endOfBracket(z.rest())
		if n < 0 {
			z.emit(problem, 1, "no ] for this bracket")
			return
		}
		z.emit(typeName, n, z.rest()[1:n-1])
		if z.place != atHead {
			z.place = atAfter // or before an operand, if this is a cast: what follows tells
		}
	case c == '[':
		z.push("[")
		z.place = atOperand
	case c == '(' || c == '{':
		z.push(string(c))
	default:
		z.pop(c)
	}
}

func isOperand(t token) bool {
	return slices.Contains([]kind{variable, text, closing, member, typeName}, t.kind)
}

func (z *tokenizer) pop(c byte) {
	if len(z.frames) == 0 || z.frames[len(z.frames)-1].closer != c {
		z.emit(problem, 1, "nothing to close with "+string(c))
		return
	}
	f := z.frames[len(z.frames)-1]
	z.frames = z.frames[:len(z.frames)-1]
	z.emit(closing, 1, string(c))
	z.place, z.key = f.back, false
}

func (z *tokenizer) mark(c byte) {
	switch {
	case c == ';':
		z.emit(operator, 1, ";")
		z.place = atStart
		z.key = len(z.frames) > 0 && z.frames[len(z.frames)-1].hash
	case z.is("&&") || z.is("||"):
		z.emit(operator, 2, z.rest()[:2])
		z.place = atPipe
	case c == '|':
		z.emit(operator, 1, "|")
		z.place = atPipe
	case c == ',':
		z.emit(operator, 1, ",")
		if z.place != atArg && z.place != atHead {
			z.place = atOperand
		}
	case c == '&':
		if z.place == atStart || z.place == atPipe {
			z.emit(command, 1, "&")
			z.callee()
			return
		}
		z.emit(operator, 1, "&")
	case z.place == atArg || z.place == atHead:
		z.argument(c)
	case z.place == atStart || z.place == atPipe:
		z.statement()
	default:
		z.expression()
	}
}

// callee reads what & or . calls by its bare name.
func (z *tokenizer) callee() {
	z.place = atArg
	if found := regexp.MustCompile(`^[ \t]*([A-Za-z%?][^\s;|&(){},'"$]*)`).FindStringSubmatch(z.rest()); found != nil {
		z.pos += len(found[0]) - len(found[1])
		z.emit(command, len(found[1]), found[1])
	}
}

// keywords are those of Windows PowerShell 5.1, and clean, which is newer.
const keywords = ` begin break catch class clean configuration continue data default do dynamicparam else elseif end
 enum exit filter finally for foreach function if in inlinescript parallel param process return sequence switch
 throw trap try until using while workflow `

func isKeyword(name string) bool {
	return slices.Contains(strings.Fields(keywords), strings.ToLower(name))
}

func (z *tokenizer) statement() {
	name := regexp.MustCompile(`^[A-Za-z_%?\\/][^\s;|&(){},'"$=]*`).FindString(z.rest())
	if regexp.MustCompile(`^\.[ \t]`).MatchString(z.rest()) {
		z.emit(command, 1, ".")
		z.callee()
		return
	}
	switch {
	case name == "":
		z.expression()
	case z.key && z.place == atStart:
		z.emit(key, len(name), name)
		z.place = atAfter
	case z.place == atStart && isKeyword(name):
		z.emit(keyword, len(name), strings.ToLower(name))
		z.place = atHead
		if slices.Contains([]string{"return", "throw", "exit"}, strings.ToLower(name)) {
			z.place = atStart
		}
	default:
		z.emit(command, len(name), name)
		z.place = atArg
	}
}

// argument reads a bare word, a parameter or a member of what stands before.
func (z *tokenizer) argument(c byte) {
	joined := z.pos == z.end && isOperand(z.last())
	if found := regexp.MustCompile(`^(\.|::)(\w+)`).FindStringSubmatch(z.rest()); found != nil && joined {
		z.emit(operator, len(found[1]), found[1])
		z.emit(member, len(found[2]), found[2])
		return
	}
	if z.place == atHead && c == '=' { // param([int]$a = 1)
		z.emit(operator, 1, "=")
		return
	}
	if name := regexp.MustCompile(`^-[A-Za-z_?]\w*:?`).FindString(z.rest()); name != "" {
		z.emit(param, len(name), strings.TrimSuffix(name, ":"))
		return
	}
	if z.is("2>&1") { // an error among the output
		z.emit(operator, len("2>&1"), "2>&1")
		return
	}
	name := regexp.MustCompile("^(?:`.|[^\\s;|&(){},'\"$`])+").FindString(z.rest())
	if name == "" {
		z.emit(problem, 1, "a lone "+string(c))
		return
	}
	if z.place == atHead && strings.EqualFold(name, "in") {
		z.emit(keyword, len(name), "in")
		return
	}
	z.emit(word, len(name), name)
}

func (z *tokenizer) expression() {
	patterns := []struct {
		kind    kind
		pattern string
		then    place
	}{
		{operator, `^(\+\+|--)`, z.place},
		{operator, `^(\?\?=|[-+*/%]?=)`, atStart},
		{operator, `^-[A-Za-z]+`, atOperand},
		{number, `^(0[xX][0-9A-Fa-f]+|(\d+(\.\d+)?|\.\d+)([eE][-+]?\d+)?)[dDlL]?([kKmMgGtTpP][bB])?`, atAfter},
		{operator, `^(\.\.|\?\?|\?\.|\?\[|::)`, atOperand},
		{operator, `^[-+*/%!.?:<>]`, atOperand},
	}
	for _, p := range patterns {
		found := regexp.MustCompile(p.pattern).FindString(z.rest())
		if found == "" {
			continue
		}
		if p.kind == number && z.place == atAfter && found[0] == '.' {
			continue
		}
		if found == "?[" { // the bracket opens a frame of its own
			found = "?"
		}
		z.emit(p.kind, len(found), found)
		z.place = p.then
		if found == "=" {
			z.key = false
		}
		z.memberName(found)
		return
	}
	if name := regexp.MustCompile(`^\w+`).FindString(z.rest()); strings.EqualFold(name, "in") {
		z.emit(keyword, len(name), "in")
		z.place = atStart
		return
	}
	found := regexp.MustCompile(`^(\w+|[^\w])`).FindString(z.rest())
	z.emit(problem, len(found), "unexpected "+found)
}

// memberName reads the name after . and ::, which may be a keyword.
func (z *tokenizer) memberName(dot string) {
	if dot != "." && dot != "::" && dot != "?." {
		return
	}
	if name := regexp.MustCompile(`^\w+`).FindString(z.rest()); name != "" {
		z.emit(member, len(name), name)
		z.place = atAfter
	}
}

// told writes tokens as one text.
func told(tokens []token) string {
	var parts []string
	for _, t := range tokens {
		if t.kind == newline {
			parts = append(parts, "/")
			continue
		}
		parts = append(parts, string(t.kind)+":"+t.text)
	}
	return strings.Join(parts, " ")
}

func TestTokenize(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{`$a = 'Get-X ? $b'`, `variable:a operator:= text:'Get-X ? $b'`},
		{"$a = @'\niex \"\n'@", "variable:a operator:= text:@'\niex \"\n'@"},
		{`Get-X -Y:$b z # iex`, `command:Get-X param:-Y variable:b word:z comment:# iex`},
		{`"a$(Get-X "b")$c"`, `text:"a$(Get-X "b")$c" open:$( command:Get-X text:"b" closing:) variable:c`},
		{`$a | % { $_ }`, `variable:a operator:| command:% open:{ variable:_ closing:}`},
		{`$a % 2`, `variable:a operator:% number:2`},
		{"if ($a) { b }\nelse { c }", "keyword:if open:( variable:a closing:) open:{ command:b closing:} / " +
			"keyword:else open:{ command:c closing:}"},
		{`@{ if = get; 'b' = Get-X }`, `open:@{ key:if operator:= command:get operator:; text:'b' operator:= ` +
			`command:Get-X closing:}`},
		{`foreach ($a in $b) { $a }`, `keyword:foreach open:( variable:a keyword:in variable:b closing:) open:{ ` +
			`variable:a closing:}`},
		{`[int]$a[0].foreach`, `type:int variable:a open:[ number:0 closing:] operator:. member:foreach`},
		{`[X]::new()`, `type:X operator::: member:new open:( closing:)`},
		{`Get-X $a.b[1] [c]`, `command:Get-X variable:a operator:. member:b open:[ number:1 closing:] word:[c]`},
		{`$a?.b`, `variable:a operator:?. member:b`},
		{`$a -eq -1`, `variable:a operator:-eq operator:- number:1`},
		{`try { a } catch [X] { b }`, `keyword:try open:{ command:a closing:} keyword:catch type:X open:{ ` +
			`command:b closing:}`},
		{`& $a 'b'`, `command:& variable:a text:'b'`},
		{"$a |\n  Get-X", `variable:a operator:| / command:Get-X`},
		{"Get-X `\n  -Y", `command:Get-X param:-Y`},
		{`$env:windir + ${a b}`, `variable:env:windir operator:+ variable:a b`},
		{`"it""s" + 'it''s'`, `text:"it""s" operator:+ text:'it''s'`},
		{`)`, `problem:nothing to close with )`},
		{`if ($a) { 'b`, `keyword:if open:( variable:a closing:) open:{ problem:no end of this string ` +
			`problem:no } for this bracket`},
	} {
		if d := cmp.Diff(c.want, told(tokenize(c.script))); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.script, d)
		}
	}
}
