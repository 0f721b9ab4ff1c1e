package fold

import (
	"crypto/sha256"
	"encoding/binary"

	"postpatch/runner/report"
)

// identity is the same for entries that say the very same. It is short, whatever they say.
type identity [sha256.Size]byte

func (e *Entry) identity() identity {
	var b identifier
	c := e.Check
	b.number(int(e.Group))
	b.texts(e.Subject, c.Suite, c.File, c.Mark, e.general)
	b.number(c.Line)
	for _, f := range e.Findings {
		b.finding(f)
	}
	return sha256.Sum256(b)
}

// identifier gathers what makes an entry what it is; no two differ that gather the same.
type identifier []byte

func (b *identifier) number(n int) { *b = binary.AppendVarint(*b, int64(n)) }

func (b *identifier) texts(all ...string) {
	for _, s := range all {
		b.number(len(s))
		*b = append(*b, s...)
	}
}

func (b *identifier) flags(all ...bool) {
	for _, is := range all {
		n := byte(0)
		if is {
			n = 1
		}
		*b = append(*b, n)
	}
}

func (b *identifier) finding(f report.Finding) {
	b.texts(f.Item, f.Reading, string(f.Outcome), f.Before, f.Now, f.Wanted, f.Severity, f.Pass.Pass)
	b.flags(f.HasBefore, f.HasNow, f.Pass.Had, f.Waiver.Over)
	w := f.Waiver
	b.texts(string(w.Was), w.Until, w.Reason, w.Ticket, w.Owner, w.File)
	b.number(w.Line)
}
