//go:build !windows

package main

import "os"

// switchOn has nothing to switch: terminals understand escapes.
func switchOn(*os.File) (restore func(), ok bool) { return func() {}, true }

// stayAtLogoff has nothing to do: a task is told of its own end alone.
func stayAtLogoff() {}

// isHeld is never so: a file that somebody reads can be replaced.
func isHeld(error) bool { return false }
