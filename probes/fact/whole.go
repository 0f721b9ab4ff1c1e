package fact

import (
	"strconv"
	"strings"
)

// Whole reads a whole number as everybody reads it. One that begins with a 0, as 012,
// is none: to some readers of YAML it is octal.
func Whole(text string) (n int64, ok bool) {
	digits := strings.TrimLeft(text, "+-")
	if len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
