package updates

import (
	"strings"

	"postpatch/probes/internal/named"
)

// kbIn finds the KB number in a text, in capitals: the one part of a title that is
// the same in every language. It is empty where there is none.
func kbIn(text string) string {
	rest := strings.ToUpper(text)
	for {
		before, after, found := strings.Cut(rest, "KB")
		if !found {
			return ""
		}
		digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
		// "64KB12345" is none; letters of other scripts come without a space.
		joined := before != "" && strings.ContainsRune(wordly, rune(before[len(before)-1]))
		if digits >= 5 && digits <= 9 && !joined {
			return "KB" + after[:digits]
		}
		rest = after
	}
}

// name is what an update is called: by its KB number, or by its identity, as
// drivers are. It is empty when there is neither.
func name(title, id string) string {
	if kb := kbIn(title); kb != "" {
		return kb
	}
	return strings.ToLower(named.Short(strings.TrimSpace(id), mostName))
}

const wordly = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

const (
	mostName = 100 // characters of a name: the host may write anything there
	mostText = 600 // characters of any other text of the host
)
