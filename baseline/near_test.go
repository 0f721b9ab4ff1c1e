package baseline

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"xabc", "abc", 1},
		{"abc", "xabc", 1},
		{"abc", "axc", 1},
		{"kitten", "sitting", 3},
		{"ab", "ba", 2},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: want %d, got %d", tt.a, tt.b, tt.want, got)
		}
	}
}

// Of several names that are as near, the first is meant; one that is too far is not.
func TestNearest(t *testing.T) {
	names := []string{"mon-1", "mon-2", "november"}
	for run, want := range map[string]string{
		"mon-9": "mon-1", "mon-22": "mon-2", "man-99": "", "novembre": "november", "nevembir": "november", "nevambir": "",
		"vemb": "november", "on-": "mon-2",
	} {
		if got := nearest(run, names); got != want {
			t.Errorf("%s: want %q, got %q", run, want, got)
		}
	}
}

// Five captures are all that there are, and six are more than are named.
func TestAllCapturesAreNamed(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range shown + 1 {
		finish(t, s, fmt.Sprintf("run%d", i), small())
		want := map[int]string{
			shown - 1: "; its captures are run4, run3, run2, run1, run0",
			shown:     "; its newest captures are run5, run4, run3, run2, run1",
		}[i]
		if _, err := s.Read(t.Context(), "december"); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// A reason is what the sentence around it has not said yet.
func TestReason(t *testing.T) {
	cause := errors.New("it is full")
	for want, err := range map[string]error{
		"it is full":           &fs.PathError{Op: "open", Path: "/x", Err: cause},
		"asking: it is full":   fmt.Errorf("asking: %w", cause),
		"it is full ":          fmt.Errorf("blob (key \"x\"): %w", errors.New("it is full ")),
		"(key \"x\"): no word": errors.New("blob (key \"x\"): no word"),
	} {
		if got := reason(err); got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
	for _, err := range []error{fs.ErrPermission, &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrPermission}} {
		if d := unreadable("before", err, "it cannot be read"); !strings.HasSuffix(d.Msg, permit) {
			t.Errorf("no way out in %q", d.Msg)
		}
	}
}
