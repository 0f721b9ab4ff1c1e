package mailtalk

import (
	"bufio"
	"strings"
	"testing"
)

func TestUndated(t *testing.T) {
	for banner, want := range map[string]string{
		"EX01 ESMTP MAIL Service ready at Mon, 23 Nov 2026 22:53:28 +0000": "EX01 ESMTP MAIL Service ready",
		"mx ESMTP Sendmail 8.17; Tue, 1 Dec 2026 01:02:03 GMT":             "mx ESMTP Sendmail 8.17",
		"mx ESMTP Postfix (Debian/GNU)":                                    "mx ESMTP Postfix (Debian/GNU)",
		"Mon is no date":                                                   "Mon is no date",
	} {
		if got := Undated(banner); got != want {
			t.Errorf("%q becomes %q, want %q", banner, got, want)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	for _, text := range []string{
		"220 ready\r\n", "250-a\r\n250-b\n250 c\r\n", "250\r\n", "250-a\r\n251 b\r\n", "25", "",
		"220 " + strings.Repeat("a", 3000),
		strings.Repeat("250-a\r\n", 120), "999 x\r\n", "+OK\r\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(text), longestLine))
		if err != nil {
			if len(r.Lines) > 0 {
				t.Errorf("lines %q beside the error %v", r.Lines, err)
			}
			return
		}
		if r.Code < 200 || r.Code > 599 || len(r.Lines) < 1 || len(r.Lines) > mostLines {
			t.Errorf("code %d, %d lines", r.Code, len(r.Lines))
		}
		for _, line := range r.Lines {
			if len(line) > longestLine || strings.Contains(line, "\n") {
				t.Errorf("line %q", line)
			}
		}
		for _, extension := range Extensions(r) {
			if extension == "" || strings.ContainsAny(extension, "\r\n\t") {
				t.Errorf("extension %q", extension)
			}
		}
		_ = Undated(r.Text())
	})
}
