package psrp

import (
	"fmt"
	"strings"

	"postpatch/probes/host"
)

// A command may also run beside a script of ours, which writes what it returns as
// remoting would: CLIXML. What follows reads that as if it had come in messages, so
// that both ways have the same answer.

// Stream is where a command wrote something, or how it ended.
type Stream string

// The streams. A command ends by Failed, Done or Missing.
const (
	Output  Stream = "output"  // an object
	Problem Stream = "error"   // an error record that the command went on from
	Failed  Stream = "failed"  // the error record that ended it
	Done    Stream = "done"    // it came to its end
	Missing Stream = "missing" // there is no such command
)

// Written is one thing that a command has written.
type Written struct {
	Stream Stream
	CLIXML string // of the object or the record
}

// AnswerOf is the answer of a command that wrote so. One whose end is missing has an
// error that wraps ErrUnfinished.
func AnswerOf(q host.Cmdlet, written []Written) host.Answer {
	run := &Pipeline{
		pool: &Pool{}, asked: q.Name, reader: reader{wanted: q.Properties, left: Options{}.withDefaults().MaxStream},
	}
	for _, w := range written {
		if err := run.write(w); err != nil {
			return host.Answer{Err: fmt.Errorf("reading the output of %q: %w", clean(q.Name), err)}
		}
	}
	return run.Answer()
}

func (r *Pipeline) write(w Written) error {
	if r.done {
		return fmt.Errorf("%w: more after the end", ErrMalformed)
	}
	switch w.Stream {
	case Output:
		return r.output([]byte(w.CLIXML))
	case Problem:
		return r.record([]byte(w.CLIXML))
	case Failed:
		record, err := decode([]byte(w.CLIXML))
		if err != nil {
			return fmt.Errorf("reading an error record: %w", err)
		}
		r.terminate(record, ErrFailed)
	case Missing:
		const notFound = 13 // ErrorCategory.ObjectNotFound
		r.terminal = &Error{
			ID: "CommandNotFoundException", Category: notFound, Terminating: true, cause: host.ErrNoCommand,
		}
	case Done:
	default:
		return fmt.Errorf("%w: the stream %q", ErrMalformed, clean(string(w.Stream)))
	}
	r.done = true
	return nil
}

// Check refuses a command that PowerShell would not read as it is meant, or that
// could bring no answer.
func Check(q host.Cmdlet) error { return check(q) }

// Typed is a value of a parameter with its type in front: "S text", "B true", "B false",
// or "N" for null.
func Typed(value string) string {
	switch lower := strings.ToLower(value); lower {
	case "$null":
		return "N"
	case "$true", "$false":
		return "B " + lower[1:]
	default:
		return "S " + value
	}
}
