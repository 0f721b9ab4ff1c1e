package sql

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestQuery is in bytes, and more than anybody wants to read.
const longestQuery = 64 << 10

// onlyReads says why a query is not one SELECT that only reads. It needs no grammar:
// whatever begins a statement and could stand without a semicolon before it is a reserved
// word, which is a name only in brackets or double quotes ("Reserved Keywords
// (Transact-SQL)"). What begins with another word (THROW, RECEIVE, ENABLE TRIGGER, a
// procedure's name) has to be the first, or to stand behind a semicolon, where nothing
// may stand.
func onlyReads(query string) error {
	all, err := words(query)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("there is no query in it")
	}
	depth, begun := 0, false
	for i := range all {
		w := all[i]
		wrong := func(format string, args ...any) error {
			return fmt.Errorf("%s%s", where(query, w.offset), fmt.Sprintf(format, args...))
		}
		switch {
		case i == 0 && !w.is("SELECT", "WITH", "("):
			return wrong("want one SELECT, got %.40q: a check only reads", w.text)
		case w.is("("):
			depth++
		case w.is(")"):
			if depth--; depth < 0 {
				return wrong("a ) closes what was never opened")
			}
		case w.is(";") && i < len(all)-1:
			return wrong("something stands behind the ; that ends the query: one SELECT is due")
		case w.is("SELECT") && depth == 0:
			if begun && !all[i-1].is("UNION", "ALL", "EXCEPT", "INTERSECT") {
				return wrong("a second SELECT begins here: one is due")
			}
			begun = true
		}
		if why := all[i:].acts(depth); why != "" {
			return wrong("%s", why)
		}
	}
	switch last := all[len(all)-1]; {
	case depth > 0:
		return errors.New("a ( is never closed")
	case !begun && !all[0].is("("):
		return errors.New("there is no SELECT in it")
	case last.is("GO"):
		return fmt.Errorf("%sleave out GO: it is a word of query editors", where(query, last.offset))
	}
	return nil
}

// acts says why the first of the words does not only read.
func (ws statement) acts(depth int) string {
	w, next := ws[0], word{}
	if len(ws) > 1 {
		next = ws[1]
	}
	named := strings.ToUpper(w.text)
	const orBrackets = ": a check only reads; a name that reads so stands in brackets"
	switch {
	case !w.bare:
		return ""
	case w.is("INTO"):
		return "SELECT … INTO makes a table" + orBrackets
	case w.is("OPENROWSET", "OPENQUERY", "OPENDATASOURCE"):
		return named + " runs what nobody can look at here, and on another server: a check only reads"
	case w.is("NEXT") && next.is("VALUE"):
		return "NEXT VALUE FOR takes a number out of a sequence, which no rollback puts back"
	case w.is("XLOCK", "UPDLOCK", "HOLDLOCK", "TABLOCK", "TABLOCKX", "PAGLOCK", "SERIALIZABLE", "REPEATABLEREAD"):
		return named + " takes locks for which users have to wait" + orBrackets
	case w.is("MERGE") && next.is("JOIN", "UNION"): // how a join is to be done
		return ""
	case w.is("USE") && depth > 0: // OPTION (USE HINT (…))
		return ""
	case w.is("USE"):
		return "USE is no part of a SELECT: name the database by the parameter database"
	case w.is(verbs()...):
		return named + " is no part of a SELECT" + orBrackets
	default:
		return ""
	}
}

// verbs are the reserved words that no SELECT has, and that begin a statement or are a
// part of one that does something.
func verbs() []string {
	return []string{
		"ADD", "ALTER", "AUTHORIZATION", "BACKUP", "BEGIN", "BREAK", "BULK", "CHECKPOINT", "CLOSE", "COMMIT",
		"CONSTRAINT", "CONTINUE", "CREATE", "CURSOR", "DBCC", "DEALLOCATE", "DECLARE", "DELETE", "DENY", "DISK",
		"DROP", "DUMP", "EXEC", "EXECUTE", "EXTERNAL", "FUNCTION", "GOTO", "GRANT", "IF", "INSERT", "KILL",
		"LINENO", "LOAD", "MERGE", "OFFSETS", "OPEN", "PRINT", "PROC", "PROCEDURE", "RAISERROR", "READTEXT",
		"RECONFIGURE", "RESTORE", "RETURN", "REVERT", "REVOKE", "ROLLBACK", "SAVE", "SET", "SETUSER", "SHUTDOWN",
		"TRAN", "TRANSACTION", "TRIGGER", "TRUNCATE", "UPDATE", "UPDATETEXT", "WAITFOR", "WHILE", "WRITETEXT",
	}
}

// word is a word or a sign of T-SQL. One that is not bare is a text or a number, or a name
// in brackets or quotes.
type word struct {
	text   string
	bare   bool
	offset int
}

type statement []word

func (w word) is(any ...string) bool {
	return w.bare && slices.ContainsFunc(any, func(s string) bool { return strings.EqualFold(s, w.text) })
}

// where is the place of what is wrong, in a query of several lines.
func where(query string, offset int) string {
	if !strings.Contains(query, "\n") {
		return ""
	}
	return fmt.Sprintf("line %d: ", 1+strings.Count(query[:offset], "\n"))
}

// words cuts a query into words, without its comments and blanks. What a server might
// read otherwise than this does is refused: a line that ends otherwise than others, which
// ends a comment or does not, and a comment inside of a comment.
func words(query string) (statement, error) {
	if len(query) > longestQuery {
		return nil, fmt.Errorf("want at most %d bytes, got %d", longestQuery, len(query))
	}
	if !utf8.ValidString(query) {
		return nil, errors.New("want text in UTF-8")
	}
	var all statement
	for offset := 0; offset < len(query); {
		rest := query[offset:]
		c, size := utf8.DecodeRuneInString(rest)
		var err error
		switch {
		case c == ' ' || c == '\t' || c == '\n':
		case strings.HasPrefix(rest, "--"):
			size = upTo(rest, "\n")
			err = readable(rest[:size])
		case strings.HasPrefix(rest, "/*"):
			size, err = comment(rest)
		case strings.ContainsRune(`'["`, c):
			if size, err = quoted(rest); err == nil {
				all = append(all, word{rest[:size], false, offset})
			}
		case inWord(c):
			size = len(rest) - len(strings.TrimLeftFunc(rest, inWord))
			all = append(all, word{rest[:size], true, offset})
			err = apart(rest[:size])
		case strings.ContainsRune("(),.;=<>+-*/%&|^~!:", c):
			all = append(all, word{rest[:size], true, offset})
		default:
			err = fmt.Errorf("%q can stand only inside of a text", c)
		}
		if err != nil {
			return nil, fmt.Errorf("%s%w", where(query, offset), err)
		}
		offset += size
	}
	return all, nil
}

// inWord knows what a name may hold without brackets ("Database Identifiers"), but for
// letters that look like others or like nothing.
func inWord(r rune) bool {
	const fullWidth = 0xff00
	switch {
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), fullWidth <= r:
		return false
	default:
		return unicode.IsLetter(r) || '0' <= r && r <= '9' || strings.ContainsRune("_@#$", r)
	}
}

// apart refuses a number with a word right behind it: a server takes 1DELETE for two
// words, and $ alone is a number.
func apart(run string) error {
	if first := run[0]; first != '$' && (first < '0' || '9' < first) {
		return nil
	}
	whole := regexp.MustCompile(`^(\$?[0-9]*|[0-9]+[eE][0-9]*|0[xX][0-9A-Fa-f]*|` +
		`(?i:\$(identity|rowguid|action|partition|node_id|edge_id|from_id|to_id)))$`)
	if !whole.MatchString(run) {
		return fmt.Errorf("want a blank between the number and the word of %.40q", run)
	}
	return nil
}

// upTo is the length of a text up to the first end in it.
func upTo(text, end string) int {
	if i := strings.Index(text, end); i >= 0 {
		return i
	}
	return len(text)
}

func comment(rest string) (size int, err error) {
	size = 2 + upTo(rest[2:], "*/")
	switch {
	case size == len(rest):
		return 0, errors.New("a comment is opened and never closed")
	case strings.Contains(rest[2:size], "/*"):
		return 0, errors.New("a comment begins inside of a comment")
	}
	return size + 2, readable(rest[:size])
}

// quoted is the length of a text, or of a name in brackets or quotes. A doubled end
// stands for itself.
func quoted(rest string) (size int, err error) {
	end := rest[:1]
	if end == "[" {
		end = "]"
	}
	for i := 1; i < len(rest); i++ {
		if rest[i] != end[0] {
			continue
		}
		if i+1 < len(rest) && rest[i+1] == end[0] {
			i++
			continue
		}
		return i + 1, readable(rest[:i+1])
	}
	return 0, fmt.Errorf("a %s is opened and never closed", rest[:1])
}

// readable refuses what people cannot see, and what some take for the end of a line.
func readable(text string) error {
	for _, r := range text {
		if !unicode.IsPrint(r) && r != '\t' && r != '\n' {
			return fmt.Errorf("%q cannot be seen: want printable characters", r)
		}
	}
	return nil
}
