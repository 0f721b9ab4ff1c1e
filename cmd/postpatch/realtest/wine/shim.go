package wine

import (
	"bytes"
	"encoding/binary"
)

// Shim is the DLL bcryptprimitives.dll, which every program of Go's asks for and which
// Wine does not have before version 9: its one function is another's, of advapi32.
func Shim() []byte {
	return forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036")
}

// Where things are in the DLL: a page for the headers, one for the only section.
const (
	headerBytes  = 0x200 // in the file
	sectionBytes = 0x200
	sectionAt    = 0x1000 // in memory
	imageBytes   = 0x2000
)

// forwarder is a DLL without any code: its one export is that of another DLL. Layout after
// https://learn.microsoft.com/windows/win32/debug/pe-format, PE32+.
func forwarder(name, export, target string) []byte {
	var file bytes.Buffer
	put(&file, [30]uint16{0: 0x5A4D}, uint32(64)) // MZ, and where the header begins
	put(&file, [4]byte{'P', 'E'})
	// Machine, sections, time, symbols (2), size of what follows, executable|large addresses|DLL.
	put(&file, uint16(0x8664), uint16(1), [3]uint32{}, uint16(240), uint16(0x2022))
	put(&file, uint16(0x20B), uint16(0))                // PE32+
	put(&file, [5]uint32{1: sectionBytes})              // code, data, more data, entry, where code begins
	put(&file, uint64(0x180000000))                     // where it likes to be
	put(&file, [2]uint32{0x1000, 0x200})                // alignment in memory and in the file
	put(&file, [8]uint16{4: 6, 6: 0})                   // versions: the subsystem's is 6.0
	put(&file, [3]uint32{imageBytes, headerBytes, 0})   // no checksum
	put(&file, uint16(2), uint16(0x0100))               // subsystem; data may not be run
	put(&file, [4]uint64{1 << 20, 4096, 1 << 20, 4096}) // stack and heap
	put(&file, uint32(0), uint32(16))                   // directories
	section := exports(name, export, target)
	put(&file, [32]uint32{sectionAt, uint32(len(section))}) // the first is of exports
	put(&file, [8]byte{'.', 'e', 'd', 'a', 't', 'a'})
	put(&file, [4]uint32{sectionBytes, sectionAt, sectionBytes, headerBytes}, [3]uint32{})
	put(&file, uint32(0x40000040)) // data, to be read
	file.Write(make([]byte, headerBytes-file.Len()))
	file.Write(section)
	file.Write(make([]byte, headerBytes+sectionBytes-file.Len()))
	return file.Bytes()
}

// exports is the table of one export. An address within the table is a text that names
// another DLL's function.
func exports(name, export, target string) []byte {
	const tables = 40 // after the directory: an address, a name, an ordinal
	texts := uint32(sectionAt + tables + 4 + 4 + 2)
	exportAt := texts + uint32(len(name)) + 1
	targetAt := exportAt + uint32(len(export)) + 1
	var table bytes.Buffer
	put(&table, [3]uint32{}, texts, [3]uint32{1, 1, 1})
	put(&table, [3]uint32{sectionAt + tables, sectionAt + tables + 4, sectionAt + tables + 8})
	put(&table, targetAt, exportAt, uint16(0))
	table.WriteString(name + "\x00" + export + "\x00" + target + "\x00")
	return table.Bytes()
}

// put writes numbers as Windows has them.
func put(to *bytes.Buffer, values ...any) {
	for _, value := range values {
		_ = binary.Write(to, binary.LittleEndian, value) // a buffer takes all, and all have a size
	}
}
