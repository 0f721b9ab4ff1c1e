package fact

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The units of readings whose amounts are not only written with the unit's own name.
const (
	unitBytes   = "bytes"
	unitPercent = "%"
	points      = "points" // an amount of a reading in percent, no part of it
)

// amount writes what parseAmount reads.
func (r Rule) amount() string {
	switch {
	case r.Percent != 0:
		return strconv.FormatFloat(r.Percent, 'f', -1, 64) + "%"
	case r.Duration != 0 && r.Duration%day == 0:
		return counted(int64(r.Duration/day), "days")
	case r.Duration != 0:
		return r.Duration.String()
	case r.Number == 0:
		return ""
	case r.Unit == unitBytes:
		return bytesText(r.Number)
	default:
		return counted(r.Number, r.Unit)
	}
}

const day = 24 * time.Hour

// counted writes a number with its unit, of one without the unit's last s.
func counted(n int64, unit string) string {
	if n == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return strings.TrimSpace(strconv.FormatInt(n, 10) + " " + unit)
}

// parseAmount reads what stands behind within, and behind the sign of at least
// and at most: less than nothing is not left, so at least takes below 100%.
func (r *Rule) parseAmount(amount, unit string) bool {
	if percent, ok := strings.CutSuffix(amount, "%"); ok {
		f, err := strconv.ParseFloat(percent, 64)
		r.Percent = f
		isNumber := err == nil && f > 0 && f < 1e6 // also refuses NaN
		return isNumber && (r.Op != AtLeast || f < 100) && !strings.HasPrefix(percent, "+")
	}
	if strings.HasPrefix(amount, "+") || strings.HasPrefix(amount, "-") {
		return false
	}
	if n, ok := count(amount, unit); ok {
		r.Number, r.Unit = n, unit
		if unit == unitPercent {
			r.Unit = points
		}
		return n > 0
	}
	if unit == "" { // what has one is a number
		r.Duration = span(amount)
	}
	return r.Duration > 0
}

// count reads a number, with or without the unit of its reading: "3", "3 days".
func count(amount, unit string) (int64, bool) {
	if n, ok := Whole(amount); ok {
		return n, true
	}
	if unit == unitPercent {
		unit = points
	}
	digits, word, _ := strings.Cut(amount, " ")
	if unit != "" && (word == unit || word == strings.TrimSuffix(unit, "s")) {
		return Whole(digits)
	}
	if unit == unitBytes {
		return Bytes(amount)
	}
	return 0, false
}

// span reads "1m30s" or "3 days"; 0 where it is none.
func span(amount string) time.Duration {
	if d, err := time.ParseDuration(amount); err == nil {
		return d
	}
	digits, word, _ := strings.Cut(amount, " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	words := []string{"second", "minute", "hour", "day", "week"}
	units := []time.Duration{time.Second, time.Minute, time.Hour, day, 7 * day}
	i := slices.Index(words, strings.TrimSuffix(word, "s"))
	if err != nil || i < 0 || n > math.MaxInt64/int64(units[i]) {
		return 0
	}
	return time.Duration(n) * units[i]
}

// rightAmount says what would be right for a reading of the unit.
func rightAmount(unit string) string {
	switch unit {
	case "":
		return "10%, 5s, 3 days or 3"
	case unitBytes:
		return "10%, 512 MiB, 2 GB or a number of bytes"
	case unitPercent:
		return "10% of what it was, or 5 points"
	default:
		return "10%, 3 or 3 " + unit
	}
}
