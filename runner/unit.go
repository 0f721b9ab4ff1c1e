package runner

import (
	"strconv"

	"postpatch/probes/fact"
)

// inUnit writes a value for people: a number with its unit, and one of bytes so
// that its size can be seen.
func inUnit(v fact.Value, unit string) string {
	n, isInt := v.(fact.Int)
	switch {
	case !isInt || unit == "":
		return v.String()
	case unit == "%":
		return v.String() + "%"
	case unit == "bytes":
		return size(int64(n))
	default:
		return v.String() + " " + unit
	}
}

// size rounds to three digits; below 10 kB every byte is written.
func size(n int64) string {
	amount, units := float64(n), []string{"kB", "MB", "GB", "TB", "PB", "EB"}
	if n > -10_000 && n < 10_000 {
		return strconv.FormatInt(n, 10) + " bytes"
	}
	unit := ""
	for _, unit = range units {
		amount /= 1000
		if amount > -999.5 && amount < 999.5 {
			break
		}
	}
	decimals := 2
	for limit := 10.0; amount >= limit || amount <= -limit; limit *= 10 {
		decimals--
	}
	return strconv.FormatFloat(amount, 'f', decimals, 64) + " " + unit
}
