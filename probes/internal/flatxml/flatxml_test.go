package flatxml_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/internal/flatxml"
)

func TestRead(t *testing.T) {
	all, err := flatxml.Read([]byte("\ufeff<?xml version='1.0'?><a xmlns:x='urn:x'><x:b n='1'> two <c/>three</x:b></a>"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range all {
		got = append(got, strings.Join(e.Path, "/")+" "+e.Attr("n")+" "+e.Text)
	}
	if d := cmp.Diff([]string{"a/b/c  ", "a/b 1 two three", "a  "}, got); d != "" {
		t.Errorf("elements (-want +got):\n%s", d)
	}
	if e := all[1]; !e.Is("a/b") || !e.Is("b") || e.Is("a") || e.Is("x/a/b") || e.Is("c/b") {
		t.Errorf("the path %q is told wrongly", e.Path)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":          "",
		"no XML":           "login please",
		"cut short":        "<a><b>",
		"a second root":    "<a/><a/>",
		"a DTD":            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
		"an own entity":    "<a>&b;</a>",
		"too deep":         strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65),
		"too many":         "<a>" + strings.Repeat("<b/>", 20_001) + "</a>",
		"another encoding": "<?xml version='1.0' encoding='utf-7'?><a/>",
	} {
		if got, err := flatxml.Read([]byte(body)); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("<a xmlns='urn:x'><b n='1'>t<!-- c -->u</b></a>"))
	f.Add([]byte("<!DOCTYPE a><a/>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := flatxml.Read(body)
		if err != nil {
			return
		}
		for i, e := range all {
			if len(e.Path) == 0 || len(e.Path) == 1 != (i == len(all)-1) {
				t.Errorf("element %d of %d is at %q", i, len(all), e.Path)
			}
		}
	})
}
