package report

// Brief is a text in one line of at most limit characters. What is longer is cut before
// it is cleaned, too: that only makes it longer.
func Brief(s string, limit int) string {
	count := 0
	for i := range s {
		if count++; count > limit+1 {
			s = s[:i]
			break
		}
	}
	runes := []rune(CleanLine(s))
	if len(runes) <= limit {
		return string(runes)
	}
	return string(runes[:max(limit-1, 0)]) + "…"
}
