package packed

import (
	"sync"

	"postpatch/probes/host"
)

// rows keeps the rows that many hosts say, by their text: the services of one Windows are
// those of the next, and to read them again took a quarter of what a host costs. The zero
// value keeps none yet. Several readers may use it.
type rows struct {
	mu   sync.RWMutex
	kept map[string]host.Row
}

// What is kept of rows. When there is no more room all are forgotten, and what comes often
// is soon there again.
const (
	mostRows = 1 << 14
	longRow  = 512 // bytes; longer ones are not kept
)

// of returns the row that has a text; nil where none is kept.
func (k *rows) of(text []byte) host.Row {
	if len(text) > longRow {
		return nil
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.kept[string(text)]
}

// keep keeps a row for the next host that says the same.
func (k *rows) keep(text []byte, row host.Row) {
	if len(text) > longRow {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) >= mostRows {
		k.kept = map[string]host.Row{}
	}
	k.kept[string(text)] = row
}
