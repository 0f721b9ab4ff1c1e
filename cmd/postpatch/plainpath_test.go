package main

import (
	"fmt"
	"testing"
)

func TestPlainPaths(t *testing.T) {
	for path, plain := range map[string]bool{
		`C:\Program Files\x.yaml`: true, `\\srv01\share$\evidence`: true, `c:\`: true, `/var/x`: true, ``: true,
		`CORP\probe`: false, "C:\\x\ny": false, `C:\"x`: false, `C:x`: true, `\\`: false,
	} {
		want := fmt.Sprintf("reading %q: no such file, and %q", path, "other")
		if plain {
			want = `reading "` + path + `": no such file, and "other"`
		}
		if got := plainPaths(fmt.Sprintf("reading %q: no such file, and %q", path, "other")); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
