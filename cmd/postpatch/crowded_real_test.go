//go:build real && linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const (
	diskPages = 64   // of the file system that gets full
	pageSize  = 4096 // a file takes whole ones

	ownMounts = "POSTPATCH_TEST_OWN_MOUNTS" // is set where a test may mount
)

// withOwnMounts carries a test out once more, in a process that may mount what nobody
// else sees: as root, or as a user whom the kernel lets be root of their own. It is not
// ok in the process that only waits for that.
func withOwnMounts(t *testing.T) (ok bool) {
	t.Helper()
	if os.Getenv(ownMounts) != "" {
		// What is mounted is not to be seen outside.
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		return true
	}
	test := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.count=1", "-test.run=^"+t.Name()+"$")
	test.Env = append(os.Environ(), ownMounts+"=1")
	test.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		test.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		test.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		test.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := test.CombinedOutput()
	if errors.Is(err, syscall.EPERM) && os.Getenv("CI") == "" {
		t.Skip("mounting is not allowed here; TestFilesMayNotGrow tries the same in another way")
	}
	t.Logf("in a process of its own:\n%s", out)
	if err != nil {
		t.Error(err)
	}
	return false
}

// smallDisk mounts a file system of few pages on the folder disk.
func smallDisk(t *testing.T) {
	t.Helper()
	size := fmt.Sprintf("size=%d", diskPages*pageSize)
	if err := syscall.Mount("tmpfs", "disk", "tmpfs", 0, size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount("disk", syscall.MNT_DETACH) })
}

// fill leaves so many pages free.
func fill(t *testing.T, free int) {
	t.Helper()
	f, err := os.Create("disk/filler")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	page, pages := make([]byte, pageSize), 0
	for ; err == nil; pages++ {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(max(0, pages-1-free)) * pageSize); err != nil {
		t.Fatal(err)
	}
}

func TestFullDisk(t *testing.T) {
	if !withOwnMounts(t) {
		return
	}
	crowdedEnvironment(t)
	smallDisk(t)
	for _, command := range []string{"capture", "verify"} {
		c := crowded{command: command}
		stages := c.everyStep(t, "no space left on device",
			func(free int) crowded { fill(t, free); return c },
			func() {
				if err := os.RemoveAll("disk/filler"); err != nil {
					t.Fatal(err)
				}
			})
		want := []string{"begun.json", "hosts", "manifest.json", "manifest.json.sig", "results.jsonl.zst"}
		if command == "capture" { // there is room for reports when the samples are gone
			want = append(want, "samples")
		} else {
			want = append(want, "out.jsonl", "out.xml")
		}
		for _, stage := range want {
			if !slices.Contains(stages, stage) {
				t.Errorf("%s: no try without room for %s, only for %s", command, stage, stages)
			}
		}
		t.Logf("%s: no room for %s", command, stages)
	}
}

// A store that cannot be written is read all the same, and what wants to write says so
// before a host is asked.
func TestReadOnlyStore(t *testing.T) {
	if !withOwnMounts(t) {
		return
	}
	crowdedEnvironment(t)
	smallDisk(t)
	for _, c := range []crowded{{command: "capture"}, {command: "verify"}} {
		name := map[string]string{"capture": "before", "verify": "after"}[c.command]
		if code, _, said := c.run(t, "--name", name); code != 0 {
			t.Fatal(said)
		}
	}
	if err := syscall.Mount("", "disk", "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"capture", "verify"} {
		code, stdout, said := crowded{command: command}.run(t, "--name", "run")
		const why = `writing "disk/store/run/begun.json": read-only file system`
		if code != 2 || stdout != "" || !strings.Contains(said, why) {
			t.Errorf("%s exits %d: %s%s", command, code, stdout, said)
		}
	}
	for _, args := range [][]string{
		{"judge", "after", "fleet.suite.yaml"}, {"diff", "before", "after"}, {"baselines", "verify"},
	} {
		if code, _, said := (crowded{command: args[0]}).run(t, args[1:]...); code != 0 {
			t.Errorf("%s exits %d: %s", args, code, said)
		}
	}
	code, _, said := crowded{command: "baselines"}.run(t, "rm", "after")
	if code != 2 || !strings.Contains(said, "read-only") {
		t.Errorf("baselines rm exits %d: %s", code, said)
	}
}

// One file that the account may not read is told with what to do, and restoring it
// from a copy is not that. A run is not taken up without it: it may be whole.
func TestNoRightToOneFile(t *testing.T) {
	crowdedEnvironment(t)
	// What root may do beside the file's mode is taken from the program alone.
	c := crowded{prefix: []string{"setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"}}
	if os.Getuid() != 0 {
		c.prefix = nil
	}
	run := func(command string, more ...string) (int, string) {
		c.command = command
		code, stdout, said := c.run(t, more...)
		if strings.Contains(stdout, "VERDICT") && code == 2 {
			t.Errorf("%s tells a verdict: %s", command, stdout)
		}
		return code, said
	}
	if code, said := run("capture", "--name", "before"); code != 0 {
		t.Fatal(said)
	}
	if code, said := run("verify", "--name", "after"); code != 0 {
		t.Fatal(said)
	}
	file := "disk/store/before/hosts/srv02.jsonl.zst"
	mode := func(m fs.FileMode) {
		if err := os.Chmod(file, m); err != nil {
			t.Fatal(err)
		}
	}
	mode(0)
	const told = `host "srv02" in baseline before cannot be read: permission denied; ` +
		"the account that runs postpatch needs the right to read it"
	for _, args := range [][]string{
		{"verify", "--name", "again"},
		{"judge", "after", "fleet.suite.yaml"},
		{"diff", "before", "after"},
		{"accept", "after", "fleet.suite.yaml"},
		{"baselines", "verify"},
		{"baselines", "show", "before"},
	} {
		if code, said := run(args[0], args[1:]...); code != 2 || !strings.Contains(said, told) {
			t.Errorf("%s exits %d: %s", args, code, said)
		}
	}
	if err := os.Remove(filepath.Join("disk/store/before/manifest.json")); err != nil {
		t.Fatal(err)
	}
	code, said := run("capture", "--name", "before", "--resume")
	if code != 2 || !strings.Contains(said, `reading "`+file+`": permission denied`) {
		t.Errorf("taking it up exits %d: %s", code, said)
	}
	mode(0o640)
	if code, said := run("capture", "--name", "before", "--resume"); code != 0 {
		t.Errorf("with the right again: %d %s", code, said)
	}
}
