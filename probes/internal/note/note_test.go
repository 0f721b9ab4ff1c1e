package note_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/internal/note"
)

func TestList(t *testing.T) {
	long := strings.Repeat("x", 60)
	for name, tt := range map[string]struct {
		items, want []string
	}{
		"one":         {[]string{"a"}, []string{"All: a."}},
		"some":        {[]string{"a", "b"}, []string{"All: a; b."}},
		"many":        {[]string{"a", long, long, "b"}, []string{"All: a; " + long + ".", "More: " + long + "; b."}},
		"a long one":  {[]string{long + long}, []string{"All: " + long + long + "."}},
		"to the edge": {[]string{long, strings.Repeat("y", 42)}, []string{"All: " + long + "; " + strings.Repeat("y", 42) + "."}},
	} {
		if d := cmp.Diff(tt.want, note.List("All:", "More:", "; ", tt.items)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if got := note.List("All:", "More:", "; ", []string{long, strings.Repeat("y", 43)}); len(got) != 2 {
		t.Errorf("over the edge: %q", got)
	}
	for _, text := range []string{note.PowerShell, note.WMI, note.FromHost} {
		if utf8.RuneCountInString(text) > 110 || !strings.HasSuffix(text, ".") {
			t.Errorf("%q is no note", text)
		}
	}
}
