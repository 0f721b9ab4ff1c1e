package wine

import (
	"bytes"
	"debug/pe"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The DLL is read by another reader of such files; that Wine takes it, every program shows.
func TestShim(t *testing.T) {
	file, err := pe.NewFile(bytes.NewReader(Shim()))
	if err != nil {
		t.Fatal(err)
	}
	header, ok := file.OptionalHeader.(*pe.OptionalHeader64)
	if !ok || len(file.Sections) != 1 || file.Machine != pe.IMAGE_FILE_MACHINE_AMD64 {
		t.Fatalf("got %+v", file)
	}
	table := header.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_EXPORT]
	data, err := file.Sections[0].Data()
	if err != nil || table.VirtualAddress != file.Sections[0].VirtualAddress || int(table.Size) > len(data) {
		t.Fatalf("a table at %#x of %d bytes, %v", table.VirtualAddress, table.Size, err)
	}
	want := "bcryptprimitives.dll\x00ProcessPrng\x00advapi32.SystemFunction036\x00"
	if texts := string(data[:table.Size]); !strings.HasSuffix(texts, want) {
		t.Errorf("got %q, want %q", texts, want)
	}
}

// A newer Go may have other files: better told here than by a test on Wine.
func TestOverlay(t *testing.T) {
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := Overlay(strings.TrimSpace(string(goroot)), dir); err != nil {
		t.Fatal(err)
	}
	for _, p := range patches() {
		text, err := os.ReadFile(filepath.Join(dir, filepath.Base(p.file)))
		if err != nil || !strings.Contains(string(text), p.new) {
			t.Errorf("%s is not patched, %v", p.file, err)
		}
	}
	empty := t.TempDir()
	if _, err := Overlay(empty, dir); err == nil {
		t.Error("want an error where there is no Go")
	}
}
