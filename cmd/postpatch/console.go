package main

import (
	"os"

	"golang.org/x/term"
)

// console is a stream that may be a terminal.
type console struct {
	terminal bool   // that understands escapes
	close    func() // leaves it as it was found
}

// openConsole looks whether a file is a terminal, and has it understand escapes.
func openConsole(f *os.File) console {
	none := console{close: func() {}}
	if !term.IsTerminal(int(f.Fd())) {
		return none
	}
	restore, ok := switchOn(f)
	if !ok { // of a time before Windows 10: colours would be rubbish
		return none
	}
	return console{true, restore}
}

// width is the terminal's width, or 100 where there is none.
func width(f *os.File) int {
	if w, _ := size(f); w > 0 {
		return w
	}
	return 100
}

// size is the terminal's size; zeros where there is none.
func size(f *os.File) (columns, lines int) {
	columns, lines, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, lines
}
