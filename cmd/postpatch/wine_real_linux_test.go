//go:build real

package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/cmd/postpatch/realtest/wine"
)

// TestRealWineReboot asks a machine of Wine's from within, before and after a reboot:
// one service fails to start, one was disabled, one has lost its program, and one comes
// late. It is a second implementation of the Windows API, and no Windows.
func TestRealWineReboot(t *testing.T) {
	h := startHome(t)
	code, out := h.run(t, "explain", "local")
	says(t, code, 0, out, "service control manager")
	code, out = h.run(t, "capture", "--local", "nowhere.suite.yaml")
	says(t, code, 2, out, "no host of the suites is this machine, which is called localhost")

	code, out = h.run(t, "capture", "--local", "home.suite.yaml", "--name", "before", "-v")
	says(t, code, 3, unlaid(out), "on the machine itself", "could not run PowerShell: it wrote nothing")
	lacks(t, out, "[FAIL]")

	h.patch(t)
	h.reboot(t)
	code, out = h.run(t, "verify", "--local", "home.suite.yaml", "--plan", "home.plan.yaml", "--baseline", "before",
		"--name", "early", "-v")
	says(t, code, 1, unlaid(out),
		"service/ppFails\nstate running -> stopped expected running\nexit_code 1066, by its own code 42",
		"service/ppOff\nstate running -> stopped expected running\nexit_code 1077, not started since the boot",
		"start_mode auto -> disabled",
		"gone", "exit_code 1077, not started since the boot",
		"not_yet_started (empty) -> ppLate",
		"os.boot_time", "build 7601.5000 -> 7601.5329", "same rebooted\n",
	)
	lacks(t, unlaid(out), "has not rebooted", "cannot be told")
	h.isWritten(t, out)

	h.waits.Store(true)
	code, out = h.run(t, "verify", "--local", "home.suite.yaml", "--plan", "late.plan.yaml", "--baseline", "before",
		"--name", "late", "--wait", "--only", "late,page")
	says(t, code, 0, unlaid(out), "after the start LocalHost late ppLate state: was not yet started")
}

// isWritten holds what was said against what examples/wine.md shows: what broke, and the
// table. What rules hide is more or less, as the late service has begun to start or not.
func (h *home) isWritten(t *testing.T, out string) {
	t.Helper()
	_, broke, _ := strings.Cut(out, "\n\n")
	broke, rest, _ := strings.Cut(broke, " unchanged check")
	_, table, found := strings.Cut(rest, "\nHOST ")
	table, _, ended := strings.Cut(table, "\n\n")
	if !found || !ended {
		t.Fatalf("it has no table:\n%s", out)
	}
	got := broke[:strings.LastIndex(broke, "\n\n")] + "\n\nHOST " + table + "\n"
	const page = "../../examples/wine.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	start, end := block(t, string(text), "wine")
	if *update {
		write(t, page, string(text[:start])+got+string(text[end:]))
		return
	}
	undated := func(text string) string {
		return regexp.MustCompile(`\d{4}-\d\d-\d\dT`).ReplaceAllString(steady(text), "")
	}
	if d := cmp.Diff(undated(string(text[start:end])), undated(got)); d != "" {
		t.Errorf("%s does not show what comes out (-it +now); -update writes it anew:\n%s", page, d)
	}
}

// unlaid is a text without its layout.
func unlaid(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// home is a machine of Wine's with this program.
type home struct {
	wine.Machine
	dir   string      // where the program works
	waits atomic.Bool // somebody waits until the late service has come
	looks atomic.Int32
}

// startHome makes the machine, half an hour ago by its own clock, with five services that
// run and a suite that looks at them.
func startHome(t *testing.T) *home {
	t.Helper()
	_, ci := os.LookupEnv("CI")
	if err := wine.Installed(); err != nil || runtime.GOARCH != "amd64" {
		if ci && err != nil {
			t.Fatal(err)
		}
		t.Skip("no Wine for amd64")
	}
	h := &home{Machine: wine.Machine{Dir: filepath.Join(t.TempDir(), "machine")}, dir: t.TempDir()}
	overlay := h.overlay(t)
	h.build(t, overlay, "postpatch.exe", ".")
	h.build(t, overlay, "service.exe", "./testdata/wineservice")
	t.Cleanup(func() {
		if err := h.Halt(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("halting the machine: %v", err)
		}
	})
	h.ago(t, "-30m")
	if err := errors.Join(h.Create(t.Context()), h.Boot(t.Context())); err != nil {
		t.Fatal(err)
	}
	h.files(t)
	for _, name := range []string{"ppWell", "ppFails", "ppOff", "ppGone", "ppLate"} {
		copied(t, filepath.Join(h.dir, "service.exe"), h.Path(name+".exe"))
		h.do(t, `C:\`+name+".exe", "install", name)
	}
	const version = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	h.do(t, "reg", "add", version, "/v", "UBR", "/t", "REG_DWORD", "/d", "5000", "/f")
	h.do(t, "reg", "add", version, "/v", "EditionID", "/d", "ServerStandard", "/f")
	h.do(t, "reg", "add", version, "/v", "InstallationType", "/d", "Server", "/f")
	h.do(t, "reg", "add", `HKLM\SYSTEM\CurrentControlSet\Services\ppLate`, "/v", "DelayedAutostart",
		"/t", "REG_DWORD", "/d", "1", "/f")
	h.do(t, "reg", "add", `HKLM\SYSTEM\CurrentControlSet\Control`, "/v", "AutoStartDelay", "/t", "REG_DWORD",
		"/d", "1000", "/f") // Wine means milliseconds
	return h
}

// files puts the suite and the plan into place. Its page is out of order at the first look
// of those that wait, so that there is a second, and then the late service may come.
func (h *home) files(t *testing.T) {
	t.Helper()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !h.waits.Load() {
			return
		}
		if h.looks.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if err := os.Remove(h.Path("ppLate.waits")); err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
	}))
	t.Cleanup(page.Close)
	for _, name := range []string{"home.suite.yaml", "home.plan.yaml", "late.plan.yaml"} {
		text, err := os.ReadFile(filepath.Join("testdata/wine", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(h.dir, name), strings.ReplaceAll(string(text), "PAGE", page.URL))
	}
	write(t, filepath.Join(h.dir, "nowhere.suite.yaml"), "suite: nowhere\nhosts: [nowhere]\nchecks:\n  - os: {}\n")
}

// patch does to the machine what goes wrong in the night, and what should go right.
func (h *home) patch(t *testing.T) {
	t.Helper()
	write(t, h.Path("ppFails.fails"), "")
	write(t, h.Path("ppLate.waits"), "")
	h.do(t, "service.exe", "disable", "ppOff")
	if err := os.Rename(h.Path("ppGone.exe"), h.Path("ppGone.old")); err != nil {
		t.Fatal(err)
	}
	h.do(t, "reg", "add", `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "/v", "UBR", "/t", "REG_DWORD",
		"/d", "5329", "/f")
}

// reboot switches the machine off and on, and sets its clock right.
func (h *home) reboot(t *testing.T) {
	t.Helper()
	if err := h.Halt(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.ago(t, "+0")
	if err := h.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// ago sets the clock of what is run from now on: it takes Debian's package faketime.
func (h *home) ago(t *testing.T, offset string) {
	t.Helper()
	const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
	if _, err := os.Stat(library); err != nil {
		t.Fatalf("looking for the package faketime: %v", err)
	}
	t.Setenv("LD_PRELOAD", library)
	t.Setenv("FAKETIME", offset)
	t.Setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

// run runs this program on the machine, and says what it wrote.
func (h *home) run(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	command := h.Command(t.Context(), filepath.Join(h.dir, "postpatch.exe"), args...)
	command.Dir = h.dir
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v\n%s%s", args, err, &stdout, &stderr)
	}
	out = stdout.String()
	if out == "" {
		out = stderr.String()
	}
	return command.ProcessState.ExitCode(), strings.ReplaceAll(out, "\r\n", "\n")
}

// do runs another program on the machine, which has to succeed.
func (h *home) do(t *testing.T, args ...string) {
	t.Helper()
	command := h.Command(t.Context(), args[0], args[1:]...)
	command.Dir = h.dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

func (h *home) overlay(t *testing.T) string {
	t.Helper()
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := wine.Overlay(strings.TrimSpace(string(goroot)), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return overlay
}

func (h *home) build(t *testing.T, overlay, name, of string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", filepath.Join(h.dir, name), of)
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", of, err, out)
	}
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func says(t *testing.T, code, want int, out string, texts ...string) {
	t.Helper()
	if code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("it does not say %q", text)
		}
	}
	if t.Failed() {
		t.Fatalf("it said:\n%s", out)
	}
}

func lacks(t *testing.T, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(out, text) {
			t.Fatalf("it says %q:\n%s", text, out)
		}
	}
}
