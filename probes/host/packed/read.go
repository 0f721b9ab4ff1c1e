package packed

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"

	"postpatch/probes/host"
)

// DecodeAnswers is new(Packer).Answers.
func DecodeAnswers(marks Marks, output []byte) ([]Answer, error) {
	return (*Packer)(nil).Answers(marks, output)
}

// IsWhole says whether an output has the host's line, from its beginning to its end.
func IsWhole(marks Marks, output []byte) bool {
	_, err := between(marks, output)
	return err == nil
}

// between finds the host's line, which may be broken.
func between(marks Marks, output []byte) (line []byte, err error) {
	_, rest, begun := bytes.Cut(output, []byte(marks.Begin))
	if !begun {
		return nil, ErrNoAnswers
	}
	line, _, ended := bytes.Cut(rest, []byte(marks.End))
	if !ended {
		return nil, fmt.Errorf("%w: cut off after %d bytes", ErrNoAnswers, len(rest))
	}
	return line, nil
}

// Answers finds and reads the host's line. Its error wraps ErrNoAnswers when there
// is none. The texts that many hosts say are kept once for all of them.
func (k *Packer) Answers(marks Marks, output []byte) ([]Answer, error) {
	line, err := between(marks, output)
	if err != nil {
		return nil, err
	}
	if bytes.ContainsAny(line, " \t\r\n") { // a console may have broken it
		line = bytes.Join(bytes.Fields(line), nil)
	}
	r := k.reader()
	answers, err := r.read(line)
	k.release(r)
	if err != nil {
		return nil, fmt.Errorf("unpacking answers: %w", err)
	}
	return answers, nil
}

// reader reads answers as they are unpacked. Its parts are used again for the next
// host: they are large.
type reader struct {
	base64  bytes.Reader
	zip     gzip.Reader
	limit   io.LimitedReader
	json    *jsontext.Decoder // whole or inner
	whole   jsontext.Decoder
	inner   jsontext.Decoder // of a row
	row     bytes.Reader
	rows    *rows
	text    []byte
	columns int // of the last row
	large   bool
	texts   texts
}

// reader returns one that nobody uses.
func (k *Packer) reader() *reader {
	if k == nil {
		return &reader{rows: &rows{}}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	last := len(k.readers) - 1
	if last < 0 {
		return &reader{rows: &k.rows}
	}
	r := k.readers[last]
	k.readers = k.readers[:last]
	return r
}

// release keeps a reader for the next host, but for one that a host has made large.
func (k *Packer) release(r *reader) {
	const mostReaders = 16
	if k == nil || cap(r.text) > 1<<16 || r.large {
		return
	}
	r.base64.Reset(nil) // what the host has said is not kept for the next
	r.row.Reset(nil)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.readers) < mostReaders {
		k.readers = append(k.readers, r)
	}
}

// read reads one document, and no more than maxAnswers bytes of it.
func (r *reader) read(line []byte) ([]Answer, error) {
	r.base64.Reset(line)
	if err := r.zip.Reset(base64.NewDecoder(base64.StdEncoding, &r.base64)); err != nil {
		return nil, err
	}
	r.limit = io.LimitedReader{R: &r.zip, N: maxAnswers + 1}
	r.json = &r.whole
	r.json.Reset(&r.limit, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	answers := []Answer{}
	err := r.object(func(name string) error {
		if name != "answers" {
			return r.json.SkipValue()
		}
		return r.array(func() error {
			a, err := r.answer()
			answers = append(answers, a)
			return err
		})
	})
	if err == nil {
		if _, err = r.json.ReadToken(); err == nil {
			err = errors.New("more than one document")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if r.limit.N <= 0 {
		err = fmt.Errorf("more than %d bytes", maxAnswers)
	}
	if err != nil {
		return nil, err
	}
	return answers, nil
}

func (r *reader) answer() (Answer, error) {
	var a Answer
	err := r.object(func(name string) error {
		var err error
		switch name {
		case "id":
			a.ID, err = r.number()
		case "error":
			a.Error, _, err = r.string()
		case "code":
			var code string
			code, _, err = r.string()
			a.Code = Code(code)
		case "rows":
			a.Rows = nil
			err = r.array(func() error {
				row, err := r.nextRow()
				a.Rows = append(a.Rows, row)
				return err
			})
		default:
			err = r.json.SkipValue()
		}
		return err
	})
	return a, err
}

// nextRow reads a row. Most rows of a fleet were read before, of another host.
func (r *reader) nextRow() (host.Row, error) {
	value, err := r.json.ReadValue()
	if err != nil {
		return nil, err
	}
	r.large = r.large || len(value) > 1<<20 // and so is what json has read it into
	if kept := r.rows.of(value); kept != nil {
		return kept, nil
	}
	r.row.Reset(value)
	r.inner.Reset(&r.row, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	r.json = &r.inner
	defer func() { r.json = &r.whole }()
	row, err := r.cells()
	if err != nil {
		return nil, err
	}
	r.rows.keep(value, row)
	return row, nil
}

func (r *reader) cells() (host.Row, error) {
	row := make(host.Row, r.columns)
	err := r.object(func(name string) error {
		var cell host.Cell
		var err error
		if r.json.PeekKind() == '[' {
			cell.List = []string{}
			err = r.array(func() error {
				text, _, err := r.string()
				cell.List = append(cell.List, text)
				return err
			})
		} else {
			cell.Text, cell.Null, err = r.string()
		}
		row[name] = cell
		return err
	})
	r.columns = len(row)
	return row, err
}

// object reads an object member by member; null has none.
func (r *reader) object(member func(name string) error) error {
	if null, err := r.begin('{'); null || err != nil {
		return err
	}
	for r.json.PeekKind() != '}' {
		name, _, err := r.string()
		if err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := r.json.ReadToken()
	return err
}

// array reads an array; null has no elements.
func (r *reader) array(element func() error) error {
	if null, err := r.begin('['); null || err != nil {
		return err
	}
	for r.json.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := r.json.ReadToken()
	return err
}

func (r *reader) begin(kind jsontext.Kind) (null bool, err error) {
	token, err := r.json.ReadToken()
	switch {
	case err != nil:
		return false, err
	case token.Kind() == 'n':
		return true, nil
	case token.Kind() != kind:
		return false, fmt.Errorf("%q where %q has to be", token.Kind(), kind)
	}
	return false, nil
}

func (r *reader) number() (int, error) {
	value, err := r.json.ReadValue()
	if err != nil || value.Kind() == 'n' {
		return 0, err
	}
	return strconv.Atoi(string(value))
}

// string reads a text; null is none.
func (r *reader) string() (text string, null bool, err error) {
	value, err := r.json.ReadValue()
	switch {
	case err != nil:
		return "", false, err
	case value.Kind() == 'n':
		return "", true, nil
	case value.Kind() != '"':
		return "", false, fmt.Errorf("%q where a text has to be", value.Kind())
	}
	r.large = r.large || len(value) > 1<<20 // and so is what json has read it into
	if text := value[1 : len(value)-1]; bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return r.texts.of(text), false, nil // as it stands
	}
	// It was read, so its error is but that there was invalid UTF-8, which it replaces.
	r.text, _ = jsontext.AppendUnquote(r.text[:0], value)

	return r.texts.of(r.text), false, nil
}
