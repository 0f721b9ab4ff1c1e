package mailtalk

import (
	"bufio"
	"fmt"
	"regexp"
	"strings"
)

// Reply is an SMTP server's reply: one code and at least one line.
type Reply struct {
	Code  int
	Lines []string
}

// Text is the reply on one line.
func (r Reply) Text() string { return strings.Join(r.Lines, " ") }

// readReply reads "250-PIPELINING", "250 OK".
func readReply(in *bufio.Reader) (Reply, error) {
	var r Reply
	for range mostLines {
		line, err := readLine(in)
		if err != nil {
			return Reply{}, err
		}
		code, text, more, err := parseLine(line)
		if err != nil {
			return Reply{}, err
		}
		if len(r.Lines) > 0 && code != r.Code {
			return Reply{}, fmt.Errorf("a reply with two codes, %d and %d", r.Code, code)
		}
		r.Code, r.Lines = code, append(r.Lines, text)
		if !more {
			return r, nil
		}
	}
	return Reply{}, fmt.Errorf("a reply has more than %d lines", mostLines)
}

// parseLine takes a line of a reply apart.
func parseLine(line string) (code int, text string, more bool, err error) {
	const digits = 3
	if len(line) < digits {
		return 0, "", false, fmt.Errorf("%.60q is no line of SMTP", line)
	}
	for _, c := range []byte(line[:digits]) {
		if c < '0' || c > '9' {
			return 0, "", false, fmt.Errorf("%.60q is no line of SMTP", line)
		}
		code = 10*code + int(c-'0')
	}
	rest := line[digits:]
	if code < 200 || code > 599 || rest != "" && rest[0] != ' ' && rest[0] != '-' {
		return 0, "", false, fmt.Errorf("%.60q is no line of SMTP", line)
	}
	if rest == "" {
		return code, "", false, nil
	}
	return code, rest[1:], rest[0] == '-', nil
}

// Extensions are what a reply to EHLO offers, keywords in upper case.
func Extensions(hello Reply) []string {
	var offers []string
	for i, line := range hello.Lines {
		words := strings.Fields(Words(line))
		if i == 0 || len(words) == 0 { // the first line greets
			continue
		}
		words[0] = strings.ToUpper(words[0])
		offers = append(offers, strings.Join(words, " "))
	}
	return offers
}

// Undated is a banner without the time of day that many servers put at its end.
func Undated(banner string) string {
	date := regexp.MustCompile(`[\s;,]*\b(at )?(Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d{1,2} [A-Z][a-z]{2} \d{4} \d.*$`)
	return date.ReplaceAllString(banner, "")
}
