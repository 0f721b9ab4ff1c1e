package report_test

import (
	"testing"

	"postpatch/runner/report"
)

func TestColumnsOfText(t *testing.T) {
	for text, want := range map[string]int{
		"":                   0,
		"SRV-SQL-01":         10,
		"Größe":              5,
		"Gro\u0308ße":        5, // the dots as a mark of their own
		"日本語":                6,
		"ｱｲｳ":                3, // halfwidth
		"ＡＢ":                 4, // fullwidth
		"한국":                 4,
		"\u1112\u1161\u11ab": 2, // one syllable of three letters
		"😀":                  2,
		"→✗≠–█░":             6,
	} {
		if got := report.Columns(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
	}
}
