package dcerpc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// The endpoint mapper's operation, and how it says that it knows none (C706 appendix O).
const (
	eptMap        = 3
	notRegistered = 0x16c9a0d6

	mostTowers = 8 // that are asked for
)

// The protocols of a tower's floors (C706 appendix I).
const (
	floorUUID = 0x0d
	floorRPC  = 0x0b
	floorTCP  = 0x07
	floorIP   = 0x09
)

// ErrNotRegistered means that the mapper knows of no such interface over TCP.
var ErrNotRegistered = errors.New("not registered")

// Mapper is a host's endpoint mapper.
type Mapper struct{ conn *Conn }

// OpenMapper begins to speak to the mapper over a connection to its port.
func OpenMapper(c *Conn) (*Mapper, error) { return &Mapper{c}, c.Bind(mapper()) }

// Ports are where an interface is to be had by TCP, each once and in order. The error is
// ErrNotRegistered where it is not.
func (m *Mapper) Ports(s Syntax) ([]int, error) {
	out, err := m.conn.Call(eptMap, mapRequest(s))
	if err != nil {
		return nil, err
	}
	towers, status, err := mapReply(out)
	switch {
	case err != nil:
		return nil, err
	case status == notRegistered:
		return nil, ErrNotRegistered
	case status != 0:
		return nil, &Fault{status}
	}
	var ports []int
	for _, tower := range towers {
		if port, found := portOf(tower); found {
			ports = append(ports, port)
		}
	}
	if len(ports) == 0 {
		return nil, ErrNotRegistered
	}
	slices.Sort(ports)
	return slices.Compact(ports), nil
}

// mapRequest is the input of ept_map: any object, a tower with what is looked for and
// holes for the rest, a new handle, and how many towers may come.
func mapRequest(s Syntax) []byte {
	tower := tower(s)
	b := binary.LittleEndian.AppendUint32(nil, 1)
	b = append(b, make([]byte, 16)...)
	b = binary.LittleEndian.AppendUint32(b, 2)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(tower)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(tower)))
	b = append(b, tower...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b = append(b, make([]byte, 20)...)
	return binary.LittleEndian.AppendUint32(b, mostTowers)
}

func tower(s Syntax) []byte {
	b := []byte{5, 0}
	floor := func(left, right []byte) {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(left)))
		b = append(b, left...)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(right)))
		b = append(b, right...)
	}
	for _, s := range []Syntax{s, ndr()} {
		left := binary.LittleEndian.AppendUint16(append([]byte{floorUUID}, s.ID[:]...), s.Major)
		floor(left, binary.LittleEndian.AppendUint16(nil, s.Minor))
	}
	floor([]byte{floorRPC}, []byte{0, 0})
	floor([]byte{floorTCP}, []byte{0, 0})
	floor([]byte{floorIP}, []byte{0, 0, 0, 0})
	return b
}

// reader reads little-endian numbers; past the end it reads zeros, and short says so.
type reader struct {
	b     []byte
	at    int
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b)-r.at {
		r.short = true
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *reader) u16() int {
	if b := r.take(2); b != nil {
		return int(binary.LittleEndian.Uint16(b))
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) align() {
	for r.at%4 != 0 && r.at < len(r.b) {
		r.at++
	}
}

// mapReply reads the output of ept_map: a handle, towers, and a status.
func mapReply(b []byte) (towers [][]byte, status uint32, err error) {
	r := &reader{b: b}
	r.take(20)
	r.u32() // how many came; the array says so again
	r.u32() // how many could
	r.u32()
	count := r.u32()
	if count > mostTowers {
		return nil, 0, fmt.Errorf("%w: %d towers, where %d were asked for", ErrStrange, count, mostTowers)
	}
	var given []bool
	for range count {
		given = append(given, r.u32() != 0)
	}
	for _, given := range given {
		if !given {
			continue
		}
		r.align()
		r.u32() // the length, which comes again
		towers = append(towers, r.take(int(min(r.u32(), 1<<16))))
	}
	r.align()
	status = r.u32()
	if r.short {
		return nil, 0, fmt.Errorf("%w: the mapper's answer is cut off", ErrStrange)
	}
	return towers, status, nil
}

// portOf finds a tower's TCP port.
func portOf(tower []byte) (port int, found bool) {
	r := &reader{b: tower}
	for range min(r.u16(), 16) {
		left := r.take(r.u16())
		right := r.take(r.u16())
		if len(left) == 1 && left[0] == floorTCP && len(right) == 2 {
			port = int(binary.BigEndian.Uint16(right))
		}
	}
	return port, port != 0 && !r.short
}
