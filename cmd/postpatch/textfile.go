package main

import (
	"os"

	"postpatch/suites"
)

// readText reads a file of text that an editor, Notepad or Windows PowerShell has written:
// UTF-8 with a mark or without, or UTF-16 with one. Behind a mark that stayed, the first
// certificate of a file would not be found, and nobody would miss it.
func readText(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return suites.Decoded(data), nil
}
