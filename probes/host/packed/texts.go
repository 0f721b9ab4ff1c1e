package packed

// texts keeps one copy of what many hosts say: the names of columns and services,
// states, paths. The zero value keeps none yet.
type texts map[string]string

// What is kept of texts. When there is no more room all are forgotten, and what
// comes often is soon there again.
const (
	mostTexts = 1 << 14
	longText  = 256 // bytes; longer ones are not kept
)

// of returns the text that the bytes are.
func (t *texts) of(b []byte) string {
	if len(b) == 0 || len(b) > longText {
		return string(b)
	}
	if kept, found := (*t)[string(b)]; found {
		return kept
	}
	if *t == nil || len(*t) >= mostTexts {
		*t = texts{}
	}
	fresh := string(b)
	(*t)[fresh] = fresh
	return fresh
}
