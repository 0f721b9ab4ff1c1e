package wine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// patch is one change to a file of Go's standard library.
type patch struct{ file, old, new string }

// patches are what Wine 8 lacks. A program built with them is not what is shipped, but for
// these lines.
func patches() []patch {
	return []patch{
		// SIO_UDP_NETRESET: WSAEOPNOTSUPP.
		{
			"net/fd_windows.go",
			"windows.SIO_UDP_NETRESET, (*byte)(unsafe.Pointer(&flag)), size, nil, 0, &ret, nil, 0)\n\t\tif err != nil {",
			"windows.SIO_UDP_NETRESET, (*byte)(unsafe.Pointer(&flag)), size, nil, 0, &ret, nil, 0)\n" +
				"\t\tif err != nil && err != syscall.Errno(10045) {",
		},
		// FileDispositionInformationEx: STATUS_NOT_IMPLEMENTED, and then the older way serves.
		{
			"internal/syscall/windows/at_windows.go",
			"case STATUS_INVALID_INFO_CLASS,",
			"case NTStatus(0xC0000002), STATUS_INVALID_INFO_CLASS,",
		},
	}
}

// Overlay writes to dir what "go build -overlay" reads, so that a program runs on Wine,
// too; goroot is what "go env GOROOT" says.
func Overlay(goroot, dir string) (path string, err error) {
	replace := map[string]string{}
	for _, p := range patches() {
		from := filepath.Join(goroot, "src", filepath.FromSlash(p.file))
		source, err := os.ReadFile(from)
		if err != nil {
			return "", err
		}
		if strings.Count(string(source), p.old) != 1 {
			return "", fmt.Errorf("patching %s for Wine: it does not have, once, %q: Go has changed", from, p.old)
		}
		to := filepath.Join(dir, filepath.Base(p.file))
		if err := os.WriteFile(to, []byte(strings.Replace(string(source), p.old, p.new, 1)), 0o600); err != nil {
			return "", err
		}
		replace[from] = to
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}
