package wsman_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

func TestFormOfSealedMessages(t *testing.T) {
	replace := func(old, new string) func(string) string {
		return func(body string) string { return strings.Replace(body, old, new, 1) }
	}
	same := func(body string) string { return body }
	b := sealing(t)
	url := b.listen(t)
	for name, test := range map[string]struct {
		kind   string // sealed when empty
		change func(string) string
		want   int
	}{
		"good":                         {"", same, 200},
		"no tab before Content-Type":   {"", replace("\tContent-Type: application/HTTP", "Content-Type: application/HTTP"), 400},
		"no tab before the content":    {"", replace("\tOriginalContent", "OriginalContent"), 400},
		"no tab before octet-stream":   {"", replace("\tContent-Type: application/octet", "Content-Type: application/octet"), 400},
		"a space for a tab":            {"", replace("\tOriginalContent", " OriginalContent"), 400},
		"a space after the dashes":     {"", replace("--Encrypted", "-- Encrypted"), 400},
		"the boundary in small":        {"", replace("--Encrypted Boundary", "--encrypted boundary"), 400},
		"a header in small":            {"", replace("OriginalContent", "originalcontent"), 400},
		"an empty line":                {"", replace("octet-stream\r\n", "octet-stream\r\n\r\n"), 400},
		"a line end after the payload": {"", replace("--Encrypted Boundary--", "\r\n--Encrypted Boundary--"), 400},
		"no end":                       {"", replace("--Encrypted Boundary--\r\n", ""), 400},
		"another charset":              {"", replace("UTF-8", "ISO-8859-1"), 400},
		"another length":               {"", replace("Length=1", "Length=2"), 400},
		"no length":                    {"", replace("Length=", "Length=x"), 400},
		"a negative length":            {"", replace("Length=", "Length=-"), 400},
		"a longer signature":           {"", replace("\x10\x00\x00\x00", "\x11\x00\x00\x00"), 400},
		"a signature without an end":   {"", replace("\x10\x00\x00\x00", "\xff\xff\xff\xff"), 400},
		"a wrong signature":            {"", replace("\x10\x00\x00\x00\x01", "\x10\x00\x00\x00\x02"), 400},
		"nothing sealed":               {"", func(string) string { return "" }, 400},
		"another mechanism":            {"", replace("HTTP-SPNEGO", "HTTP-Kerberos"), 400},
		"another boundary is told":     {strings.Replace(sealed, "Encrypted B", "B", 1), same, 400},
		"CredSSP":                      {strings.ReplaceAll(sealed, "SPNEGO", "CredSSP"), same, 400},
		"several parts":                {strings.Replace(sealed, "/encrypted", "/x-multi-encrypted", 1), same, 401},
	} {
		w := b.dial(t, url)
		w.logon(t)
		kind := sealed
		if test.kind != "" {
			kind = test.kind
		}
		got := w.send(t, "", kind, test.change(w.seal(t, query())))
		if got.status != test.want || got.status != 200 && got.body != "" {
			t.Errorf("%s: got %+v", name, got)
		}
		// Whoever sends what cannot be opened has to authenticate again.
		if test.want == 400 && test.kind == "" {
			if got := w.send(t, "", sealed, w.seal(t, query())); got.status != 401 {
				t.Errorf("%s, then: got %+v", name, got)
			}
		}
	}
}

func TestExchangeBoundary(t *testing.T) {
	b := sealing(t)
	b.configure(func(c *estate.WinRM) { c.Spaced = true })
	w := b.dial(t, b.listen(t))
	w.logon(t)
	got := w.send(t, "", sealed, w.seal(t, query()))
	if reply := w.open(t, got, "-- "); !strings.Contains(reply, "SQL01") {
		t.Errorf("got %s", reply)
	}
}

func TestSealedMessagesHaveALimit(t *testing.T) {
	for size, want := range map[int]int{
		500<<10 - 1: 200, 500 << 10: 200, 500<<10 + 1: 413, 501 << 10: 413, 700 << 10: 413,
	} {
		b := sealing(t)
		w := b.dial(t, b.listen(t))
		w.logon(t)
		padded := query() + strings.Repeat(" ", size-len(query()))
		if got := w.send(t, "", sealed, w.seal(t, padded)); got.status != want {
			t.Errorf("%d bytes: got %d, %v", size, got.status, got.err)
		}
	}
}

func FuzzParseSealed(f *testing.F) {
	good := "--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n" +
		"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n" +
		"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n%s--Encrypted Boundary--\r\n"
	f.Add(fmt.Appendf(nil, good, 3, "\x10\x00\x00\x000123456789abcdefxyz"))
	f.Add(fmt.Appendf(nil, good, 1<<62, "\xff\xff\xff\xff"))
	f.Add(fmt.Appendf(nil, good, -1, ""))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		signature, data, length, err := wsman.ParseSealed(body)
		if err != nil {
			return
		}
		if length < 0 || !bytes.Contains(body, append(bytes.Clone(signature), data...)) {
			t.Errorf("got %d, %q, %q", length, signature, data)
		}
	})
}
