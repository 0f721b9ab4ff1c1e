package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"postpatch/probes"
)

// told is an error in an operator's words. What it wraps is there to be found
// and not to be read.
type told struct {
	msg    string
	causes []error
}

func (t *told) Error() string   { return t.msg }
func (t *told) Unwrap() []error { return t.causes }

// Tell returns an error that reads msg and wraps the causes.
func Tell(msg string, causes ...error) error { return &told{msg, causes} }

// Cause is ctx's own reason for having ended, when it has, instead of the error
// that closing the connection brought about. Where nothing answered at all, err
// says more than ctx.
func Cause(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	cause := context.Cause(ctx)
	switch {
	case !errors.Is(cause, context.DeadlineExceeded):
		return cause
	case errors.Is(err, probes.ErrNoAnswer):
		return err
	default:
		return timeUp(cause)
	}
}

// Ended is err as one that wraps ErrEnded where the connection was closed before an
// answer.
func Ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Tell(ErrEnded.Error(), ErrEnded, err)
	}
	return err
}

// timeUp tells that the time is up as whoever limited it did, without what only
// a programmer can read.
func timeUp(cause error) error {
	msg := strings.TrimSuffix(cause.Error(), context.DeadlineExceeded.Error())
	if msg = strings.TrimRight(msg, ": "); msg == "" {
		msg = "no answer within the check's time"
	}
	return Tell(msg, cause)
}

// Silent returns err as one that wraps probes.ErrNoAnswer.
func Silent(err error) error {
	if t, ok := errors.AsType[*told](err); ok && t.msg == err.Error() { // it says so in its own words
		return Tell(t.msg, probes.ErrNoAnswer, err)
	}
	return fmt.Errorf("%w: %w", probes.ErrNoAnswer, err)
}

// unanswered tells of a connection to address that did not come about.
func unanswered(address string, err error, waited time.Duration) error {
	if !timedOut(err) {
		return Silent(fmt.Errorf("connecting to %s: %w", address, err))
	}
	unit := time.Millisecond
	if waited > time.Second {
		unit = 100 * time.Millisecond
	}
	return Tell(fmt.Sprintf("connecting to %s: no answer within %s", address, waited.Round(unit)),
		probes.ErrNoAnswer, err)
}

// joined is errors.Join in one line.
func joined(all []error) error {
	var causes []error
	var texts []string
	for _, err := range all {
		if err != nil {
			causes, texts = append(causes, err), append(texts, err.Error())
		}
	}
	if len(causes) == 0 {
		return nil
	}
	return Tell(strings.Join(texts, "; "), causes...)
}
