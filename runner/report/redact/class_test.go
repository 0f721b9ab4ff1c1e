package redact

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/all"
	"postpatch/probes/fact"
)

var update = flag.Bool("update", false, "write the list of readings anew")

// Of every reading that is a text somebody has decided what it is: one that is free is
// searched for what looks like a name, and the others are one for certain. A new reading
// belongs into classOf, where it names a host, an account or the like, and then into the
// list, by -update.
func TestReadingsAreDecidedAbout(t *testing.T) {
	words := map[class]string{
		free: "free", hosts: "hosts", account: "account", suffixes: "suffixes", version: "version", title: "title",
		serial: "serial",
	}
	var lines []string
	for _, k := range all.Kinds() {
		for _, r := range k.Readings {
			if r.Type == fact.TypeText || r.Type == fact.TypeSet {
				lines = append(lines, fmt.Sprintf("%s.%s %s\n", k.Name, r.Name, words[classOf(k.Name, r.Name)]))
			}
		}
	}
	slices.Sort(lines)
	got := strings.Join(lines, "")
	const file = "testdata/readings.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// A kind's name and what its items begin with are words, not hosts.
func TestKindsAreCommon(t *testing.T) {
	common := commonWords()
	for _, k := range all.Kinds() {
		if !strings.Contains(k.Name, "_") && !isCommon(common, k.Name) {
			t.Errorf("%s is a kind, and a host of that name would be replaced in every text", k.Name)
		}
	}
}
