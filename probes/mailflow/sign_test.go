package mailflow

import (
	"strings"
	"testing"
)

func TestSign(t *testing.T) {
	s := newSign("ex01.corp.test", "probe@corp.test")
	other := newSign("ex01.corp.test", "probe@corp.test")
	subject := func(s sign) string { return s.start() + s.id }
	for name, tt := range map[string]struct {
		letter  letter
		ours    bool
		earlier bool // of another run's eyes
	}{
		"as it was sent":                      {letter{subject(s), "<" + s.id + "@postpatch.invalid>", "probe@corp.test"}, true, true},
		"marked ahead":                        {letter{"[EXTERNAL] " + subject(s), "", "Probe@corp.test"}, true, true},
		"marked behind":                       {letter{subject(s) + " [checked]", "x@gw.test", "gateway@corp.test"}, true, true},
		"marked twice":                        {letter{"[EXT] {Spam?} " + subject(s) + " [1]", "x@gw.test", "probe@corp.test"}, true, true},
		"marked, and its sender rewritten":    {letter{"[EXTERNAL] " + subject(s), s.id + "@postpatch.invalid", "SRS0=x@gw.test"}, true, true},
		"another subject":                     {letter{"(held back)", s.id + "@postpatch.invalid", ""}, true, false},
		"a report of it":                      {letter{"Undeliverable: " + subject(s), "y@corp.test", "postmaster@corp.test"}, false, false},
		"a question about it":                 {letter{"FW: " + subject(s) + " what is this?", "z@corp.test", "boss@corp.test"}, false, false},
		"another run's":                       {letter{"[EXTERNAL] " + subject(other), "", "probe@corp.test"}, false, true},
		"somebody's with our words":           {letter{"postpatch mailflow ex01.corp.test is what?", "", "probe@corp.test"}, false, false},
		"another host's, of an earlier run":   {letter{"postpatch mailflow ex02 " + other.id, "", "probe@corp.test"}, false, false},
		"of a host whose name goes on longer": {letter{"postpatch mailflow ex01.corp.test.example " + other.id, "", ""}, false, false},
		"nothing":                             {letter{}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.isOurs(tt.letter); got != tt.ours {
				t.Errorf("ours: %t", got)
			}
			later := newSign("ex01.corp.test", "probe@corp.test")
			if got := later.isEarlier(tt.letter); got != tt.earlier {
				t.Errorf("of an earlier run: %t", got)
			}
		})
	}
	if odd := newSign("a\r\nBcc: b", ""); strings.ContainsAny(odd.start(), "\r\n") {
		t.Errorf("%q", odd.start())
	}
}
