package psrp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What can be wrong with a stream of fragments, whoever sent them.
var (
	// ErrOutOfOrder is wrapped when a fragment is not the next one of its message.
	ErrOutOfOrder = errors.New("a fragment out of order")
	// ErrDuplicate is wrapped when a fragment, or a whole message, came before.
	ErrDuplicate = errors.New("a fragment twice")
	// ErrTooLarge is wrapped when the host sends more than the Options allow.
	ErrTooLarge = errors.New("too much from the host")
	// ErrUnfinished is wrapped when the stream ended and something is missing.
	ErrUnfinished = errors.New("the stream ended early")
)

// A fragment is a header and its blob (MS-PSRP 2.2.4): the message's number,
// the fragment's number in it, flags and the blob's length, most significant
// byte first.
const (
	headerSize = 21
	flagStart  = 0x01
	flagEnd    = 0x02

	maxOpen     = 32      // messages that have begun and not ended
	maxMessages = 100_000 // of one stream; a command that writes more is no question of ours
)

// fragmenter cuts messages; the numbers that it gives them rise.
type fragmenter struct {
	size int // of a fragment with its header
	last uint64
}

// cut makes fragments of one message; each must travel in one WS-Man message.
func (f *fragmenter) cut(message []byte) [][]byte {
	f.last++
	var fragments [][]byte
	blobs := max(f.size-headerSize, 1)
	for number := uint64(0); ; number++ {
		blob := message[:min(blobs, len(message))]
		message = message[len(blob):]
		var flags byte
		if number == 0 {
			flags |= flagStart
		}
		if len(message) == 0 {
			flags |= flagEnd
		}
		fragment := make([]byte, 0, headerSize+len(blob))
		fragment = binary.BigEndian.AppendUint64(fragment, f.last)
		fragment = binary.BigEndian.AppendUint64(fragment, number)
		fragment = append(fragment, flags)
		fragment = binary.BigEndian.AppendUint32(fragment, uint32(len(blob))) // far below 4 GiB
		fragments = append(fragments, append(fragment, blob...))
		if len(message) == 0 {
			return fragments
		}
	}
}

// defragmenter joins the fragments of one stream: a runspace pool's or a
// pipeline's. Fragments of several messages may alternate.
type defragmenter struct {
	maxMessage, maxStream int

	received int
	pending  []byte // the beginning of a fragment whose rest is to come
	open     map[uint64]*partial
	done     map[uint64]struct{}
}

// partial is a message that has begun.
type partial struct {
	next uint64 // the fragment to come
	data []byte
}

// feed takes the next bytes and hands every message that they complete to emit,
// in order. The messages before a bad fragment are handed out too.
func (d *defragmenter) feed(stream []byte, emit func(message []byte) error) error {
	d.received += len(stream)
	if d.received > d.maxStream {
		return fmt.Errorf("%w: over %d bytes in one stream", ErrTooLarge, d.maxStream)
	}
	d.pending = append(d.pending, stream...)
	rest := d.pending
	for len(rest) >= headerSize {
		// The length is judged before anything of that length is waited for.
		length := binary.BigEndian.Uint32(rest[17:])
		if uint64(length) > uint64(d.maxMessage) { // a limit is positive
			return fmt.Errorf("%w: a fragment of %d bytes, over %d", ErrTooLarge, length, d.maxMessage)
		}
		end := headerSize + int(length)
		if len(rest) < end {
			break
		}
		message, whole, err := d.add(rest[:end])
		if err != nil {
			return err
		}
		rest = rest[end:]
		if !whole {
			continue
		}
		if err := emit(message); err != nil {
			return err
		}
	}
	if len(rest) < len(d.pending) { // else a long fragment grows where it is
		d.pending = append([]byte(nil), rest...)
	}
	return nil
}

// add takes one whole fragment and returns the message that it ends.
func (d *defragmenter) add(fragment []byte) (message []byte, whole bool, err error) {
	id := binary.BigEndian.Uint64(fragment)
	number := binary.BigEndian.Uint64(fragment[8:])
	flags, blob := fragment[16], fragment[headerSize:]
	p, err := d.partial(id, number, flags)
	if err != nil {
		return nil, false, fmt.Errorf("fragment %d of message %d: %w", number, id, err)
	}
	if len(p.data)+len(blob) > d.maxMessage {
		return nil, false, fmt.Errorf("%w: message %d is over %d bytes", ErrTooLarge, id, d.maxMessage)
	}
	p.data = append(p.data, blob...)
	p.next++
	if flags&flagEnd == 0 {
		return nil, false, nil
	}
	if len(d.done) >= maxMessages {
		return nil, false, fmt.Errorf("%w: over %d messages", ErrTooLarge, maxMessages)
	}
	delete(d.open, id)
	d.done[id] = struct{}{}
	return p.data, true, nil
}

// partial finds the message that a fragment belongs to, and begins it.
func (d *defragmenter) partial(id, number uint64, flags byte) (*partial, error) {
	if d.open == nil {
		d.open, d.done = map[uint64]*partial{}, map[uint64]struct{}{}
	}
	if _, ended := d.done[id]; ended {
		return nil, fmt.Errorf("%w: the message has ended", ErrDuplicate)
	}
	starts := flags&flagStart != 0
	p, begun := d.open[id]
	switch {
	case !begun && (number != 0 || !starts):
		return nil, fmt.Errorf("%w: the message has not begun", ErrOutOfOrder)
	case !begun && len(d.open) >= maxOpen:
		return nil, fmt.Errorf("%w: over %d messages at once", ErrTooLarge, maxOpen)
	case !begun:
		p = &partial{}
		d.open[id] = p
	case number < p.next:
		return nil, fmt.Errorf("%w: want number %d", ErrDuplicate, p.next)
	case number > p.next || starts:
		return nil, fmt.Errorf("%w: want number %d, which starts nothing", ErrOutOfOrder, p.next)
	}
	return p, nil
}

// end says what is missing at the end of the stream.
func (d *defragmenter) end() error {
	switch {
	case len(d.pending) > 0:
		return fmt.Errorf("%w: within a fragment, after %d bytes of it", ErrUnfinished, len(d.pending))
	case len(d.open) > 0:
		return fmt.Errorf("%w: %d messages have no end", ErrUnfinished, len(d.open))
	}
	return nil
}
