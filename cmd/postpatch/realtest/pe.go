//go:build real

package realtest

import (
	"bytes"
	"encoding/binary"
)

// forwarder makes a library for Windows of 64 bits, of one function that is another
// library's: "ProcessPrng", "advapi32.SystemFunction036". It has no code. Source:
// Microsoft's "PE Format".
func forwarder(name, function, to string) []byte {
	const (
		address, offset = 0x1000, 0x200 // of its one section, in memory and in the file
		directory       = 40            // bytes of the export directory
	)
	section := make([]byte, 0x200)
	put := func(at int, values ...uint32) {
		for i, v := range values {
			binary.LittleEndian.PutUint32(section[at+4*i:], v)
		}
	}
	at := directory + 4 + 4 + 4 // behind the tables of addresses, names and ordinals
	text := func(s string) (rva uint32) {
		rva = uint32(address + at)
		at += copy(section[at:], s) + 1
		return rva
	}
	library, exported, forwarded := text(name), text(function), text(to)
	put(0, 0, 0, 0, library, 1, 1, 1, address+directory, address+directory+4, address+directory+8)
	put(directory, forwarded, exported, 0)

	var file bytes.Buffer
	write := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&file, binary.LittleEndian, v) // a buffer takes everything
		}
	}
	write([2]byte{'M', 'Z'}, [58]byte{}, uint32(64), [4]byte{'P', 'E'})
	write(uint16(0x8664), uint16(1), [3]uint32{}, uint16(240), uint16(0x2022)) // x64, a library
	write(uint16(0x20b), uint16(0), [3]uint32{0, 0x200, 0}, uint32(0), uint32(address),
		uint64(0x180000000), uint32(0x1000), uint32(0x200), // where it likes to be, and how it is aligned
		[3]uint16{6, 0, 0}, uint16(0), [2]uint16{6, 0}, uint32(0),
		uint32(0x2000), uint32(offset), uint32(0), uint16(3), uint16(0x100), // its sizes, a console's, no code in data
		[4]uint64{1 << 20, 1 << 12, 1 << 20, 1 << 12}, uint32(0), uint32(16),
		[2]uint32{address, uint32(at)}, [15][2]uint32{})
	write([8]byte{'.', 'r', 'd', 'a', 't', 'a'}, uint32(len(section)), uint32(address), uint32(len(section)),
		uint32(offset), [3]uint32{}, uint32(0x40000040))
	file.Write(make([]byte, offset-file.Len()))
	file.Write(section)
	return file.Bytes()
}
