package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each known regression is caught, each of its noise twins stays silent, and each reboot
// is told as what it is, as its file says. The numbers of the first two are those of the
// corpus that the project started from.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../../examples/scenarios/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var numbers []string
	for _, file := range files {
		number, _, _ := strings.Cut(filepath.Base(file), "-")
		numbers = append(numbers, number)
	}
	want := []string{
		"N01", "N02", "N03", "N04", "N05", "N06", "N07", "N08", "N09", "N10", "N11", "N12", "N13", "N14",
		"R01", "R02", "R03", "R04", "R05", "R06",
		"S01", "S02", "S03", "S05", "S07", "S09", "S10", "S12", "S13", "S15", "S16", "S17", "S18", "S19", "S22", "S24", "S26", "S27",
		"S28", "S29", "S30", "S31",
	}
	slices.Sort(numbers)
	if d := cmp.Diff(want, numbers); d != "" {
		t.Errorf("scenarios (-want +got):\n%s", d)
	}
	var out, talk bytes.Buffer
	a := app{stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
	if code := run(t.Context(), append([]string{"demo"}, files...), a); code != 0 {
		t.Errorf("exit %d\n%s%s", code, &out, &talk)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines[:len(lines)-1] {
		exit := map[string]string{"N": "exit 0", "R": "exit [0-3]", "S": "exit 1"}[strings.Fields(line)[1][:1]]
		if !regexp.MustCompile(`^ok .*` + exit).MatchString(line) {
			t.Errorf("%s: want %s", line, exit)
		}
	}
}
