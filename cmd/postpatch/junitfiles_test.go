package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/runner/report"
)

// junitNight is a run of hosts with a check each of two owners.
func junitNight(t *testing.T, v report.Handler, hosts int) {
	t.Helper()
	if err := v.Start(report.Run{Command: "verify", Checks: 2 * hosts}); err != nil {
		t.Fatal(err)
	}
	for i := range hosts {
		err := v.Host(report.Host{Host: fmt.Sprintf("srv%04d", i), Checks: []report.Check{
			{ID: "a", Suite: "web", Owner: "web", Outcome: report.Passed},
			{ID: "b", Suite: "sql", Owner: "dba", Outcome: report.Regressed, Failing: true},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func namesIn(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// A run that is cut off leaves no file of its parts, and one that is done nothing else.
func TestFilesOfPartsAreThereTogetherOrNotAtAll(t *testing.T) {
	const hosts = 300
	for split, want := range map[string]string{
		"owner": "dba.xml web.xml", "group": "sql.xml web.xml", "400": "0001.xml 0002.xml", "host": "srv0000.xml … srv0299.xml",
	} {
		t.Run(split, func(t *testing.T) {
			folder := t.TempDir()
			flags := junitFlags{junitSplit: split}
			a := app{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }}
			f, err := flags.open(a, folder)
			if err != nil {
				t.Fatal(err)
			}
			junitNight(t, f.view, hosts)
			for name := range strings.FieldsSeq(namesIn(t, folder)) {
				if !strings.HasPrefix(name, ".") {
					t.Errorf("%s is there before the run is done", name)
				}
			}
			(&views{files: []*reportFile{f}}).discard()
			if left := namesIn(t, folder); left != "" {
				t.Errorf("of a run that was cut off there is %s", left)
			}
			if f, err = flags.open(a, folder); err != nil {
				t.Fatal(err)
			}
			junitNight(t, f.view, hosts)
			if err := f.finish(report.Summary{}); err != nil {
				t.Fatal(err)
			}
			got := namesIn(t, folder)
			if split == "host" {
				all := strings.Fields(got)
				got = all[0] + " … " + all[len(all)-1]
				if len(all) != hosts {
					t.Errorf("%d files of %d hosts", len(all), hosts)
				}
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			failures := 0
			files, err := filepath.Glob(filepath.Join(folder, "*.xml"))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				failures += bytes.Count(text, []byte("<failure "))
				if !bytes.HasSuffix(text, []byte("</testsuites>\n")) {
					t.Errorf("%s is not whole", file)
				}
			}
			if failures != hosts {
				t.Errorf("%d failures of %d", failures, hosts)
			}
		})
	}
}

// Of an earlier run that had more parts none is left among this run's; what has another name
// is somebody else's.
func TestNoPartOfAnEarlierRunIsLeft(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"0001.xml", "0002.xml", "0003.xml", "12.xml", "unit.xml", "0004.txt"} {
		write(t, filepath.Join(folder, name), "old")
	}
	var said bytes.Buffer
	flags := junitFlags{junitSplit: "4"}
	f, err := flags.open(app{stderr: &said, getenv: func(string) string { return "" }}, folder)
	if err != nil {
		t.Fatal(err)
	}
	junitNight(t, f.view, 2)
	if err := f.finish(report.Summary{}); err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, folder); got != "0001.xml 0004.txt 12.xml unit.xml" {
		t.Errorf("there are %s", got)
	}
	if !strings.Contains(said.String(), "not of this run: 12.xml, unit.xml") {
		t.Errorf("said %q", &said)
	}
}
