package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTopKeys(t *testing.T) {
	type told struct {
		Keys []string
		Told bool
	}
	for text, want := range map[string]told{
		"":                                  {nil, true},
		"# nothing\n":                       {nil, true},
		"suite: a\nhosts: [b]\n":            {[]string{"suite", "hosts"}, true},
		"'credentials': []\n":               {[]string{"credentials"}, true},
		"credentials: {a: 1, a: 2}\n":       {[]string{"credentials"}, true},
		"- credentials\n":                   {nil, false},
		"credentials\n":                     {nil, false},
		"a: [\n":                            {nil, false},
		"x: &x {credentials: []}\n<<: *x\n": {nil, false},
		"!!binary Y3JlZGVudGlhbHM=: 1\n":    {nil, false},
		"? [credentials]\n: 1\n":            {nil, false},
		"&a credentials: 1\n":               {[]string{"credentials"}, true},
		"a: &a credentials\n? *a\n: 1\n":    {nil, false},
	} {
		keys, ok := topKeys([]byte(text))
		if d := cmp.Diff(want, told{keys, ok}); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
}
