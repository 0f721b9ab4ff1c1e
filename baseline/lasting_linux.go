package baseline

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncsLater says whether a file can be made to last when it is closed again.
const syncsLater = true

// syncDisk writes all that waits for the disk on which a folder is. Since Linux 5.8 it tells
// what could not be written.
func syncDisk(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return os.NewSyscallError("syncfs", unix.Syncfs(int(f.Fd())))
}
