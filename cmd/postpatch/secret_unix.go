//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ownersOnly refuses a file with a secret that others than its owner can read or
// change, or whose owner is neither this user nor root.
func ownersOnly(path string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("others than its owner can read or change it (mode %04o): chmod 600 %s",
			mode, shellWords([]string{path}))
	}
	return mine(path, info)
}

// ownersToChange refuses a file that others than its owner can change, or whose
// owner is neither this user nor root: who can write the credentials file can
// have this user run a program, and the accounts go to hosts of their choice.
func ownersToChange(path string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("others than its owner can change it (mode %04o): chmod go-w %s",
			mode, shellWords([]string{path}))
	}
	return mine(path, info)
}

// mine refuses a file of anybody but this user and root.
func mine(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("the system does not tell to whom it belongs")
	}
	if us := os.Geteuid(); stat.Uid != 0 && int(stat.Uid) != us {
		return fmt.Errorf("it belongs to somebody else (user %d, and this is user %d): chown %d %s",
			stat.Uid, us, us, shellWords([]string{path}))
	}
	return nil
}
