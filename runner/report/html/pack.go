package html

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
)

// packed is compressed data, in pieces: one that grows as a whole is twice in memory
// whenever it has to move.
type packed struct {
	pieces [][]byte
	size   int
}

// Write implements io.Writer.
func (p *packed) Write(b []byte) (int, error) {
	const piece = 8 << 10
	p.size += len(b)
	for rest := b; len(rest) > 0; {
		last := len(p.pieces) - 1
		if last < 0 || len(p.pieces[last]) == cap(p.pieces[last]) {
			p.pieces = append(p.pieces, make([]byte, 0, piece))
			last++
		}
		room := min(cap(p.pieces[last])-len(p.pieces[last]), len(rest))
		p.pieces[last] = append(p.pieces[last], rest[:room]...)
		rest = rest[room:]
	}
	return len(b), nil
}

// packing compresses as it is written to. Its first error is that of close.
type packing struct {
	to  packed
	zip *gzip.Writer
	enc *json.Encoder
	err error
}

func newPacking() *packing {
	p := &packing{}
	p.zip = gzip.NewWriter(&p.to)
	p.enc = json.NewEncoder(p.zip)
	p.enc.SetEscapeHTML(false)
	return p
}

// reset makes it ready for another block.
func (p *packing) reset() {
	p.to, p.err = packed{}, nil
	p.zip.Reset(&p.to)
}

func (p *packing) text(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.zip, s)
	}
}

func (p *packing) json(value any) {
	if p.err == nil {
		p.err = p.enc.Encode(value)
	}
}

func (p *packing) close() (packed, error) {
	if p.err == nil {
		p.err = p.zip.Close()
	}
	return p.to, p.err
}

// block is one value of JSON for the app.
type block struct {
	id   string
	data packed
}

// The browser takes a block for data and runs nothing of it; nothing in base64 can be
// taken for a tag, nor for the end of a string.
const (
	detailsPrefix = "details-"
	blockType     = "application/gzip;base64"
)

// tag writes the block as an element of the page.
func (b block) tag(w io.Writer) error {
	return b.between(w, `<script type="`+blockType+`" id="`+b.id+`">`, "</script>\n")
}

// script writes it as a script that puts that element into the page.
func (b block) script(w io.Writer) error {
	return b.between(w, "(() => {\n  const e = document.createElement('script');\n  e.type = '"+blockType+"';\n  e.id = '"+
		b.id+"';\n  e.textContent = '", "';\n  document.body.append(e);\n})();\n")
}

func (b block) between(w io.Writer, before, after string) error {
	if _, err := io.WriteString(w, before); err != nil {
		return err
	}
	enc := base64.NewEncoder(base64.StdEncoding, w)
	for _, piece := range b.data.pieces {
		if _, err := enc.Write(piece); err != nil {
			return err
		}
	}
	if err := enc.Close(); err != nil {
		return err
	}
	_, err := io.WriteString(w, after)
	return err
}

// pack compresses what fill writes.
func pack(fill func(io.Writer) error) (packed, error) {
	p := newPacking()
	p.err = fill(p.zip)
	return p.close()
}

// encoded is a value as a block.
func encoded(value any) (packed, error) {
	p := newPacking()
	p.json(value)
	return p.close()
}

// chunked is a list of very many small values: it grows without being moved.
type chunked[T any] struct {
	chunks [][]T
	n      int
}

func (c *chunked[T]) add(value T) {
	const size = 1 << 12
	if c.n%size == 0 {
		c.chunks = append(c.chunks, make([]T, 0, size))
	}
	last := &c.chunks[len(c.chunks)-1]
	*last = append(*last, value)
	c.n++
}

func (c *chunked[T]) all(yield func(T) bool) {
	for _, chunk := range c.chunks {
		if !slices.ContainsFunc(chunk, func(v T) bool { return !yield(v) }) {
			continue
		}
		return
	}
}
