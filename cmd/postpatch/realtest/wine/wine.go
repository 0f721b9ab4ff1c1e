// Package wine makes machines of Wine's, a second implementation of the Windows API, for
// tests of programs built for Windows. It wants Debian's packages wine and wine64.
package wine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Loader is what runs a Windows program; Debian has no other name for it.
const Loader = "/usr/lib/wine/wine64"

// server keeps a machine up.
const server = "/usr/lib/wine/wineserver64"

// Installed tells whether Wine is there.
func Installed() error {
	for _, program := range []string{Loader, server} {
		if _, err := os.Stat(program); err != nil {
			return fmt.Errorf("looking for Wine (Debian's packages wine and wine64): %w", err)
		}
	}
	return nil
}

// Machine is a Windows of Wine's: its disk, its registry and its services are those of one
// folder, which must be the user's own.
type Machine struct{ Dir string }

// Environ is what a program of the machine's, and all that works at it, is run with.
func (m Machine) Environ() []string {
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if name != "DISPLAY" && name != "WAYLAND_DISPLAY" { // no window is wanted
			env = append(env, pair)
		}
	}
	return append(env, "WINEPREFIX="+m.Dir, "WINEARCH=win64", "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml=")
}

// Create makes the machine's folder, some 700 MB, in some 10 s, and leaves it switched off.
func (m Machine) Create(ctx context.Context) error {
	if err := os.MkdirAll(m.Dir, 0o700); err != nil {
		return err
	}
	// An error of a program without 32 bits is harmless: what counts is that system32 is there.
	booted := m.quiet(ctx, Loader, "wineboot", "-i")
	if err := m.quiet(ctx, server, "-w"); err != nil {
		return err
	}
	err := os.WriteFile(m.Path(`windows\system32\bcryptprimitives.dll`), Shim(), 0o600)
	if err != nil {
		return errors.Join(err, booted)
	}
	return nil
}

// Path is where a path of drive C is for Linux.
func (m Machine) Path(onC string) string {
	return filepath.Join(m.Dir, "drive_c", filepath.FromSlash(strings.ReplaceAll(onC, `\`, "/")))
}

// Boot switches the machine on: its services start, and it stays up until Halt. Without,
// it would be up for one program, and boot again for the next.
func (m Machine) Boot(ctx context.Context) error {
	if err := m.quiet(ctx, server, "-p"); err != nil {
		return fmt.Errorf("keeping the machine in %s up: %w", m.Dir, err)
	}
	if err := m.quiet(ctx, Loader, "cmd", "/c", "exit"); err != nil {
		return fmt.Errorf("booting the machine in %s: %w", m.Dir, err)
	}
	return nil
}

// Halt switches the machine off as a cut of its power does: no service is told.
func (m Machine) Halt(ctx context.Context) error {
	if err := m.quiet(ctx, server, "-k"); err != nil {
		return fmt.Errorf("switching the machine in %s off: %w", m.Dir, err)
	}
	return m.quiet(ctx, server, "-w")
}

// Command is a Windows program on the machine, which has to be up: a machine that boots by
// it holds on to its pipes for ever.
func (m Machine) Command(ctx context.Context, exe string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, Loader, append([]string{exe}, args...)...)
	command.Env, command.WaitDelay = m.Environ(), 10*time.Second
	return command
}

// quiet runs what must not have a pipe: the machine's own processes would inherit it.
func (m Machine) quiet(ctx context.Context, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Env = m.Environ()
	return command.Run()
}
