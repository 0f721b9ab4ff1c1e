package winrm

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSealedBodyAsWindowsWantsIt(t *testing.T) {
	got := wrapSealed(7, []byte("sign"), []byte("sealed\r\n--Encrypted Boundary--"))
	want := "--Encrypted Boundary\r\n" +
		"\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n" +
		"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=7\r\n" +
		"--Encrypted Boundary\r\n" +
		"\tContent-Type: application/octet-stream\r\n" +
		"\x04\x00\x00\x00signsealed\r\n--Encrypted Boundary--" +
		"--Encrypted Boundary--\r\n"
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	back, err := unwrapSealed(sealedType, got)
	if err != nil || back.size != 7 || string(back.signature) != "sign" ||
		string(back.sealed) != "sealed\r\n--Encrypted Boundary--" || back.contentType != soapType {
		t.Errorf("read back: %+v, error %v", back, err)
	}
}

func TestSealedBodiesOfOtherServers(t *testing.T) {
	ours := string(wrapSealed(3, []byte("s"), []byte("abc")))
	other := `multipart/encrypted; protocol="application/HTTP-SPNEGO-session-encrypted"; boundary=other`
	for name, c := range map[string]struct{ contentType, body string }{
		"Exchange: a space behind the dashes": {sealedType, strings.ReplaceAll(ours, "--Encrypted Boundary", "-- Encrypted Boundary")},
		"no tabs":                             {sealedType, strings.ReplaceAll(ours, "\t", "")},
		"spaces for tabs":                     {sealedType, strings.ReplaceAll(ours, "\t", "  ")},
		"another boundary":                    {other, strings.ReplaceAll(ours, "Encrypted Boundary", "other")},
		"no new line at the end":              {sealedType, strings.TrimSuffix(ours, "\r\n")},
		"other case":                          {strings.ToUpper(sealedType[:20]) + sealedType[20:], strings.ReplaceAll(ours, "Content", "CONTENT")},
	} {
		got, err := unwrapSealed(c.contentType, []byte(c.body))
		if err != nil || got.size != 3 || string(got.signature) != "s" || string(got.sealed) != "abc" {
			t.Errorf("%s: %+v, error %v", name, got, err)
		}
	}
}

func TestSealedBodiesThatAreRefused(t *testing.T) {
	ours := string(wrapSealed(3, []byte("s"), []byte("abc")))
	swap := func(old, new string) string { return strings.Replace(ours, old, new, 1) }
	for name, c := range map[string]struct{ contentType, body, want string }{
		"in clear":                   {soapType, "<Envelope/>", "in clear"},
		"no content type":            {"", ours, "in clear"},
		"no boundary":                {"multipart/encrypted", ours, "without a boundary"},
		"nothing":                    {sealedType, "", "another boundary"},
		"another boundary":           {sealedType, strings.ReplaceAll(ours, "Encrypted Boundary", "X"), "another boundary"},
		"no end":                     {sealedType, strings.TrimSuffix(ours, sealedEnd), "without its end"},
		"no length":                  {sealedType, swap(";Length=3", ""), "length -1"},
		"a negative length":          {sealedType, swap("Length=3", "Length=-3"), "length -3"},
		"a huge length":              {sealedType, swap("Length=3", "Length=99999999999"), "length 99999999999"},
		"a length that is no number": {sealedType, swap("Length=3", "Length=many"), `length "many"`},
		"no original content":        {sealedType, swap("OriginalContent", "Other"), "what is in it"},
		"a signature too long":       {sealedType, swap("\x01\x00\x00\x00", "\xff\xff\xff\xff"), "signature of 4294967295 bytes"},
		"a signature cut off":        {sealedType, swap("\x01\x00\x00\x00", "\x63\x00\x00\x00"), "signature of 99 bytes"},
		"no signature":               {sealedType, swap("\x01\x00\x00\x00sabc", "abc"), "without a signature"},
		"a part without an end":      {sealedType, sealedPart + "\tContent-Type", "broken part"},
		"many headers":               {sealedType, sealedPart + strings.Repeat("\ta: b\r\n", 100), "what is in it"},
	} {
		_, err := unwrapSealed(c.contentType, []byte(c.body))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to speak of %q", name, err, c.want)
		}
	}
}

func FuzzUnwrapSealed(f *testing.F) {
	ours := wrapSealed(3, []byte("sign"), []byte("abc"))
	f.Add(sealedType, ours)
	f.Add(sealedType, bytes.ReplaceAll(ours, []byte("--E"), []byte("-- E")))
	f.Add(`multipart/encrypted;boundary=a`, []byte("--a\r\n--a\r\n--a--"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		got, err := unwrapSealed(contentType, body)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n\x1b") {
				t.Errorf("an error with control characters: %q", err)
			}
			return
		}
		if got.size < 0 || got.size > maxBody || len(got.signature) > maxSignature ||
			len(got.signature)+len(got.sealed) > len(body) {
			t.Errorf("out of bounds: %s", fmt.Sprintf("%+v", got))
		}
	})
}
