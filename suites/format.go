package suites

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxShown is how many problems Format prints; the rest is counted.
const maxShown = 20

// Format prints problems for people: each with its line, a caret and its hint.
// ReadFile returns a file's bytes, and may be nil for no excerpts.
func Format(problems []Problem, readFile func(file string) ([]byte, error)) string {
	var b strings.Builder
	files := map[string][]string{}
	for i, p := range problems {
		if i == maxShown {
			noun := "problems"
			if len(problems)-i == 1 {
				noun = "problem"
			}
			fmt.Fprintf(&b, "… %d more %s\n", len(problems)-i, noun)
			break
		}
		fmt.Fprintf(&b, "error: %s\n", printable(p.Error()))
		if readFile != nil && !p.NoExcerpt && p.Line > 0 {
			lines, known := files[p.File]
			if !known {
				data, err := readFile(p.File)
				if err == nil {
					lines = strings.Split(string(Decoded(data)), "\n")
				}
				files[p.File] = lines
			}
			excerpt(&b, lines, p)
		}
		if p.Hint != "" {
			fmt.Fprintf(&b, "hint: %s\n", printable(p.Hint))
		}
	}
	return b.String()
}

// excerpt prints the problem's line, the one above it, and a caret.
func excerpt(b *strings.Builder, lines []string, p Problem) {
	if p.Line > len(lines) {
		return
	}
	if p.Line > 1 {
		fmt.Fprintf(b, "%5d | %s\n", p.Line-1, strings.TrimRight(cut(lines[p.Line-2], 0), " "))
	}
	line := strings.TrimSuffix(lines[p.Line-1], "\r")
	column := min(max(p.Column-1, 0), utf8.RuneCountInString(line))
	from := 0
	if column > width-20 {
		from = column - 20
	}
	fmt.Fprintf(b, ">%4d | %s\n", p.Line, strings.TrimRight(cut(line, from), " "))
	token := string([]rune(cut(line, column)))
	fmt.Fprintf(b, "      | %s%s\n", strings.Repeat(" ", column-from), strings.Repeat("^", max(1, tokenWidth(token))))
}

// width is how much of a line is shown.
const width = 100

// cut shows part of a line from a character on; it has one column for each
// character and none that a terminal obeys.
func cut(line string, from int) string {
	begin, end, n := len(line), len(line), 0 // a line may have megabytes
	for i := range line {
		if n == from {
			begin = i
		}
		if n == from+width {
			end = i
			break
		}
		n++
	}
	return printable(line[begin:end])
}

// tokenWidth is how much of a line's rest the caret underlines: a word, or a
// text in quotes.
func tokenWidth(rest string) int {
	if rest == "" || rest[0] == '[' || rest[0] == '{' {
		return 1
	}
	var end int
	if rest[0] == '"' || rest[0] == '\'' {
		if end = closing(rest, 0); end > 0 {
			end++
		}
	} else {
		end = strings.IndexAny(rest+" ", " ,]}")
		if colon := strings.Index(rest+" ", ": "); colon >= 0 {
			end = min(end, colon)
		}
	}
	if end < 0 {
		end = len(strings.TrimRight(rest, " "))
	}
	return utf8.RuneCountInString(rest[:end])
}

// Harmless is a text of a file as one line that steers nothing: neither a terminal, nor
// the programs that run pipelines and look for ##vso[ and ##[ in what they show. Each
// character stays one.
func Harmless(s string) string { return printable(s) }

// commands are how those programs are told to do something.
func commands() *regexp.Regexp { return regexp.MustCompile(`##(\w*\[)`) }

// printable keeps what stands in a file from steering whoever shows it.
func printable(s string) string {
	if strings.Contains(s, "##") {
		s = commands().ReplaceAllString(s, "#?$1")
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\t':
			return '→'
		case c == '\r':
			return ' '
		case c == utf8.RuneError || !unicode.IsPrint(c):
			return '?'
		default:
			return c
		}
	}, s)
}
