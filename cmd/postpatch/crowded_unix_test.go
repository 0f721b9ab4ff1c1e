//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const crowdedEstate = `estate: fleet
hosts:
  srv[01-03]:
    winrm: {http: true, user: 'FLEET\probe', password: lab}
    os: {boot: 2026-10-14T02:31:00Z}
    services:
      W3SVC: {state: Running, mode: Auto, account: LocalSystem}
`

const crowdedSuite = `suite: fleet
hosts: [srv01, srv02, srv03]
checks:
  - service: W3SVC
  - os: {}
`

// crowded is a run whose store and reports are in the folder disk, where there is too
// little room.
type crowded struct {
	command string
	prefix  []string // what the command line begins with; empty for the program itself
}

// crowdedEnvironment makes what the runs need, in the test's own folder.
func crowdedEnvironment(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "fleet.estate.yaml", crowdedEstate)
	write(t, "fleet.suite.yaml", crowdedSuite)
	write(t, "keys.yaml", thousandCredentials(`FLEET\probe`, "auth: ntlm"))
	t.Setenv("LAB_PASSWORD", "lab")
	if err := os.WriteFile("key.pem", newSigningKey(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("disk", 0o755); err != nil {
		t.Fatal(err)
	}
	startLabProcess(t, "postpatch")
}

// run carries the command out, and returns its exit code and what it said.
func (c crowded) run(t *testing.T, more ...string) (code int, stdout, stderr string) {
	t.Helper()
	args := append(slices.Clone(c.prefix), "postpatch", c.command)
	switch c.command {
	case "capture", "verify":
		args = append(args, "fleet.suite.yaml", "--credentials", "keys.yaml", "--connect-to", "lab.json",
			"--concurrency", "1", "--progress", "never", "--sign", "key.pem")
	}
	args = append(append(args, "--store", "disk/store"), more...)
	var out, talk bytes.Buffer
	process := exec.CommandContext(t.Context(), args[0], args[1:]...)
	process.Stdout, process.Stderr = &out, &talk
	err := process.Run()
	exit := (*exec.ExitError)(nil)
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return process.ProcessState.ExitCode(), out.String(), talk.String()
}

// flags are those of the run that is tried.
func (c crowded) flags() []string {
	flags := []string{"--name", "run", "--junit", "disk/out.xml", "--json", "disk/out.jsonl"}
	if c.command == "capture" {
		return append(flags, "--samples", "2", "--every", "1ms")
	}
	return append(flags, "--baseline", "before")
}

// Whatever file of a run has no room: the run is none, and says which file it is, why
// and what to do. Nothing stands half under its name. With room, it is taken up. The
// squeeze makes so little room that at least n steps more succeed, and the release
// all that is wanted. It returns the files for which there was none.
func (c crowded) everyStep(t *testing.T, cause string, squeeze func(n int) crowded, release func()) []string {
	t.Helper()
	stages := map[string]bool{}
	for n := range 100 {
		release()
		for _, left := range []string{"disk/store", "disk/out.xml", "disk/out.jsonl"} {
			if err := os.RemoveAll(left); err != nil {
				t.Fatal(err)
			}
		}
		if code, _, said := (crowded{command: "capture"}).run(t, "--name", "before"); code != 0 {
			t.Fatalf("with room enough: %d %s", code, said)
		}
		code, stdout, said := squeeze(n).run(t, c.flags()...)
		allWhole(t, "disk")
		stage := stageOf(said)
		if code == 0 && stage == "" {
			return slices.Sorted(maps.Keys(stages))
		}
		stages[stage] = true
		isReport := strings.HasPrefix(stage, "out.")
		want, wayOut := 2, "the same command with --name run --resume"
		if isReport { // which changes no verdict
			want, wayOut = 0, "postpatch report run --store disk/store"
		}
		if code != want || stage == "" || !strings.Contains(said, cause) {
			t.Fatalf("step %d: exits %d and says %s", n, code, said)
		}
		if strings.Contains(stdout, "VERDICT") != isReport {
			t.Errorf("step %d, at %s: a verdict of a run that is none, or none of one: %s", n, stage, stdout)
		}
		release()
		counts, _, _ := crowded{command: "baselines"}.run(t, "verify", "run")
		if (counts == 0) != isReport {
			t.Errorf("step %d, at %s: reading the run exits %d", n, stage, counts)
		}
		if stage != "begun.json" && !strings.Contains(said, wayOut) {
			t.Errorf("step %d, at %s: no way out in %s", n, stage, said)
		}
		again, args := c, append(c.flags(), "--resume")
		if isReport {
			again = crowded{command: "report"}
			args = []string{"run", "--junit", "disk/out.xml", "--json", "disk/out.jsonl"}
		}
		if code, _, said := again.run(t, args...); code != 0 {
			t.Fatalf("step %d, at %s: with room again, it exits %d: %s", n, stage, code, said)
		}
		allWhole(t, "disk")
		if code, _, said := (crowded{command: "baselines"}).run(t, "verify", "run", "before"); code != 0 {
			t.Errorf("step %d, at %s: what was taken up: %d %s", n, stage, code, said)
		}
		for _, report := range []string{"disk/out.xml", "disk/out.jsonl"} {
			if _, err := os.Stat(report); err != nil {
				t.Errorf("step %d, at %s: %v", n, stage, err)
			}
		}
	}
	t.Fatal("it never succeeds")
	return nil
}

// stageOf is the file that could not be written: its name, or its folder's where there
// is one for each host.
func stageOf(said string) string {
	file := regexp.MustCompile(`writing "disk/([^"]+)"`).FindStringSubmatch(said)
	if file == nil {
		return ""
	}
	for _, folder := range []string{"hosts", "samples"} {
		if strings.Contains(file[1], "/"+folder+"/") {
			return folder
		}
	}
	return filepath.Base(file[1])
}

// allWhole makes sure that whatever stands under its name in a folder is whole, and that
// nothing else is left.
func allWhole(t *testing.T, folder string) {
	t.Helper()
	unpack, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unpack.Close()
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "filler" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		isWhole := false
		switch filepath.Ext(path) {
		case ".zst":
			text, err := unpack.DecodeAll(content, nil)
			isWhole = err == nil && bytes.HasSuffix(text, []byte("}\n"))
		case ".json":
			isWhole = json.Valid(content)
		case ".jsonl":
			isWhole = bytes.Contains(content, []byte(`"summary":{`)) && bytes.HasSuffix(content, []byte("}\n"))
		case ".sig":
			block, _ := pem.Decode(content)
			isWhole = block != nil
		case ".xml":
			for decoder := xml.NewDecoder(bytes.NewReader(content)); err == nil; {
				_, err = decoder.Token()
			}
			isWhole = errors.Is(err, io.EOF)
		}
		if !isWhole {
			t.Errorf("%s stands there half: %.200q", path, content)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestFilesMayNotGrow lets no file grow beyond a limit, which the system
// sets for any user: the next one that is longer fails in its middle.
func TestFilesMayNotGrow(t *testing.T) {
	crowdedEnvironment(t)
	for _, command := range []string{"capture", "verify"} {
		c := crowded{command: command}
		limited := func(blocks int) crowded {
			c.prefix = []string{"sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$@"`, blocks), "sh"}
			return c
		}
		stages := c.everyStep(t, "file too large", limited, func() {})
		t.Logf("%s: no room for %s", command, stages)
		if len(stages) < 3 {
			t.Errorf("%s: only %s were tried", command, stages)
		}
	}
}
