package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/suites/inventory/directory/directorytest"
)

var update = flag.Bool("update", false, "write the README's and the scripts' outputs anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"postpatch": main, "keeper": keeper, "lab-patch": labPatch})
}

// TestScripts plays the stories in testdata/script. Beside testscript's own
// commands they have:
//
//	exits N command…   runs the command and wants this very exit code
//	lab FILE           starts a lab in this process; its addresses are in lab.json,
//	                   beside lab.ca.pem and lab.krb5.conf
//	state NAME         switches the lab
//	directory NAME…    has a directory know these computers, see startDirectory
//	hook NAME STATUS… starts a receiver; its address is in $HOOK_NAME, and what comes in NAME-1.json and so on
//	redate FILE FIELD DURATION   has a time in a sealed file be so long from now
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LAB_PASSWORD", "open-sesame")
			env.Values[labKey{}] = &running{}
			return onlyOursToChange(env.WorkDir)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "lab": startLab, "state": switchState, "flip": flip,
			"redate": redate, "directory": startDirectory, "hook": hook,
		},
		UpdateScripts: *update,
	})
}

// onlyOursToChange makes the files of a story what they are with most umasks: the
// program takes no credentials from a file that others can change.
func onlyOursToChange(folder string) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return os.Chmod(path, 0o644)
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command [args…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

type labKey struct{}

func startLab(ts *testscript.TestScript, _ bool, args []string) {
	e, err := estate.Load(ts.MkAbs(args[0]))
	ts.Check(err)
	l, err := lab.Start(context.Background(), e, lab.Options{})
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	document, err := json.Marshal(l.Addresses(""))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("lab.json"), document, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("lab.ca.pem"), l.CA(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("lab.known_hosts"), l.KnownHosts(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("lab.krb5.conf"), []byte(l.Krb5Conf()), 0o644))
	ts.Value(labKey{}).(*running).lab = l
}

type running struct {
	lab       *lab.Lab
	directory *directorytest.Server
}

func switchState(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Value(labKey{}).(*running).lab.Switch(args[0]))
}

// flip changes one byte in the middle of a file, as a bad disk or an editor does.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	content, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	content[len(content)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o644))
}
