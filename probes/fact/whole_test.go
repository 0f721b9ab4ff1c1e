package fact

import "testing"

func TestWholeReadsWhatEverybodyReads(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "7": 7, "-3": -3, "+5": 5, "9223372036854775807": 1<<63 - 1} {
		if n, ok := Whole(text); !ok || n != want {
			t.Errorf("%q: got %d, %v", text, n, ok)
		}
	}
	for _, text := range []string{
		"", "012", "00", "-01", "0o14", "0x1F", "1_000", "1e3", "1.0", ".5", "22:22", " 1", "9223372036854775808", "٣",
	} {
		if n, ok := Whole(text); ok {
			t.Errorf("%q: got %d, and others may read something else", text, n)
		}
	}
}
