package suites

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// wayOut is how what somebody wrote where a number, a time or true or false is wanted
// would be written here; "" where that cannot be said. YAML's readers do not agree on
// what 012, 1_000 or yes are, so none of them is taken for anything.
func (r reader) wayOut(text string, t fact.Type) string {
	if r.secret && t != fact.TypeBool {
		return "" // it may be a secret in the wrong place
	}
	text = strings.TrimSpace(text)
	switch t {
	case fact.TypeBool:
		return trueOrFalse(text)
	case fact.TypeInt:
		return plainNumber(text)
	case fact.TypeDuration:
		return plainTime(text)
	default:
		return ""
	}
}

// paramWayOut is the same of a parameter.
func (r reader) paramWayOut(text string, t probes.ParamType) string {
	switch single(t) {
	case probes.ParamBool:
		return r.wayOut(text, fact.TypeBool)
	case probes.ParamInt:
		return r.wayOut(text, fact.TypeInt)
	case probes.ParamDuration:
		return r.wayOut(text, fact.TypeDuration)
	default:
		return ""
	}
}

func trueOrFalse(text string) string {
	switch strings.ToLower(text) {
	case "yes", "y", "on", "1", "t", "enabled":
		return "write true"
	case "no", "n", "off", "0", "f", "disabled":
		return "write false"
	default:
		return ""
	}
}

func plainNumber(text string) string {
	sign, digits := "", text
	if strings.HasPrefix(text, "-") {
		sign, digits = "-", text[1:]
	}
	isDigits := digits != "" && strings.Trim(digits, "0123456789") == ""
	if _, ok := fact.Whole(text); ok { // it is not the number that is wrong
		return ""
	}
	switch n, err := strconv.ParseInt(text, 0, 64); {
	case isDigits && digits[0] == '0':
		decimal := sign + strings.TrimLeft(digits[:len(digits)-1], "0") + digits[len(digits)-1:]
		if err == nil && strconv.FormatInt(n, 10) != decimal {
			return fmt.Sprintf("write %s, or %d where it is octal", decimal, n)
		}
		return "write " + decimal
	case err == nil && !isDigits: // 0x1F, 0o14, 1_000
		return fmt.Sprintf("write %d", n)
	}
	if regexp.MustCompile(`^[0-9]{1,3}([.][0-9]{3})+$`).MatchString(digits) { // a thousand, or one?
		return "write it without a dot"
	}
	if regexp.MustCompile(`^[0-9]{1,3}([,' ][0-9]{3})+$`).MatchString(digits) {
		return "write " + sign + strings.NewReplacer(",", "", "'", "", " ", "").Replace(digits)
	}
	const exact = 1 << 53 // above it a float is not the number that was written
	if f, err := strconv.ParseFloat(text, 64); err == nil && f == float64(int64(f)) && f < exact && f > -exact {
		return fmt.Sprintf("write %d", int64(f))
	}
	return ""
}

func plainTime(text string) string {
	if text != "" && strings.Trim(text, "0123456789") == "" {
		return fmt.Sprintf("write %ss for seconds, or %sm for minutes", text, text)
	}
	if first, second, found := strings.Cut(text, ":"); found && len(first) <= 2 && len(second) == 2 &&
		strings.Trim(first+second, "0123456789") == "" && first != "" {
		return fmt.Sprintf("write %sm%ss, or %sh%sm", first, second, first, second)
	}
	found := regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) *([a-z]+)\.?$`).FindStringSubmatch(strings.ToLower(text))
	if found == nil {
		return ""
	}
	for unit, words := range map[string][]string{
		"ms": {"ms", "msec", "msecs", "millisecond", "milliseconds"},
		"s":  {"s", "sec", "secs", "second", "seconds"},
		"m":  {"m", "min", "mins", "minute", "minutes"},
		"h":  {"h", "hr", "hrs", "hour", "hours"},
	} {
		if slices.Contains(words, found[2]) {
			return "write " + found[1] + unit
		}
	}
	return ""
}
