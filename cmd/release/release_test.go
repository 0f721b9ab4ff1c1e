package main

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNumeric(t *testing.T) {
	for semantic, want := range map[string][4]uint16{
		"1.2.3": {1, 2, 3}, "0.1.0-snapshotabc": {0, 1, 0}, "255.255.65535": {255, 255, 65535},
	} {
		if got, err := numeric(semantic); err != nil || got != want {
			t.Errorf("%s: %v, %v", semantic, got, err)
		}
	}
	for semantic, want := range map[string]string{
		"":          `version "": want three numbers, as in 1.2.3 or 1.2.3-rc1`,
		"1.2":       `version "1.2": want three numbers, as in 1.2.3 or 1.2.3-rc1`,
		"256.0.0":   `version "256.0.0": "256" is no number up to 255`,
		"1.2.65536": `version "1.2.65536": "65536" is no number up to 65535`,
		"v1.2.3":    `version "v1.2.3": "v1" is no number up to 255`,
	} {
		if _, err := numeric(semantic); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", semantic, err, want)
		}
	}
}

// Windows Installer upgrades by these: what changes them takes upgrading away.
func TestMSICodes(t *testing.T) {
	first := msiCodes(program{version: "0.1.0", arch: "amd64"})
	want := codes{
		Product: "68448817-18B8-50AD-B937-A300987E8EEB", Package: "759A6F55-9279-597E-BBED-9963170C1D1C",
		Component: "CDC8AD54-4629-5B71-81B8-F5E1F6990972", Upgrade: upgradeCode,
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("codes of 0.1.0 (-want +got):\n%s", diff)
	}
	next := msiCodes(program{version: "0.2.0", arch: "amd64"})
	if next.Product == first.Product || next.Package == first.Package {
		t.Error("two versions are one product")
	}
	if next.Component != first.Component {
		t.Error("the next version does not know the program of the one before")
	}
	if arm := msiCodes(program{version: "0.1.0", arch: "arm64"}); arm.Product == first.Product {
		t.Error("two architectures are one product")
	}
}

func TestWXSEscapes(t *testing.T) {
	exe := program{path: `a&b/"x".exe`, version: "1.2.3", arch: "amd64", out: "out", prepared: "p"}
	text, err := fillWXS(exe, msiCodes(exe), "1.2.3")
	if err != nil || !strings.Contains(string(text), `Source="../a&amp;b/&#34;x&#34;.exe"`) {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestZippedIsTheSameEveryTime(t *testing.T) {
	files := []packed{{"b", []byte("two")}, {"a/c", bytes.Repeat([]byte("x"), 1000)}}
	at := time.Date(2026, 11, 10, 20, 0, 0, 0, time.UTC)
	first, err := zipped(files, at)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := zipped(files, at); err != nil || !bytes.Equal(first, second) {
		t.Errorf("another archive of the same files: %v", err)
	}
	archive, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	for i, entry := range archive.File {
		got, err := content(entry)
		if err != nil || entry.Name != files[i].name || !bytes.Equal(got, files[i].content) ||
			!entry.Modified.Equal(at) {
			t.Errorf("%s of %s: %q, %v", entry.Name, entry.Modified, got, err)
		}
	}
}

func content(entry *zip.File) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // it reads from memory
	return io.ReadAll(r)
}

func TestUnknownArchitectureIsRefused(t *testing.T) {
	err := windows(t.Context(), program{path: "x.exe", version: "1.2.3", arch: "386"})
	if err == nil || !strings.Contains(err.Error(), `no package of Windows for "386"`) {
		t.Errorf("got %v", err)
	}
}
