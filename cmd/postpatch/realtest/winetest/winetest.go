// Command winetest runs the tests of packages, built for Windows, on a machine of Wine's
// that it makes and takes away again. It takes what go test takes; without anything it runs
// those of packages in which something is otherwise on Windows:
//
//	go run ./cmd/postpatch/realtest/winetest ./probes/... -run TestX
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"postpatch/cmd/postpatch/realtest/wine"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit): // it has said why
		os.Exit(max(exit.ExitCode(), 1))
	default:
		fmt.Fprintln(os.Stderr, "winetest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if err := wine.Installed(); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "postpatch-wine-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // a folder for temporary files
	begun := time.Now()
	machine := wine.Machine{Dir: filepath.Join(scratch, "machine")}
	if err := errors.Join(machine.Create(ctx), machine.Boot(ctx)); err != nil {
		return err
	}
	defer func() { _ = machine.Halt(context.WithoutCancel(ctx)) }() // before its folder goes
	fmt.Fprintf(os.Stderr, "winetest: a machine after %.1fs\n", time.Since(begun).Seconds())
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	overlay, err := wine.Overlay(strings.TrimSpace(string(goroot)), scratch)
	if err != nil {
		return err
	}
	base := []string{"test", "-overlay", overlay, "-exec", wine.Loader, "-skip", skipPattern()}
	if len(args) > 0 {
		return test(ctx, machine, append(base, args...))
	}
	var errs []error
	for _, args := range chosen() {
		errs = append(errs, test(ctx, machine, slices.Concat(base, args)))
	}
	return errors.Join(errs...)
}

// test is go test for Windows, which runs what it has built on the machine.
func test(ctx context.Context, machine wine.Machine, args []string) error {
	command := exec.CommandContext(ctx, "go", args...)
	command.Env = append(machine.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	return command.Run()
}
