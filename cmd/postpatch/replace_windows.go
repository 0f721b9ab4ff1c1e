package main

import (
	"errors"

	winapi "golang.org/x/sys/windows"
)

// isHeld says that a file is open elsewhere, so that it cannot be replaced now. That access is
// denied may mean it as well.
func isHeld(err error) bool {
	return errors.Is(err, winapi.ERROR_SHARING_VIOLATION) || errors.Is(err, winapi.ERROR_ACCESS_DENIED) ||
		errors.Is(err, winapi.ERROR_LOCK_VIOLATION)
}
