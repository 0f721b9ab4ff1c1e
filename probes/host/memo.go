package host

import (
	"reflect"
	"sync"
)

// Memo remembers what was made of rows that hosts share: the services of one Windows are
// those of the next, and need not be understood anew. What is made may hang on the row alone,
// and nobody may change it. The zero value remembers nothing yet; nil never does. Several
// probes may use it.
type Memo[T any] struct {
	mu   sync.RWMutex
	once map[uintptr]bool // rows that came once, which most never do again by some ways
	kept map[uintptr]kept[T]
}

type kept[T any] struct {
	row  Row // which is so there for as long as its place is known by it
	made T
}

// mostMemos is how many are remembered. When there is no more room all are forgotten, and what
// comes often is soon there again.
const mostMemos = 1 << 13

// Of returns what make makes of a row.
func (m *Memo[T]) Of(row Row, make func(Row) T) T {
	if m == nil {
		return make(row)
	}
	at := reflect.ValueOf(row).Pointer()
	m.mu.RLock()
	k, found := m.kept[at]
	m.mu.RUnlock()
	if found {
		return k.made
	}
	made := make(row)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !m.once[at]:
		m.once = put(m.once, at, true)
	case row != nil:
		delete(m.once, at)
		m.kept = put(m.kept, at, kept[T]{row, made})
	}
	return made
}

func put[V any](into map[uintptr]V, at uintptr, v V) map[uintptr]V {
	if into == nil || len(into) >= mostMemos {
		into = map[uintptr]V{}
	}
	into[at] = v
	return into
}
