// Command postpatch verifies Windows servers after patching.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"postpatch/runner"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	stayAtLogoff()
	// A reader who has gone is told of like a full disk, and does not end the run: what is
	// asked to be sent nowhere comes as an error of the write. Programs that are started
	// meanwhile do not inherit this, as they would if it were ignored.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	stdout, stderr := openConsole(os.Stdout), openConsole(os.Stderr)
	profiled, err := profile(os.Getenv(profileVariable))
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "error: profiling: %v\n", err)
		os.Exit(runner.ExitNoVerdict)
	}
	code := run(ctx, os.Args[1:], app{
		stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv,
		stdoutIsTerminal: stdout.terminal, stderrIsTerminal: stderr.terminal,
		width: width(os.Stdout), stderrSize: func() (int, int) { return size(os.Stderr) },
	})
	stop()
	if err := profiled(); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "error: profiling: %v\n", err)
	}
	stderr.close()
	stdout.close()
	os.Exit(code)
}
