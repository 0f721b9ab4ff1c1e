//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// At a terminal the report and what is drawn on the way share one screen. Of the latter
// nothing is left, and of the report nothing is missing.
func TestTheReportAtATerminal(t *testing.T) {
	for _, columns := range []int{60, 80, 100, 200} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			scenario := slowDemo(t, folder)
			raw := atTerminal(t, columns, nil, "postpatch", "demo", scenario, "-v",
				"--junit", filepath.Join(folder, "junit.xml"))
			if !strings.Contains(raw, "hosts done") || !strings.Contains(raw, "\x1b[J") {
				t.Errorf("nothing was drawn on the way: %q", raw)
			}
			screen := vt10x.New(vt10x.WithSize(columns, 600))
			if _, err := screen.Write([]byte(raw)); err != nil {
				t.Fatal(err)
			}
			shown := screen.String()
			if strings.Contains(shown, "hosts done") {
				t.Errorf("what was drawn on the way is left:\n%s", strings.TrimRight(shown, " \n"))
			}
			for _, want := range []string{
				"$ postpatch capture", "Baseline capture", "FAILING NOW (3)", "the maintenance window",
				"Post-patch verification", "✗ sql01.acme.test", "HOST  ", "VERDICT  FAIL", "Reports  ", "exit 1",
			} {
				i := strings.Index(shown, want)
				if i < 0 {
					t.Fatalf("%q is missing, or out of order:\n%s", want, strings.TrimRight(shown, " \n"))
				}
				shown = shown[i:]
			}
		})
	}
}

// slowDemo unpacks the demo with one server that takes a quarter of a second over each answer:
// of a run that is over at once nothing is drawn on the way.
func slowDemo(t *testing.T, folder string) (scenario string) {
	t.Helper()
	if err := unpack(folder); err != nil {
		t.Fatal(err)
	}
	estate := filepath.Join(folder, "acme.estate.yaml")
	text, err := os.ReadFile(estate)
	if err != nil {
		t.Fatal(err)
	}
	const server = "  dc01.acme.test:\n"
	slow := strings.Replace(string(text), server, server+"    think: 250ms\n", 1)
	if slow == string(text) {
		t.Fatal("the demo has no dc01.acme.test")
	}
	if err := os.WriteFile(estate, []byte(slow), 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "acme.scenario.yaml")
}

// What the environment says of the terminal is heeded: no escape reaches one that knows none.
func TestATerminalThatKnowsNoEscapes(t *testing.T) {
	for _, env := range []string{"TERM=dumb", "CI=true"} {
		raw := atTerminal(t, 100, []string{env}, "postpatch", "demo", "--out", t.TempDir())
		if strings.Contains(raw, "\x1b") {
			t.Errorf("with %s there are escapes", env)
		}
		if !strings.Contains(raw, "sql01.acme.test REGRESSION: 3 regressed") {
			t.Errorf("with %s no line tells of the host:\n%s", env, raw)
		}
	}
	raw := atTerminal(t, 100, []string{"NO_COLOR=1"}, "postpatch", "demo", "--out", t.TempDir())
	if strings.Contains(raw, "\x1b[3") || !strings.Contains(raw, "✗ sql01.acme.test") {
		t.Errorf("with NO_COLOR there are colours, or no signs:\n%q", raw)
	}
}

// atTerminal runs a command at a terminal and returns what it wrote there.
func atTerminal(t *testing.T, columns int, env []string, command string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command, args...)
	cmd.Env = append(cmd.Environ(), "TERM=xterm-256color", "CI=", "NO_COLOR=", "FORCE_COLOR=", "CLICOLOR_FORCE=")
	cmd.Env = append(cmd.Env, env...)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(columns), Rows: 40})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	out, _ := io.ReadAll(terminal) // ends with an error when the program has ended
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return string(out)
}
