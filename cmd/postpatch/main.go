// Command postpatch verifies Windows servers after patching.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	// A reader who has gone is told of like a full disk, and does not end the run: what is
	// asked to be sent nowhere comes as an error of the write. Programs that are started
	// meanwhile do not inherit this, as they would if it were ignored.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	code := run(ctx, os.Args[1:], app{
		stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv,
		stdoutIsTerminal: isTerminal(os.Stdout), stderrIsTerminal: isTerminal(os.Stderr),
		width: width(os.Stdout),
	})
	stop()
	os.Exit(code)
}
