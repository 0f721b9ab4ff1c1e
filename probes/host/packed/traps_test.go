package packed

import (
	"slices"
	"strings"
)

// Traps are what PowerShell takes without a word, and means something else by than
// most readers do.

// traps are the rules about them.
func traps() []func(*linter, int) {
	return []func(*linter, int){ownCalls, shadowed, nullOnTheRight, assignedCondition, leaks}
}

// parameter is one of a function of the script.
type parameter struct {
	name     string
	optional bool
}

// declared reads the parameters of the function whose keyword is at i.
func (l *linter) declared(i int) []parameter {
	from := i + 2
	if l.at(from).text != "(" {
		for from < len(l.tokens) && l.at(from).text != "{" {
			from++
		}
		for from++; l.at(from).kind == newline && from < len(l.tokens); {
			from++
		}
		if from++; l.at(from-1).text != "param" {
			return nil
		}
	}
	var found []parameter
	depth := 0
	for j := from + 1; j < l.match(from); j++ {
		switch t := l.tokens[j]; {
		case t.kind == open:
			depth++
		case t.kind == closing:
			depth--
		case t.kind == variable && depth == 0 && l.at(j-1).text != "=":
			optional := l.at(j+1).text == "=" || strings.EqualFold(l.at(j-1).text, "switch")
			found = append(found, parameter{name: t.text, optional: optional})
		}
	}
	return found
}

// ownCalls: a function takes too many arguments without a word, and too few, and
// an argument list in brackets as one argument.
func ownCalls(l *linter, i int) {
	t := l.tokens[i]
	takes, own := l.functions[strings.ToLower(t.text)]
	if t.kind != command || !own {
		return
	}
	if next := l.at(i + 1); next.text == "(" && next.joined {
		l.add(t.line, "%s(…) passes one argument, which is a list", t.text)
		return
	}
	if l.at(i-1).text == "|" {
		return // takes what comes along the pipeline
	}
	given, named := l.arguments(i + 1)
	for _, name := range named {
		if !slices.ContainsFunc(takes, func(p parameter) bool { return strings.EqualFold("-"+p.name, name) }) {
			l.add(t.line, "%s has no parameter %s", t.text, name)
		}
	}
	needed := 0
	for _, p := range takes {
		if !p.optional {
			needed++
		}
	}
	if given > len(takes) || len(named) == 0 && given < needed {
		l.add(t.line, "%s is given %d arguments, and has %d parameters", t.text, given, len(takes))
	}
}

// arguments counts those of the command that ends before i: all of them, and the
// names of those that have one.
func (l *linter) arguments(i int) (given int, named []string) {
	for ; i < len(l.tokens); i++ {
		t := l.tokens[i]
		switch {
		case t.kind == newline || t.kind == closing || t.text == ";" || t.text == "|":
			return given, named
		case t.kind == param:
			named = append(named, t.text)
		case t.text == "," || l.at(i-1).text == "," || t.joined && l.at(i-1).kind != command:
		default:
			given++
		}
		if t.kind == open {
			i = l.match(i)
		}
	}
	return given, named
}

// shadowed: a block that a function runs sees the function's own variables before
// the script's, and so does a function that the block calls.
func shadowed(l *linter, i int) {
	t := l.tokens[i]
	from, to := l.body(t.text)
	if t.kind != command || from == 0 || !l.runsBlocks(t.text, from, to) {
		return
	}
	own := l.set(from, to)
	for _, p := range l.functions[strings.ToLower(t.text)] {
		own[plainName(p.name)] = true
	}
	for j := i + 1; j < len(l.tokens) && l.at(j).kind != newline && l.at(j).kind != closing; j++ {
		if l.at(j).kind != open {
			continue
		}
		end := l.match(j)
		if l.at(j).text == "{" {
			l.free(j, end, func(name string, line int) {
				if own[name] {
					l.add(line, "$%s is here the one of %s", name, t.text)
				}
			})
		}
		j = end
	}
}

// body is where the block of a function of the script begins and ends.
func (l *linter) body(name string) (from, to int) {
	for i, t := range l.tokens {
		if t.kind != keyword || t.text != "function" || !strings.EqualFold(l.at(i+1).text, name) {
			continue
		}
		for from = i + 2; l.at(from).text != "{" && from < len(l.tokens); from++ {
			if l.at(from).kind == open {
				from = l.match(from)
			}
		}
		return from, l.match(from)
	}
	return 0, 0
}

func (l *linter) runsBlocks(name string, from, to int) bool {
	for i := from; i < to; i++ {
		runs := l.at(i).kind == command && l.at(i).text == "&" && l.at(i+1).kind == variable
		if runs && slices.ContainsFunc(l.functions[strings.ToLower(name)], func(p parameter) bool {
			return strings.EqualFold(p.name, l.at(i+1).text)
		}) {
			return true
		}
	}
	return false
}

// set are the variables that are given a value between two places.
func (l *linter) set(from, to int) map[string]bool {
	found := map[string]bool{}
	for i := from; i < to; i++ {
		if l.at(i).kind == variable && l.sets(i) {
			found[plainName(l.at(i).text)] = true
		}
	}
	return found
}

// free tells of the variables that are read between two places and not set there,
// and of those of the functions called there.
func (l *linter) free(from, to int, tell func(name string, line int)) {
	local := l.set(from, to)
	for i := from; i < to; i++ {
		t := l.at(i)
		if t.kind == variable && !local[plainName(t.text)] {
			tell(plainName(t.text), t.line)
		}
		begin, end := l.body(t.text)
		if t.kind != command || begin == 0 {
			continue
		}
		inner := l.set(begin, end)
		for _, p := range l.functions[strings.ToLower(t.text)] {
			inner[plainName(p.name)] = true
		}
		for j := begin; j < end; j++ {
			if name := plainName(l.at(j).text); l.at(j).kind == variable && !inner[name] {
				tell(name, l.at(j).line)
			}
		}
	}
}

// nullOnTheRight: a list on the left makes the answer a list.
func nullOnTheRight(l *linter, i int) {
	t, next := l.tokens[i], l.at(i+1)
	compares := slices.Contains([]string{"-eq", "-ne"}, strings.ToLower(t.text))
	if compares && next.kind == variable && strings.EqualFold(next.text, "null") {
		l.add(t.line, "$null stands on the left of %s", t.text)
	}
}

// assignedCondition: = in a condition assigns.
func assignedCondition(l *linter, i int) {
	t := l.tokens[i]
	if t.kind == keyword && (t.text == "if" || t.text == "elseif") && l.at(i+2).kind == variable && l.at(i+3).text == "=" {
		l.add(t.line, "= in a condition assigns")
	}
}

// leaks: what a method answers at the start of a statement becomes a row.
func leaks(l *linter, i int) {
	t := l.tokens[i]
	answers := strings.Fields("add append appendformat appendline insert movenext remove replace")
	if t.kind != member || !slices.Contains(answers, strings.ToLower(t.text)) || l.at(i+1).text != "(" {
		return
	}
	first := i
	for l.at(first).joined && l.at(first-1).kind != newline && l.at(first-1).kind != open {
		for first--; l.at(first).kind == closing; {
			first = l.matchBack(first)
		}
	}
	before := l.at(first - 1)
	if l.tokens[first].kind == variable && (before.kind == newline || before.text == ";" || before.text == "{") {
		l.add(t.line, "what .%s() answers becomes a row: write [void] before it", t.text)
	}
}

// matchBack is the place of the bracket that the one at i closes.
func (l *linter) matchBack(i int) int {
	for j := i - 1; j > 0; j-- {
		if l.tokens[j].kind == open && l.match(j) == i {
			return j
		}
	}
	return 0
}
