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
