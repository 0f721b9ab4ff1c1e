package suites

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	spaceHint    = `write a space behind the ":"`
	dashHint     = `write a space behind the "-"`
	templateHint = `put a template in quotes: "{{ host.address }}"`
)

// suspect is a mistake that shows in the text of a line which does not parse.
type suspect struct {
	at         int // in bytes from the line's begin
	said, hint string
}

// suspects finds what people often write in a line that does not parse, the plainest
// first; msg is what the parser says of it. A text in quotes is none.
func suspects(line, msg string) (s suspect, found bool) {
	bare := withoutQuoted(line)
	at := func(pattern string) int {
		place := regexp.MustCompile(pattern).FindStringSubmatchIndex(bare)
		if place == nil {
			return -1
		}
		return place[2]
	}
	for _, s := range []suspect{
		{at(`(\{\{)`), "a template that is not in quotes", templateHint},
		{
			at(`^ *(?:- +)*\w+:( *[>|])[^-+0-9 #]`), "a text that begins with > or | is taken for the lines below",
			`put it in quotes: "> 5"`,
		},
		{
			at(`[:,\[{-] +([>|] *[^ ])`), "a text that begins with > or | is taken for the lines below",
			`put it in quotes: "> 5"`,
		},
		{at(`[:,\[{-] *([*&])(?:[^\w-]|$)`), "a text that begins with * or & names something else", "put it in quotes"},
		{at(`(?:[:,\[{-] +|^ *-)(\t)`), "a tab where a space belongs", "type a space"},
		{at(`^ *(?:- +)*\w+(:)[^ :/\\]`), `no space behind the ":"`, spaceHint},
		{at(`[{,] *\w+(:)[\[{]`), `no space behind the ":"`, spaceHint},
		{at(`[:,\[{-] +(\? )`), `a text that begins with "? " is a key`, "put it in quotes"},
		{at(`(?:^|[-{,]) *(: )`), `a key is missing before the ":"`, `write "key: value"`},
	} {
		if s.at >= 0 {
			for line[s.at] == ' ' {
				s.at++
			}
			return s, true
		}
	}
	if i := behindQuote(line); i >= 0 && !strings.Contains(msg, "mapping values") {
		const hint = `in '…' a ' is written '', in "…" a " is written \"`
		return suspect{i, "a text goes on behind its closing quote", hint}, true
	}
	if i := tooMany(bare); i >= 0 {
		return suspect{i, "a ] or } that closes nothing", "delete it, or put the text in quotes"}, true
	}
	return suspect{}, false
}

// withoutQuoted is a line with a ~ for each byte of its texts in quotes and of its
// comment.
func withoutQuoted(line string) string {
	b := []byte(line)
	for i := 0; i < len(b); i++ {
		if b[i] == '#' && (i == 0 || b[i-1] == ' ') {
			blank(b[i:])
			break
		}
		if !opensQuote(line, i) {
			continue
		}
		end := closing(line, i)
		if end < 0 {
			end = len(b) - 1
		}
		blank(b[i : end+1])
		i = end
	}
	return string(b)
}

func blank(b []byte) {
	for i := range b {
		b[i] = '~'
	}
}

// behindQuote finds what follows a text in quotes and does not belong there; -1 for
// nothing.
func behindQuote(line string) int {
	for i := 0; i < len(line); i++ {
		if !opensQuote(line, i) {
			continue
		}
		end := closing(line, i)
		if end < 0 {
			return -1
		}
		rest := strings.TrimLeft(line[end+1:], " ")
		if rest != "" && !strings.ContainsAny(rest[:1], ",]}:#") {
			return len(line) - len(rest)
		}
		i = end
	}
	return -1
}

// tooMany finds a ] or } that closes nothing of its line; -1 for none. What a line before
// it has opened is not known, so that a line that begins so is none either.
func tooMany(bare string) int {
	if strings.IndexAny(strings.TrimLeft(bare, " "), "]}") == 0 {
		return -1
	}
	open := 0
	for i, c := range bare {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			if open--; open < 0 {
				return i
			}
		}
	}
	return -1
}

// spaceMissing is the way out where a text stands in place of a mapping or a list, for
// the want of a space.
func spaceMissing(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		return spaceMissing(n.Content[0])
	case n.Kind != yaml.ScalarNode || n.Style != 0:
		return ""
	case strings.HasPrefix(n.Value, "-") && len(n.Value) > 1:
		return dashHint
	case regexp.MustCompile(`^\w+:[^/\\]`).MatchString(n.Value):
		return spaceHint
	default:
		return ""
	}
}

// textHint is the way out where a text is wanted and something else is there.
func textHint(n *yaml.Node) string {
	isTemplate := n.Kind == yaml.MappingNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode
	switch {
	case isTemplate:
		return templateHint
	case isNull(n):
		return nothingHint(n)
	default:
		return ""
	}
}

// mappingHint is the way out where a mapping is wanted.
func mappingHint(n *yaml.Node, what string) string {
	if hint := spaceMissing(n); hint != "" {
		return hint
	}
	switch what {
	case "the suite":
		return "begin the file with: suite: its-name"
	case "the plan":
		return "begin the file with: plan: its-name"
	case "the credentials file":
		return "postpatch explain credentials"
	default:
		return ""
	}
}

// emptyHint is the way out where a text is empty because it began with > or |.
func emptyHint(n *yaml.Node) string {
	if n.Style&(yaml.FoldedStyle|yaml.LiteralStyle) != 0 {
		return `a text that begins with > or | goes into quotes: "> 5"`
	}
	return ""
}

// glued says whether a line is a key and its value without a space behind the colon,
// which is a text to YAML, and shows only at the line below.
func glued(line string) bool {
	return regexp.MustCompile(`^ *(?:- +)*\w+:[^ /\\:][^:]*$`).MatchString(line)
}
