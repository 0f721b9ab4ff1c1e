package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	winapi "golang.org/x/sys/windows"
)

// A report that somebody reads is replaced as soon as that is over.
func TestAReportThatIsBeingRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	name, err := winapi.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	// Without FILE_SHARE_DELETE, as most programs open what they read.
	reader, err := winapi.CreateFile(name, winapi.GENERIC_READ, winapi.FILE_SHARE_READ, nil, winapi.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error)
	go func() { written <- writeAtomic(path, []byte("new")) }()
	if err := winapi.CloseHandle(reader); err != nil {
		t.Error(err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "new" {
		t.Errorf("got %q, %v", text, err)
	}
	if held := fmt.Errorf("renaming: %w", winapi.ERROR_SHARING_VIOLATION); !isHeld(held) || isHeld(os.ErrNotExist) {
		t.Error("it does not know what is held")
	}
}

// A folder deeper than Windows' 260 characters is one like any other, also by a relative path.
func TestLongPaths(t *testing.T) {
	t.Chdir(t.TempDir())
	deep := "evidence"
	for range 20 {
		deep = filepath.Join(deep, "a-folder-of-30-characters-in-all")
	}
	for _, path := range []string{deep, filepath.Join(t.TempDir(), deep)} {
		if err := writeAtomic(filepath.Join(path, "report.html"), []byte("x")); err != nil {
			t.Errorf("%d characters: %v", len(path), err)
		}
	}
}
