package main

import (
	"encoding/binary"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"

	"postpatch/suites"
)

// What Windows PowerShell's > and Set-Content, and Notepad, make of a text is read as the
// text: of a list of certificates the first is not lost for a mark before it.
func TestTextsOfWindows(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	for name, write := range map[string]func(text string) []byte{
		"plain":  func(text string) []byte { return []byte(text) },
		"marked": func(text string) []byte { return []byte("\uFEFF" + text) },
		"UTF-16": func(text string) []byte {
			out := []byte("\xFF\xFE")
			for _, unit := range utf16.Encode([]rune(text)) {
				out = binary.LittleEndian.AppendUint16(out, unit)
			}
			return out
		},
	} {
		file := func(text string) string {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, write(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		if _, err := readRoots(file(ca)); err != nil {
			t.Errorf("%s: --ca: %v", name, err)
		}
		if _, err := readCA(suites.WinRMSettings{CAFile: file(ca)}); err != nil {
			t.Errorf("%s: ca_file: %v", name, err)
		}
		if _, err := readPin(file(ca)); err != nil {
			t.Errorf("%s: pin: %v", name, err)
		}
		routes, err := readRoutes(file(`{"routes": {"web01": {"address": "127.0.0.1"}}}`))
		if err != nil || len(routes) != 1 {
			t.Errorf("%s: --connect-to: %v, %v", name, routes, err)
		}
		plan, err := addTo(write("plan: x\r\nmay_change:\r\n  - service.path\r\n"), "may_change", []string{"- os.build"}, nil)
		if want := "plan: x\r\nmay_change:\r\n  - os.build\r\n  - service.path\r\n"; err != nil || string(plan) != want {
			t.Errorf("%s: a plan: %q, %v", name, plan, err)
		}
	}
}
