package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"postpatch/runner/report/junit"
)

// junitFlags say how the JUnit report is written. The zero value writes one file with a
// case for each check.
type junitFlags struct {
	junitSplit       string
	junitScope       string
	junitGranularity string
	junitName        string
	junitFlavor      string
	preExisting      string
}

// The ways to part a run into files, beside byOwner and a number of cases.
const (
	byHost  = "host"
	byGroup = "group"
)

func (j *junitFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&j.junitSplit, "junit-split", "",
		"several JUnit files: one for each owner, host or group (suite), or of at most N cases;\n"+
			"--junit is then a folder, or a name with {owner}, {host}, {group} or {part}")
	for _, c := range j.choices() {
		f.StringVar(c.value, c.flag, c.words[0], c.help)
	}
}

// wordFlag is a flag that has to be one of some words, of which the first is what it is
// unless given.
type wordFlag struct {
	flag  string
	value *string
	words []string
	help  string
}

func (j *junitFlags) choices() []wordFlag {
	return []wordFlag{
		{
			"junit-scope", &j.junitScope,
			[]string{"all", "changed", "failed"},
			"cases of the JUnit report: all, changed (not what passed unchanged) or failed",
		},
		{
			"junit-granularity", &j.junitGranularity,
			[]string{"auto", "check", "category", "host"},
			"one case for each check, category or host; auto: check,\nand above 20000 checks what is unchanged by category",
		},
		{
			"junit-name", &j.junitName,
			[]string{"auto", "short", "qualified"},
			"names of cases; qualified ones begin with the host;\nauto: qualified in Azure Pipelines (TF_BUILD)",
		},
		{
			"junit-flavor", &j.junitFlavor,
			[]string{"default", "extended", "surefire"},
			"default is what every consumer reads; extended adds file, line,\nowner and properties; " +
				"surefire flakyFailure for what came up late",
		},
		{
			"preexisting", &j.preExisting,
			[]string{"skipped", "failure", "pass"},
			"what the JUnit report makes of checks that failed before, too: skipped, failure or pass",
		},
	}
}

// check makes sure of what the flags say, before anything is sent.
func (j *junitFlags) check(file string) error {
	for _, c := range j.choices() {
		if *c.value != "" && !slices.Contains(c.words, *c.value) {
			return fmt.Errorf("--%s %q: want %s", c.flag, *c.value, orList(c.words))
		}
		if file == "" && *c.value != "" && *c.value != c.words[0] {
			return fmt.Errorf("--%s %s: say with --junit where the report goes", c.flag, *c.value)
		}
	}
	by, _, err := j.split()
	if err != nil {
		return err
	}
	for _, other := range []string{byOwner, byHost, byGroup, byPart} {
		if mark := "{" + other + "}"; other != by && strings.Contains(file, mark) {
			word := other
			if other == byPart {
				word = "N"
			}
			return fmt.Errorf("--junit %s: a name with %s goes with --junit-split %s", file, mark, word)
		}
	}
	if by != "" && file == "" {
		return fmt.Errorf("--junit-split: say with --junit where the files go: a folder, or a name with {%s} in it", by)
	}
	return nil
}

// byPart is for files of so many cases.
const byPart = "part"

// split is by what the report is parted, and for byPart the most cases in a file.
func (j *junitFlags) split() (by string, most int, err error) {
	switch j.junitSplit {
	case "", byOwner, byHost, byGroup:
		return j.junitSplit, 0, nil
	}
	most, err = strconv.Atoi(j.junitSplit)
	if err != nil || most < 2 {
		return "", 0, fmt.Errorf("--junit-split %q: want owner, host, group or the most cases in a file, from 2 on",
			j.junitSplit)
	}
	return byPart, most, nil
}

func (j *junitFlags) options(a app) junit.Options {
	azure := strings.EqualFold(a.getenv("TF_BUILD"), "true")
	return junit.Options{
		Scope:       junit.Scope(j.junitScope),
		Granularity: junit.Granularity(j.junitGranularity),
		Flavor:      junit.Flavor(j.junitFlavor),
		PreExisting: junit.PreExisting(j.preExisting),
		Qualified:   j.junitName == "qualified" || (j.junitName == "auto" || j.junitName == "") && azure,
	}
}

func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
