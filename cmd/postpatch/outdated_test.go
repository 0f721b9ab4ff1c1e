package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/html"
)

// noRoom is a view that finds no room for what it has to say.
type noRoom struct{ report.Handler }

func (f noRoom) Finish(s report.Summary) error {
	if err := f.Handler.Finish(s); err != nil {
		return err
	}
	return errors.New("no space left")
}

// In the place of a report that could not be written stands none of an earlier run, which
// a pipeline would take for it: a green one of last month.
func TestNoReportOfAnEarlierRunStandsForThisOne(t *testing.T) {
	a := app{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }}
	for name, of := range map[string]struct {
		old  string
		open func(folder string) (*reportFile, error)
	}{
		"junit": {"out.xml", func(folder string) (*reportFile, error) {
			return (&junitFlags{}).open(a, filepath.Join(folder, "out.xml"))
		}},
		"split": {"web.xml", func(folder string) (*reportFile, error) {
			return (&junitFlags{junitSplit: byOwner}).open(a, folder)
		}},
		"html-dir": {"report.html", func(folder string) (*reportFile, error) {
			return openHTMLDir(folder, html.Options{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			for _, file := range []string{of.old, "suite.yaml"} {
				if err := os.WriteFile(filepath.Join(folder, file), []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f, err := of.open(folder)
			if err != nil {
				t.Fatal(err)
			}
			f.view = noRoom{f.view}
			var said strings.Builder
			v := &views{Handler: report.Tee(), files: []*reportFile{f}, talk: app{stderr: &said}.talk}
			junitNight(t, v, 2)
			if err := v.Finish(report.Summary{}); err != nil {
				t.Fatal(err)
			}
			if got := namesIn(t, folder); got != "suite.yaml" && got != "data suite.yaml" {
				t.Errorf("there are %s", got)
			}
			if !strings.Contains(said.String(), "no space left") {
				t.Errorf("said %s", &said)
			}
		})
	}
}

// Of a run whose results could not be kept nobody is told how to tell it again.
func TestARunThatIsNotKeptSaysSo(t *testing.T) {
	v := &views{talk: app{stderr: io.Discard}.talk, record: &record{err: errors.New("no space left")}}
	if v.kept(report.Summary{}) {
		t.Error("it is said to be kept")
	}
	if v.record = nil; !v.kept(report.Summary{}) {
		t.Error("what was kept before is said to be lost")
	}
}
