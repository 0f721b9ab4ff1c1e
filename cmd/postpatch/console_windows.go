package main

import (
	"os"

	winapi "golang.org/x/sys/windows" // a test has a function of its name
)

// switchOn has a console understand escapes, which it does only when it is told.
func switchOn(f *os.File) (restore func(), ok bool) {
	const escapes = winapi.ENABLE_PROCESSED_OUTPUT | winapi.ENABLE_VIRTUAL_TERMINAL_PROCESSING
	handle := winapi.Handle(f.Fd())
	var was uint32
	if err := winapi.GetConsoleMode(handle, &was); err != nil {
		return nil, false
	}
	if was&escapes == escapes { // as of Windows Terminal
		return func() {}, true
	}
	if err := winapi.SetConsoleMode(handle, was|escapes); err != nil {
		return nil, false
	}
	return func() { _ = winapi.SetConsoleMode(handle, was) }, true
}
