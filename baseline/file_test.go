package baseline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// A file is read up to its limit, and one that is longer is refused.
func TestAFileMayBeSoLong(t *testing.T) {
	s := stored(t, small())
	write(t, s.path("before", "five"), []byte("12345"))
	for limit, want := range map[int64]string{
		4: "it is longer than 4 bytes", 5: "", 6: "",
	} {
		data, err := s.read(t.Context(), key("before", "five"), limit)
		switch {
		case want == "" && (err != nil || string(data) != "12345"):
			t.Errorf("at most %d: %q, %v", limit, data, err)
		case want != "" && (err == nil || err.Error() != want):
			t.Errorf("at most %d: want %q, got %v", limit, want, err)
		}
	}
}

// What could not be written is named, but where nobody wanted it any more.
func TestWhatCouldNotBeWritten(t *testing.T) {
	s := open(t, t.TempDir())
	w := begin(t, s, "before")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	err := w.Put(cancelled, small())
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "writing") {
		t.Errorf("cancelled: %v", err)
	}
	if err := os.RemoveAll(s.path("before", hostsFolder)); err != nil {
		t.Fatal(err)
	}
	write(t, s.path("before", hostsFolder), nil) // where the folder is to be
	err = w.Put(t.Context(), small())
	want := fmt.Sprintf(`storing host "ex01.corp.test": writing %q: `, s.path("before", hostFile("ex01.corp.test")))
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("want %q, got %v", want, err)
	}
}

// A file is written once. Who writes the same again has not heard that it is there.
func TestAFileIsWrittenOnce(t *testing.T) {
	s := open(t, t.TempDir())
	name := key("before", "five")
	for _, tt := range []struct {
		data string
		want error
	}{{"12345", nil}, {"12345", nil}, {"123456", errTaken}, {"1234", errTaken}, {"54321", errTaken}} {
		if err := s.write(t.Context(), name, []byte(tt.data)); !errors.Is(err, tt.want) {
			t.Errorf("%s: want %v, got %v", tt.data, tt.want, err)
		}
		if got := string(read(t, s.path("before", "five"))); got != "12345" {
			t.Errorf("%s: the file is %q", tt.data, got)
		}
	}
}
