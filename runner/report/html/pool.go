package html

import (
	"hash/maphash"
)

// pool numbers the texts, each of which stands in the file once. The texts themselves
// are packed at once and not kept: half a million of them are no rarity.
type pool struct {
	sums  summer
	index map[sum]uint32
	size  uint32
	list  *packing // a JSON list, open at its end
}

func newPool() *pool {
	p := &pool{sums: newSummer(), index: map[sum]uint32{}, list: newPacking()}
	p.of("")
	return p
}

// of is the number of a text, cleaned and made one line; that of "" is 0.
func (p *pool) of(s string) uint32 {
	raw := p.sums.of(s)
	if i, known := p.index[raw]; known {
		return i
	}
	clean := limited(s, textLimit)
	own := p.sums.of(clean)
	i, known := p.index[own]
	if !known {
		i = p.append(clean)
		p.index[own] = i
	}
	p.index[raw] = i
	return i
}

func (p *pool) append(clean string) uint32 {
	before := ","
	if p.size == 0 {
		before = "["
	}
	p.list.text(before)
	p.list.json(clean)
	p.size++
	return p.size - 1
}

// close completes the list.
func (p *pool) close() (packed, error) {
	p.list.text("]")
	return p.list.close()
}

// sum stands for a text. It is of 128 bits with a key that no host can know, so that
// two texts of one sum do not happen, nor can be made to.
type sum [2]uint64

type summer [2]maphash.Seed

func newSummer() summer { return summer{maphash.MakeSeed(), maphash.MakeSeed()} }

func (s summer) of(text string) sum {
	return sum{maphash.String(s[0], text), maphash.String(s[1], text)}
}
