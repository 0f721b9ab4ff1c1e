package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postpatch/baseline"
	"postpatch/runner"
)

// Whatever is deleted, cut, flipped, taken from elsewhere or added in what is stored of
// a run or of its baseline, there is no verdict but exit code 2: of a run that passes,
// of one that fails and of one where another machine answers.
func TestNoDamagedRunIsJudged(t *testing.T) {
	for name, exit := range map[string]int{
		"N04-another-node-owns-the-database": runner.ExitOK, "S01-domain-controllers-reboot": runner.ExitBroken,
		"S16-cloned-machines": runner.ExitBroken,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := readScenario("../../examples/scenarios/" + name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			st, verified, _ := played(t, s)
			a := archive{stage: st, files: storedFiles(t, st.store)}
			if len(a.files) != 2*(3+len(verified)) {
				t.Fatalf("%d hosts, %d files", len(verified), len(a.files))
			}
			if got, err := a.judged(t.Context()); err != nil || got != exit {
				t.Fatalf("exit %d, %v, before anything is damaged", got, err)
			}
			for _, file := range slices.Sorted(maps.Keys(a.files)) {
				for what, content := range a.harms(file) {
					a.damaged(t, file, what, content)
				}
			}
			a.swapped(t)
			if got, err := a.judged(t.Context()); err != nil || got != exit {
				t.Errorf("exit %d, %v, when all is in its place again", got, err)
			}
		})
	}
}

// archive is a store with a run and its baseline, and what is in it.
type archive struct {
	stage
	files map[string][]byte
}

func storedFiles(t *testing.T, store string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, run := range []string{"demo", "demo-verify"} {
		err := filepath.WalkDir(filepath.Join(store, run), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				files[path], err = os.ReadFile(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// harms are what may stand in place of a file; nil for nothing.
func (a archive) harms(file string) map[string][]byte {
	good := a.files[file]
	all := map[string][]byte{
		"gone": nil, "empty": {}, "cut to a half": good[:len(good)/2], "cut at its end": good[:len(good)-1],
		"longer": append(bytes.Clone(good), '\n'),
	}
	const flips = 7
	for i := range flips {
		at := i * (len(good) - 1) / (flips - 1)
		flipped := bytes.Clone(good)
		flipped[at] ^= 1
		all[fmt.Sprintf("flipped at %d", at)] = flipped
	}
	for other, content := range a.files {
		if !bytes.Equal(content, good) {
			all["taken from "+other] = content
		}
	}
	return all
}

func (a archive) damaged(t *testing.T, file, what string, content []byte) {
	t.Helper()
	defer a.put(t, file, a.files[file])
	a.put(t, file, content)
	isBaseline := strings.HasPrefix(file, filepath.Join(a.store, "demo")+string(filepath.Separator))
	exit, err := a.judged(t.Context())
	found, notFound := a.asBaseline(t)
	if begun(file) && content == nil { // runs of the first versions have none
		if err != nil || found != nil {
			t.Errorf("%s %s: judged %v, as a baseline %v", file, what, err, found)
		}
		return
	}
	damage := (*baseline.Damage)(nil)
	if !errors.As(err, &damage) {
		t.Errorf("%s %s: exit %d, %v", file, what, exit, err)
	}
	if isBaseline && (!errors.As(found, &damage) || notFound == nil) || !isBaseline && found != nil {
		t.Errorf("%s %s: as a baseline %v, looked for %v", file, what, found, notFound)
	}
}

func (a archive) put(t *testing.T, file string, content []byte) {
	t.Helper()
	err := os.Remove(file)
	if content != nil {
		err = os.WriteFile(file, content, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

// judged judges the run again by its baseline.
func (a archive) judged(ctx context.Context) (exit int, err error) {
	summary, err := rejudge(ctx, a.app, judgeJob{
		inputs:  inputs{store: a.store, name: "demo-verify", plan: a.scenario.Plan.path, scripts: true, atOnce: 1},
		outputs: outputs{progress: "never", color: "never"}, suites: a.scenario.files(),
	})
	return summary.ExitCode, err
}

// asBaseline finds the baseline as verify does before it contacts a host: by its name,
// and as the newest.
func (a archive) asBaseline(t *testing.T) (byName, newest error) {
	t.Helper()
	in := inputs{scripts: true, atOnce: 1}
	j, err := in.load(t.Context(), a.app, a.scenario.files())
	if err != nil {
		t.Fatal(err)
	}
	defer j.logins.Close()
	store, err := openStore(a.store, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	_, _, byName = findBaseline(t.Context(), store, "demo", j)
	_, _, newest = findBaseline(t.Context(), store, "", j)
	return byName, newest
}

// swapped lets files change places, and one be there under another name too.
func (a archive) swapped(t *testing.T) {
	t.Helper()
	paths := slices.Sorted(maps.Keys(a.files))
	for i, one := range paths {
		for _, other := range paths[i+1:] {
			if begun(one) && begun(other) || bytes.Equal(a.files[one], a.files[other]) {
				continue
			}
			a.put(t, one, a.files[other])
			a.put(t, other, a.files[one])
			if exit, err := a.judged(t.Context()); err == nil {
				t.Errorf("%s and %s swapped: exit %d", one, other, exit)
			}
			a.put(t, one, a.files[one])
			a.put(t, other, a.files[other])
		}
		if filepath.Base(filepath.Dir(one)) == "hosts" {
			twice := filepath.Join(filepath.Dir(one), "other.jsonl.zst")
			a.put(t, twice, a.files[one])
			if exit, err := a.judged(t.Context()); err == nil {
				t.Errorf("%s is there twice: exit %d", one, exit)
			}
			a.put(t, twice, nil)
		}
	}
}

func begun(file string) bool { return filepath.Base(file) == "begun.json" }
