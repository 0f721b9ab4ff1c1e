package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// gone is a stdout whose reader has gone.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// Whatever stdout gets, that nobody reads it ends no run: the files are there, what is
// missing is named, and the exit code is the verdict's.
func TestAStdoutThatIsGoneEndsNoRun(t *testing.T) {
	const results = "../../runner/report/text/testdata/mixed.jsonl"
	wants, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	for _, flags := range []string{
		"--format text", "--format tap", "--format teamcity", "--format markdown", "--format nagios", "--ci github",
		"--ci azure", "--ci gitlab", "--ci teamcity", "--format tap --redact",
	} {
		t.Run(flags, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "again.jsonl")
			var talk bytes.Buffer
			args := append([]string{"report", results, "--exit-code", "--json", file}, strings.Fields(flags)...)
			want := 1
			if strings.HasSuffix(flags, formNagios) {
				want = 2 // what is critical
			}
			code := run(t.Context(), args, app{stdout: gone{}, stderr: &talk, getenv: func(string) string { return "" }})
			if code != want {
				t.Errorf("exit %d, want %d", code, want)
			}
			if !strings.Contains(talk.String(), "on standard output: ") || !strings.Contains(talk.String(), "broken pipe") {
				t.Errorf("want stdout named, got %s", &talk)
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(flags, "--redact") && !bytes.Equal(got, wants) {
				t.Error("the file is another than what was read")
			}
		})
	}
}
