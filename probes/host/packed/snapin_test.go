package packed

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// By the snap-in nothing but this script keeps an account from what changes Exchange: the
// name of a command is looked at first, then it is looked up among the snap-in's own, and
// what was found is called with its parameters as a table.
func TestSnapInRunsWhatItLookedUp(t *testing.T) {
	lines := strings.Split(script("collect/snapin.ps1"), "\n")
	at := -1
	for _, want := range []string{
		`if ($Call['name'] -notmatch '^((Get|Test)-\w+|Invoke-MonitoringProbe)$') { throw 'it may change something' }`,
		`$found = @(Get-Command -Name $Call['name'] -Module $Call['snapin'] -CommandType Cmdlet -ErrorAction SilentlyContinue)`,
		`$command = $found[0]`,
		`& $command @parameters 2>&1 | ForEach-Object {`,
	} {
		next := slices.Index(lines, want)
		if next <= at {
			t.Fatalf("%s: line %d, after line %d", want, next, at)
		}
		at = next
	}
	calls := 0
	for _, token := range tokenize(script("collect/snapin.ps1")) {
		if token.kind == command && (token.text == "&" || token.text == ".") {
			calls++
		}
	}
	if calls != 1 {
		t.Errorf("%d calls of what a variable holds, want one", calls)
	}
}

// The streams that the script writes are those that its head tells of, which the lab and
// the session know.
func TestSnapInTellsItsStreams(t *testing.T) {
	source, err := scripts.ReadFile("collect/snapin.ps1")
	if err != nil {
		t.Fatal(err)
	}
	streams := func(pattern, text string) []string {
		var found []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	told := streams(`(?m)^#   (\w+)  +\w`, string(source))
	written := streams(`(?:Stream = |Write-(?:Xml|Problem|Object) )'(\w+)'`, string(source))
	if d := cmp.Diff(told, written); d != "" || len(told) < 8 {
		t.Errorf("%q (-told +written):\n%s", told, d)
	}
}
