package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLab runs the lab as its user does: addresses on stdout and as a file, the
// state switched from outside, ended by an interruption.
func TestLab(t *testing.T) {
	estate, err := filepath.Abs("testdata/readme/shop.estate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	ctx, interrupt := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	talk, stderr := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"lab", estate, "--addresses", "lab.json"}, app{
			stdout: stdout, stderr: stderr, getenv: func(string) string { return "" },
		})
		_ = stdout.Close()
		_ = stderr.Close()
	}()
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "estate shop in state before, control http://127.0.0.1:") {
		t.Fatalf("first line %q, %v", first, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	if serving, err := bufio.NewReader(talk).ReadString('\n'); err != nil || !strings.HasPrefix(serving, "serving") {
		t.Fatalf("talk %q, %v", serving, err)
	}

	content, err := os.ReadFile("lab.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Control string
		CAFile  string `json:"ca_file"`
		Routes  map[string]struct{ Ports map[string]string }
	}
	if err := json.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	if document.Routes["web01"].Ports["tcp/5985"] == "" {
		t.Errorf("no WinRM in %s", content)
	}
	if _, err := readRoots(document.CAFile); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]int{"/state/after": http.StatusOK, "/state/nosuch": http.StatusNotFound} {
		if got := status(t, document.Control+path); got != want {
			t.Errorf("POST %s: %d, want %d", path, got, want)
		}
	}
	interrupt()
	if code := <-ended; code != 0 {
		t.Errorf("exit %d, want 0", code)
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
