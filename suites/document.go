package suites

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxFile bounds a file; ten thousand hosts fit in a fifth of it.
const maxFile = 5 << 20

// document reads a file's one YAML document; nil when it cannot be walked. Its
// nodes are then within bounds: no cycles, no bombs, no tags.
func (r reader) document(data []byte) *yaml.Node {
	if len(data) > maxFile {
		r.at(0, 0, "put some of the hosts into a suite of their own",
			fmt.Sprintf("the file is larger than %d MiB", maxFile>>20))
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !r.characters(data) {
		return nil
	}
	docs, _, err := parse(data)
	switch {
	case err != nil:
		r.syntax(data, err)
		return nil
	case len(docs) == 0 || len(docs[0].Content) == 0 || isNull(docs[0].Content[0]):
		r.at(0, 0, "", "the file is empty")
		return nil
	case len(docs) > 1:
		r.hintf(docs[1], "one file, one document: put the rest into another file", "a second YAML document")
		return nil
	case !r.withinBounds(docs[0].Content[0]):
		return nil
	}
	return docs[0].Content[0]
}

// characters refuses what no text file holds, and says where.
func (r reader) characters(data []byte) bool {
	if bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF")) {
		r.at(0, 0, "save it as UTF-8; in PowerShell: … | Set-Content -Encoding utf8", "the file is UTF-16")
		return false
	}
	line, column := 1, 1
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		switch {
		case c == utf8.RuneError && size == 1:
			r.at(line, column, "save the file as UTF-8", "a byte that is not UTF-8")
			return false
		case c == 0:
			r.at(line, column, "save the file as plain UTF-8 text", "a NUL byte")
			return false
		case c == '\u2028' || c == '\u2029' || c == '\u0085' || c == '\r' && !bytes.HasPrefix(data[i:], []byte("\r\n")):
			r.at(line, column, "end the line with a plain new line", "a line end that editors count in different ways")
			return false
		case isControl(c) && c != '\r':
			r.at(line, column, "delete it", fmt.Sprintf("a control character (U+%04X)", c))
			return false
		}
		i += size
		column++
		if c == '\n' {
			line, column = line+1, 1
		}
	}
	return true
}

// isControl reports characters that have no place in a suite's texts.
func isControl(c rune) bool {
	return c < ' ' && c != '\t' && c != '\n' || c >= 0x7F && c < 0xA0 || c == 0xFFFE || c == 0xFFFF
}

// parse reads at most two documents, to know that there is a second. Read is how
// far the parser got, within a few hundred bytes. A panic of the parser is an
// error like any other.
func parse(data []byte) (docs []*yaml.Node, read int, err error) {
	in := bytes.NewReader(data)
	defer func() {
		read = len(data) - in.Len()
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	dec := yaml.NewDecoder(in)
	for len(docs) < 2 {
		doc := new(yaml.Node)
		err := dec.Decode(doc)
		if errors.Is(err, io.EOF) {
			return docs, 0, nil
		}
		if err != nil {
			return nil, 0, err
		}
		docs = append(docs, doc)
	}
	return docs, 0, nil
}
