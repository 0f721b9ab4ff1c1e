package suites

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"
)

// maxFile bounds a file; ten thousand hosts fit in a fifth of it.
const maxFile = 5 << 20

// document reads a file's one YAML document; nil when it cannot be walked. Its
// nodes are then within bounds: no cycles, no bombs, no tags.
func (r reader) document(data []byte) *yaml.Node {
	if r.parsed != nil {
		return r.parsed.root
	}
	if len(data) > maxFile {
		r.at(0, 0, "put some of the hosts into a suite of their own",
			fmt.Sprintf("the file is larger than %d MiB", maxFile>>20))
		return nil
	}
	text := Decoded(data)
	r.source = text
	if !r.characters(data, text) {
		return nil
	}
	docs, _, err := parse(text)
	switch {
	case err != nil:
		r.syntax(text, err)
		return nil
	case len(docs) == 0 || len(docs[0].Content) == 0 || isNull(docs[0].Content[0]):
		said := "the file is empty"
		if bytes.ContainsRune(text, '#') {
			said = "the file has nothing but comments"
		}
		r.at(0, 0, "", said)
		return nil
	case len(docs) > 1:
		r.hintf(docs[1], "one file, one document: put the rest into another file", "a second YAML document")
		return nil
	case !r.withinBounds(docs[0].Content[0]):
		return nil
	}
	return docs[0].Content[0]
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
