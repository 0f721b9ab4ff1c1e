package psrp

import (
	"encoding/base64"
	"fmt"

	"postpatch/probes/host"
)

// Pipeline is one question on its way.
type Pipeline struct {
	pool      *Pool
	id        guid
	asked     string // the command
	fragments [][]byte
	received  defragmenter
	reader    reader

	rows     []host.Row
	records  int    // error records
	first    *Error // of them
	done     bool
	terminal error // why the command ended early
	broken   error // why the stream ended early
	notes    Notes
}

// ID is the pipeline's identity in upper case, which is to be the Command's
// CommandId. The host's answer may name another: that one counts in WS-Man.
func (r *Pipeline) ID() string { return r.id.String() }

// Argument is the text of the Command's only argument: the first fragment in
// base64.
func (r *Pipeline) Argument() string { return base64.StdEncoding.EncodeToString(r.fragments[0]) }

// Rest are the further fragments in base64, each for a Stream of a Send, in this
// order. A command with few parameters has none.
func (r *Pipeline) Rest() []string {
	var rest []string
	for _, fragment := range r.fragments[1:] {
		rest = append(rest, base64.StdEncoding.EncodeToString(fragment))
	}
	return rest
}

// Feed takes the bytes of a Stream that was received on the command, no longer
// in base64. Its error means that nothing sensible will follow: the command is
// to be signalled, or, when the pool ended too, only the shell to be deleted.
// That the command failed is no error here.
func (r *Pipeline) Feed(stream []byte) error {
	if r.broken != nil || r.done {
		return r.broken
	}
	if r.pool.err != nil {
		return r.breakOff(r.pool.err)
	}
	if err := r.received.feed(stream, func(b []byte) error { return r.pool.take(b, r) }); err != nil {
		return r.breakOff(fmt.Errorf("reading the output of %q: %w", clean(r.asked), err))
	}
	return nil
}

func (r *Pipeline) breakOff(err error) error {
	r.broken = err
	delete(r.pool.runs, r.id)
	return err
}

// Done tells whether the host has said how the command ended.
func (r *Pipeline) Done() bool { return r.done }

// End is to be called when WS-Man says that the command is over, or nothing more
// will be received. Its error says what is missing.
func (r *Pipeline) End() error {
	if r.broken != nil || r.done {
		return r.broken
	}
	err := r.received.end()
	if err == nil {
		err = fmt.Errorf("%w: the host never said how the command ended", ErrUnfinished)
	}
	return r.breakOff(fmt.Errorf("reading the output of %q: %w", clean(r.asked), err))
}

// Rows are the wanted properties of each output object, named as the host spells
// them. A property that an object does not have is absent.
func (r *Pipeline) Rows() []host.Row { return r.rows }

// Err is nil when the command completed and wrote no error. Otherwise it is, in
// this order: why the stream ended early; why the command did; or, beside rows
// that are whole, the first error that the command wrote and went on from: an
// *Error that is not Terminating.
func (r *Pipeline) Err() error {
	switch {
	case r.broken != nil:
		return r.broken
	case !r.done:
		return fmt.Errorf("%w: the host has not said how the command ended", ErrUnfinished)
	case r.terminal != nil:
		return r.terminal
	case r.first != nil:
		told := *r.first
		told.More = r.records - 1
		return &told
	}
	return nil
}

// Answer is Rows and Err. The rows of a command that ended early are no answer
// and left out; those beside an error that it went on from are there.
func (r *Pipeline) Answer() host.Answer {
	answer := host.Answer{Err: r.Err()}
	if r.done && r.broken == nil && r.terminal == nil {
		answer.Rows = r.rows
	}
	return answer
}

// Notes count the other messages of this command.
func (r *Pipeline) Notes() Notes { return r.notes }

// handle takes a message to the pipeline (MS-PSRP 3.1.5.4). What comes after the
// end changes nothing.
func (r *Pipeline) handle(m message) error {
	if r.done {
		r.notes.Other++
		return nil
	}
	switch m.kind {
	case pipelineOutput:
		return r.output(m.data)
	case errorRecord:
		return r.record(m.data)
	case pipelineState:
		return r.state(m.data)
	case pipelineHostCall:
		return hostCall(m.data, &r.notes)
	default:
		known, err := r.notes.count(m)
		if !known {
			r.notes.Other++
		}
		return err
	}
}

func (r *Pipeline) output(data []byte) error {
	v, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading an object: %w", err)
	}
	rows, err := r.reader.rows(v)
	r.rows = append(r.rows, rows...)
	return err
}

func (r *Pipeline) record(data []byte) error {
	r.records++
	if r.first != nil {
		return nil
	}
	v, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading an error record: %w", err)
	}
	r.first = errorOf(v, r.asked)
	return nil
}

// state reads a PIPELINE_STATE message (MS-PSRP 2.2.2.21, 2.2.3.5).
func (r *Pipeline) state(data []byte) error {
	const stopped, completed, failed, disconnected = 3, 4, 5, 6
	v, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading the command's state: %w", err)
	}
	state, err := v.numberOf("PipelineState")
	if err != nil {
		return err
	}
	switch state {
	case stopped:
		r.terminate(v.get("ExceptionAsErrorRecord"), ErrStopped)
	case failed:
		r.terminate(v.get("ExceptionAsErrorRecord"), ErrFailed)
	case completed:
	case disconnected:
		r.terminal = fmt.Errorf("%w: the command was cut off from us", ErrStopped)
	default: // it has not ended
		return nil
	}
	r.done = true
	delete(r.pool.runs, r.id)
	return nil
}

// terminate keeps why the command ended early. A host that gives no reason has
// often written an error just before.
func (r *Pipeline) terminate(record *value, otherwise error) {
	switch {
	case record != nil && !record.isNull():
		e := errorOf(record, r.asked)
		e.Terminating, e.More = true, r.records
		r.terminal = e
	case r.first != nil:
		told := *r.first
		told.Terminating, told.More = true, r.records-1
		r.terminal = &told
	default:
		r.terminal = fmt.Errorf("%w, and the host does not say why", otherwise)
	}
}
