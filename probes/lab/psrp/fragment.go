package psrp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	headerSize  = 21        // of a fragment, MS-PSRP 2.2.4
	wholePiece  = 32 << 10  // the size of Windows' own fragments, with their header
	maxObject   = 10 << 20  // PSMaximumReceivedObjectSizeMB
	maxReceived = 50 << 20  // PSMaximumReceivedDataSizePerCommandMB
	flagStart   = byte(0x1) // the other six bits are reserved
	flagEnd     = byte(0x2)
)

// fragment is one piece of a message (MS-PSRP 2.2.4).
type fragment struct {
	object, index uint64
	start, end    bool
	blob          []byte
}

// append writes the fragment behind data.
func (f fragment) append(data []byte) []byte {
	var flags byte
	if f.start {
		flags |= flagStart
	}
	if f.end {
		flags |= flagEnd
	}
	data = binary.BigEndian.AppendUint64(data, f.object)
	data = binary.BigEndian.AppendUint64(data, f.index)
	data = append(data, flags)
	data = binary.BigEndian.AppendUint32(data, uint32(len(f.blob)))
	return append(data, f.blob...)
}

// cut takes the first fragment off data; whole is false while more has to come.
func cut(data []byte) (f fragment, rest []byte, whole bool, err error) {
	if len(data) < headerSize {
		return f, data, false, nil
	}
	f.object, f.index = binary.BigEndian.Uint64(data), binary.BigEndian.Uint64(data[8:])
	f.start, f.end = data[16]&flagStart != 0, data[16]&flagEnd != 0
	length := binary.BigEndian.Uint32(data[17:])
	switch {
	case f.object == 0 || f.object > 1<<63-1:
		return f, nil, false, errors.New("the object id of a fragment is not above zero")
	case f.index > 1<<63-1:
		return f, nil, false, errors.New("the id of a fragment is below zero")
	case length > maxObject:
		return f, nil, false, fmt.Errorf("a fragment of %d bytes is over %d", length, maxObject)
	case uint64(len(data)-headerSize) < uint64(length):
		return f, data, false, nil
	}
	f.blob = data[headerSize : headerSize+length]
	return f, data[headerSize+length:], true, nil
}

// joiner puts a stream's fragments together again. As on Windows, one object
// follows the other, and a fragment may come in parts.
type joiner struct {
	pending  []byte // of a fragment that is not whole
	object   uint64
	next     uint64 // index of the fragment that must follow
	open     bool
	data     []byte
	received int
}

// feed takes bytes and returns the messages that they complete.
func (j *joiner) feed(data []byte) ([]message, error) {
	if j.received += len(data); j.received > maxReceived {
		return nil, fmt.Errorf("received %d bytes, over %d", j.received, maxReceived)
	}
	j.pending = append(j.pending, data...)
	var found []message
	for {
		f, rest, whole, err := cut(j.pending)
		if err != nil {
			return nil, err
		}
		if !whole {
			return found, nil
		}
		if err := j.add(f); err != nil {
			return nil, err
		}
		if f.end {
			m, err := parseMessage(j.data)
			if err != nil {
				return nil, err
			}
			found = append(found, m)
			j.open, j.data = false, nil
		}
		j.pending = rest
	}
}

func (j *joiner) add(f fragment) error {
	switch {
	case f.start && f.index != 0:
		return fmt.Errorf("the first fragment of object %d has the id %d", f.object, f.index)
	case f.start && j.open:
		return fmt.Errorf("object %d starts before object %d has ended", f.object, j.object)
	case f.start:
		j.object, j.next, j.open, j.data = f.object, 0, true, nil
	case !j.open:
		return fmt.Errorf("object %d has no first fragment", f.object)
	case f.object != j.object:
		return fmt.Errorf("a fragment of object %d among those of object %d", f.object, j.object)
	case f.index != j.next:
		return fmt.Errorf("fragment %d of object %d where %d must follow", f.index, f.object, j.next)
	}
	if len(j.data)+len(f.blob) > maxObject {
		return fmt.Errorf("object %d is over %d bytes", f.object, maxObject)
	}
	j.next++
	j.data = append(j.data, f.blob...)
	return nil
}

// split cuts a message into fragments of at most size bytes, headers included.
func split(object uint64, data []byte, size int) [][]byte {
	var pieces [][]byte
	room := max(size-headerSize, 1)
	for index := uint64(0); ; index++ {
		n := min(room, len(data))
		f := fragment{object: object, index: index, start: index == 0, end: n == len(data), blob: data[:n]}
		pieces = append(pieces, f.append(nil))
		if f.end {
			return pieces
		}
		data = data[n:]
	}
}
