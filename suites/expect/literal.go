package expect

import (
	"strings"
	"time"

	"postpatch/probes/fact"
)

// Literal is how it is said that a reading is v and nothing else, as Parse reads
// it, or for a set with elements as ParseList does. Upper and lower case and the
// space around a text do not count, as always. Not every value can be said so: see
// whether what is read from it holds.
func Literal(v fact.Value) (source string, list []string) {
	switch v := v.(type) {
	case fact.Duration:
		return time.Duration(v).String(), nil // its String rounds
	case fact.Time:
		return time.Time(v).UTC().Format(time.RFC3339Nano), nil
	case fact.Text:
		text := strings.TrimSpace(string(v))
		if text == "" {
			return "empty", nil
		}
		if op, _ := splitOp(text); op != "" {
			return "= " + text, nil
		}
		return text, nil
	case fact.Set:
		if elems := v.Elems(); len(elems) > 0 {
			return "", elems
		}
		return "empty", nil
	default:
		return v.String(), nil
	}
}
