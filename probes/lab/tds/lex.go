package tds

import (
	"strings"
	"unicode"
)

// tokenKind is what a word of T-SQL is.
type tokenKind int

const (
	lexEnd    tokenKind = iota
	lexWord             // a keyword or a name
	lexName             // a name in brackets or double quotes
	lexText             // a literal, without its quotes
	lexNumber           // 12, 1.5 or 1e3; a sign is a word of its own
	lexBinary           // the digits after 0x
	lexSign             // ( ) , . ; = < > + - * / % & | ^ ~ and their pairs
)

type lexeme struct {
	kind     tokenKind
	text     string
	reserved bool // a word that no name may be
	national bool // a text with N before it
}

// is reports whether it is this keyword or sign, in any case.
func (l lexeme) is(word string) bool {
	return (l.kind == lexWord || l.kind == lexSign) && strings.EqualFold(l.text, word)
}

// reservedWords are those that end a name's place: no alias is one of them.
// Source: Microsoft, "Reserved keywords (Transact-SQL)".
func reservedWords() map[string]bool {
	reserved := map[string]bool{}
	for word := range strings.FieldsSeq(`ADD ALL ALTER AND ANY AS ASC AUTHORIZATION BACKUP BEGIN BETWEEN BREAK BULK BY
		CASCADE CASE CHECK CHECKPOINT CLOSE CLUSTERED COALESCE COLLATE COLUMN COMMIT CONSTRAINT CONTAINS CONTINUE CONVERT
		CREATE CROSS CURRENT CURRENT_TIMESTAMP CURSOR DATABASE DBCC DEALLOCATE DECLARE DEFAULT DELETE DENY DESC DISTINCT
		DROP ELSE END ERRLVL ESCAPE EXCEPT EXEC EXECUTE EXISTS EXIT FETCH FILE FOR FOREIGN FROM FULL FUNCTION GOTO GRANT
		GROUP HAVING HOLDLOCK IDENTITY IF IN INDEX INNER INSERT INTERSECT INTO IS JOIN KEY KILL LEFT LIKE MERGE NOT NULL
		NULLIF OF OFF OFFSETS ON OPEN OPTION OR ORDER OUTER OVER PERCENT PIVOT PLAN PRIMARY PRINT PROC PROCEDURE RAISERROR
		READ RECONFIGURE REFERENCES REPLICATION RESTORE RESTRICT RETURN REVERT REVOKE RIGHT ROLLBACK RULE SAVE SCHEMA
		SELECT SET SHUTDOWN SOME TABLE THEN TO TOP TRAN TRANSACTION TRIGGER TRUNCATE TRY_CONVERT UNION UNIQUE UNPIVOT
		UPDATE USE USER VALUES VIEW WAITFOR WHEN WHERE WHILE WITH`) {
		reserved[word] = true
	}
	return reserved
}

// lex cuts a batch into words; comments and blanks are gone.
func lex(text string) ([]lexeme, error) {
	var lexemes []lexeme
	reserved := reservedWords()
	rest := []rune(text)
	for len(rest) > 0 {
		size, found, err := lexOne(rest)
		if err != nil {
			return nil, err
		}
		if found.kind != lexEnd {
			found.reserved = found.kind == lexWord && reserved[strings.ToUpper(found.text)]
			lexemes = append(lexemes, found)
		}
		rest = rest[size:]
	}
	return lexemes, nil
}

// lexOne reads one word; a lexEnd is a comment or a blank.
func lexOne(rest []rune) (int, lexeme, error) {
	second := rune(0)
	if len(rest) > 1 {
		second = rest[1]
	}
	switch c := rest[0]; {
	case unicode.IsSpace(c):
		return 1, lexeme{}, nil
	case c == '-' && second == '-':
		return span(rest, func(r rune) bool { return r != '\n' }), lexeme{}, nil
	case c == '/' && second == '*':
		return comment(rest)
	case c == '\'':
		return quoted(rest, '\'', lexText)
	case (c == 'N' || c == 'n') && second == '\'':
		size, found, err := quoted(rest[1:], '\'', lexText)
		found.national = true
		return size + 1, found, err
	case c == '[':
		return quoted(rest, ']', lexName)
	case c == '"':
		return quoted(rest, '"', lexName)
	case c == '0' && (second == 'x' || second == 'X'):
		size := 2 + span(rest[2:], func(r rune) bool { return strings.ContainsRune("0123456789abcdefABCDEF", r) })
		return size, lexeme{kind: lexBinary, text: string(rest[2:size])}, nil
	case isDigit(c), c == '.' && isDigit(second):
		size := numberSpan(rest)
		return size, lexeme{kind: lexNumber, text: string(rest[:size])}, nil
	case inWord(c):
		size := span(rest, inWord)
		return size, lexeme{kind: lexWord, text: string(rest[:size])}, nil
	case strings.ContainsRune("<>!+-*/%&|^", c) && second == '=', c == '<' && second == '>', c == ':' && second == ':':
		return 2, lexeme{kind: lexSign, text: string(rest[:2])}, nil
	case strings.ContainsRune("(),.;=<>+-*/%&|^~", c):
		return 1, lexeme{kind: lexSign, text: string(c)}, nil
	default:
		return 0, lexeme{}, failf(102, 15, "Incorrect syntax near '%c'.", c)
	}
}

// comment skips one, with those inside of it.
func comment(rest []rune) (int, lexeme, error) {
	depth := 0
	for i := 0; i+1 < len(rest); i++ {
		switch {
		case rest[i] == '/' && rest[i+1] == '*':
			depth++
			i++
		case rest[i] == '*' && rest[i+1] == '/':
			depth--
			i++
		}
		if depth == 0 {
			return i + 1, lexeme{}, nil
		}
	}
	return 0, lexeme{}, failf(113, 15, "Missing end comment mark '*/'.")
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// numberSpan is the length of a number: digits, a point, an exponent.
func numberSpan(rest []rune) int {
	size := span(rest, isDigit)
	if size < len(rest) && rest[size] == '.' {
		size += 1 + span(rest[size+1:], isDigit)
	}
	if size < len(rest) && (rest[size] == 'e' || rest[size] == 'E') {
		exponent := size + 1
		if exponent < len(rest) && (rest[exponent] == '+' || rest[exponent] == '-') {
			exponent++
		}
		if digits := span(rest[exponent:], isDigit); digits > 0 {
			size = exponent + digits
		}
	}
	return size
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_@#$", r)
}

func span(runes []rune, in func(rune) bool) int {
	for i, r := range runes {
		if !in(r) {
			return i
		}
	}
	return len(runes)
}

// quoted reads up to the closing quote; a doubled one stands for itself.
func quoted(rest []rune, quote rune, kind tokenKind) (int, lexeme, error) {
	var text []rune
	for i := 1; i < len(rest); i++ {
		if rest[i] != quote {
			text = append(text, rest[i])
			continue
		}
		if i+1 < len(rest) && rest[i+1] == quote {
			text = append(text, quote)
			i++
			continue
		}
		return i + 1, lexeme{kind: kind, text: string(text)}, nil
	}
	return 0, lexeme{}, failf(105, 15, "Unclosed quotation mark after the character string '%s'.", string(text))
}
