package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"
)

// screen is stdout, or the file that --output names: what Windows PowerShell's > makes of a
// text is UTF-16, and what it makes of a line through a pipe depends on the console. A
// command that has a file of its own takes the flag for that.
type screen struct {
	io.Writer

	file *atomicFile // nil for stdout
	path string
}

// flag has commands without a file of their own take one.
func (s *screen) flag(f *pflag.FlagSet) {
	f.StringVarP(&s.path, "output", "o", "", "write what would go to stdout to this file, in UTF-8")
}

// begin turns to the file, if there is to be one.
func (s *screen) begin() error {
	if s.path == "" || s.file != nil {
		return nil
	}
	file, err := createAtomic(s.path)
	if err != nil {
		return fmt.Errorf("writing --output: %w", err)
	}
	s.file, s.Writer = file, file
	return nil
}

// end has the file be there, whole, whatever the verdict. Of a command that failed and said
// nothing, an older file stays.
func (s *screen) end(failed bool) error {
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file, s.Writer = nil, io.Discard
	if failed && file.isEmpty() {
		file.discard()
		return nil
	}
	if err := file.commit(); err != nil {
		return fmt.Errorf("writing --output: %w", err)
	}
	return nil
}

// isEmpty says whether nothing was written.
func (f *atomicFile) isEmpty() bool {
	info, err := f.file.Stat()
	return f.Buffered() == 0 && (err != nil || info.Size() == 0)
}

// atTerminal says whether results go to a terminal that understands escapes.
func (a app) atTerminal() bool {
	return a.stdoutIsTerminal && (a.screen == nil || a.screen.file == nil)
}

// outcome is an error of a command, and one of the file that holds what it said: then there
// is no verdict that anybody could read.
func outcome(command, written error) error {
	if written == nil {
		return command
	}
	var exit exitError
	if command == nil || errors.As(command, &exit) {
		return written
	}
	return errors.Join(command, written)
}
