// Package layout lays out suites, plans and credentials files in one form: the order of
// keys, the indentation, the quotes. It moves and indents the text that stands there and
// never writes a value anew, so that comments, numbers and quotes stay what they are.
package layout

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// Format returns a file's text in the common form. What it returns holds the same values
// and the same comments, which is proven each time; the error says why a file is left as
// it is. Formatting it again changes nothing.
func Format(data []byte) ([]byte, error) {
	text, err := decode(data)
	if err != nil {
		return nil, err
	}
	was, err := parse(text)
	if err != nil {
		return nil, err
	}
	o := orderOf(was)
	if o == nil {
		return nil, errors.New("it is neither a suite nor a plan, a credentials file, a test, an estate or a scenario")
	}
	laid, err := lay(text, o)
	if err == nil {
		err = prove(text, was, laid)
	}
	if err != nil { // an alias may have come before its anchor
		if laid, err = lay(text, &order{}); err == nil {
			err = prove(text, was, laid)
		}
	}
	if err != nil {
		return nil, err
	}
	return []byte(laid), nil
}

// parse reads the one document of a text.
func parse(text string) (root *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("this is not YAML: %v", p)
		}
	}()
	decoder := yaml.NewDecoder(strings.NewReader(text))
	doc := new(yaml.Node)
	switch err := decoder.Decode(doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, errors.New("it is empty")
	case err != nil && strings.Contains(err.Error(), "unknown anchor"): // whose name may be a secret
		return nil, errors.New("this is not YAML: an alias without its anchor")
	case err != nil:
		return nil, fmt.Errorf("this is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("it holds a second document")
	}
	if !within(doc, mostDeep) {
		return nil, fmt.Errorf("more than %d mappings and lists stand within each other", mostDeep)
	}
	return doc.Content[0], nil
}

// mostDeep is how far mappings and lists may nest.
const mostDeep = 100

func within(n *yaml.Node, depth int) bool {
	if depth < 0 {
		return false
	}
	for _, child := range n.Content {
		if !within(child, depth-1) {
			return false
		}
	}
	return true
}

// lay lays a text out.
func lay(text string, o *order) (string, error) {
	root, err := parse(text) // anew: what is found is kept by its nodes
	if err != nil {
		return "", err
	}
	s, err := scan(text, root)
	if err != nil {
		return "", err
	}
	p := &printer{source: s}
	p.root(root, o)
	return p.out.String(), nil
}

// atLine is a reason with its place.
func atLine(line int, format string, args ...any) error {
	return fmt.Errorf("line %d: "+format, append([]any{line}, args...)...)
}
