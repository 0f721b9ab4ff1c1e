//go:build real

package realtest

import (
	"bytes"
	"debug/pe"
	"os"
	"testing"
)

func TestForwarder(t *testing.T) {
	library := forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036")
	f, err := pe.NewFile(bytes.NewReader(library))
	if err != nil {
		t.Fatal(err)
	}
	header := f.OptionalHeader.(*pe.OptionalHeader64)
	if len(library) != 0x400 || len(f.Sections) != 1 || header.DataDirectory[0].VirtualAddress != 0x1000 {
		t.Errorf("%d bytes, %d sections, exports at %x", len(library), len(f.Sections), header.DataDirectory[0].VirtualAddress)
	}
	if out := os.Getenv("SHIM_OUT"); out != "" {
		os.WriteFile(out, library, 0o644)
	}
}
