package exchangeclient

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"postpatch/probes/internal/webtalk"
)

func TestIsPage(t *testing.T) {
	utf16le := binary.LittleEndian.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune("<!DOCTYPE html><title>Anmeldung</title>")) {
		utf16le = binary.LittleEndian.AppendUint16(utf16le, unit)
	}
	for name, tt := range map[string]struct {
		body string
		want bool
	}{
		"HTML":                    {"<!DOCTYPE html><html>", true},
		"HTML without its type":   {"\r\n <HTML lang=de>", true},
		"XHTML":                   {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0\">", true},
		"XHTML without its type":  {"<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\">", true},
		"a byte order mark":       {"\ufeff\t<html>", true},
		"UTF-16":                  {string(utf16le), true},
		"a comment ahead":         {"<!-- (c) Proxy Corp. -->\n<!-- saved from url -->\r\n<html>", true},
		"a long comment ahead":    {"<!--" + strings.Repeat("licence ", 500) + "--><!doctype html>", true},
		"all of it ahead":         {"\ufeff <?xml version='1.0'?> <!-- x --> <!DOCTYPE HTML>", true},
		"no html element":         {"<head><meta charset=utf-8><title>Sign in</title>", true},
		"a script that leads on":  {"<script>location='/login'</script>", true},
		"EWS":                     {"<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"x\"><s:Header/>", false},
		"Autodiscover":            {"<?xml version=\"1.0\"?>\n<!-- x --><Autodiscover><Response/>", false},
		"an element of that name": {"<htmlish/>", false},
		"HTML within XML":         {"<OAB><html/></OAB>", false},
		"JSON":                    {`{"Protocol":"Ews","Url":"<html>"}`, false},
		"a comment without end":   {"<!-- <html>", false},
		"nothing":                 {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := isPage(&webtalk.Answer{Body: []byte(tt.body)}); got != tt.want {
				t.Errorf("a page: %t", got)
			}
		})
	}
}
