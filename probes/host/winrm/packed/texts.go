package packed

import "sync"

// texts keeps one copy of what many hosts say: the names of columns and services,
// states, paths. The zero value keeps none yet; it may be used by several goroutines.
type texts struct {
	mu   sync.RWMutex
	kept map[string]string
}

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
	t.mu.RLock()
	kept, found := t.kept[string(b)]
	t.mu.RUnlock()
	if found {
		return kept
	}
	fresh := string(b)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil || len(t.kept) >= mostTexts {
		t.kept = map[string]string{}
	}
	t.kept[fresh] = fresh
	return fresh
}
