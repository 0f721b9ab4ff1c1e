package main

import (
	"unsafe"

	winapi "golang.org/x/sys/windows" // a test has a function of its name
)

// ofSystem takes in what Windows says of the process: the most memory that it had, of
// which Windows may have shared some with others. Source: Microsoft's documentation of
// PROCESS_MEMORY_COUNTERS.
func (u *used) ofSystem() {
	var counters struct {
		size, faults uint32
		peak         uintptr
		others       [7]uintptr
	}
	counters.size = uint32(unsafe.Sizeof(counters))
	read := winapi.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo")
	if read.Find() != nil {
		return
	}
	done, _, _ := read.Call(uintptr(winapi.CurrentProcess()), uintptr(unsafe.Pointer(&counters)), uintptr(counters.size))
	if done != 0 {
		u.PeakRSS = int(counters.peak)
	}
}
