package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// Checker holds files against a schema, as an editor does.
type Checker struct{ compiled *jsonschema.Schema }

// NewChecker makes the schema of one of Files ready, which takes some tenths of a second.
func NewChecker(file string, kinds []probes.Kind) (*Checker, error) {
	text, err := Of(file, kinds)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("reading the schema of %s: %w", file, err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///"+file, doc); err != nil {
		return nil, fmt.Errorf("reading the schema of %s: %w", file, err)
	}
	compiled, err := c.Compile("mem:///" + file)
	if err != nil {
		return nil, fmt.Errorf("compiling the schema of %s: %w", file, err)
	}
	return &Checker{compiled}, nil
}

// Refusal is what a schema does not allow, and where; it may repeat what stands there.
type Refusal struct {
	Line, Column int
	Said         string
}

// Check tells what the schema refuses of a YAML document. The loader has to have read it
// before: its aliases end.
func (c *Checker) Check(text []byte) []Refusal {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || doc.Kind == 0 {
		return []Refusal{{1, 1, fmt.Sprintf("no YAML: %v", err)}}
	}
	err := c.compiled.Validate(instance(&doc))
	if err == nil {
		return nil
	}
	refused := (*jsonschema.ValidationError)(nil)
	if !errors.As(err, &refused) {
		return []Refusal{{1, 1, err.Error()}}
	}
	var deepest []*jsonschema.ValidationError
	leaves(refused, func(e *jsonschema.ValidationError) {
		if len(deepest) > 0 && len(e.InstanceLocation) > len(deepest[0].InstanceLocation) {
			deepest = nil // what is above only says that something below is wrong
		}
		if len(deepest) == 0 || len(e.InstanceLocation) == len(deepest[0].InstanceLocation) {
			deepest = append(deepest, e)
		}
	})
	var all []Refusal
	for _, e := range deepest {
		n := nodeAt(&doc, e.InstanceLocation)
		said := e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
		if more, is := e.ErrorKind.(*kind.AdditionalProperties); is && len(more.Properties) > 0 {
			n = keyOf(n, more.Properties[0])
		}
		all = append(all, Refusal{n.Line, n.Column, said})
	}
	return slices.Compact(all)
}

// leaves visits the errors that have no causes of their own.
func leaves(e *jsonschema.ValidationError, visit func(*jsonschema.ValidationError)) {
	if len(e.Causes) == 0 {
		visit(e)
	}
	for _, cause := range e.Causes {
		leaves(cause, visit)
	}
}

// nodeAt is the node that a path of keys and numbers leads to.
func nodeAt(n *yaml.Node, path []string) *yaml.Node {
	n = followed(n)
	for _, step := range path {
		next := (*yaml.Node)(nil)
		if i, err := strconv.Atoi(step); err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content) {
			next = n.Content[i]
		}
		for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
			if followed(n.Content[i]).Value == step {
				next = n.Content[i+1]
			}
		}
		if next == nil {
			return n
		}
		n = followed(next)
	}
	return n
}

// keyOf is a mapping's key, or the mapping where it has no such key.
func keyOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i]
		}
	}
	return n
}

// followed is what a document holds, or an alias stands for.
func followed(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode || n.Kind == yaml.DocumentNode {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		} else {
			n = n.Content[0]
		}
	}
	return n
}

// instance is a YAML document as a reader of JSON sees it: dates are texts to it.
func instance(n *yaml.Node) any {
	n = followed(n)
	switch n.Kind {
	case yaml.MappingNode:
		o := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			o[followed(n.Content[i]).Value] = instance(n.Content[i+1])
		}
		return o
	case yaml.SequenceNode:
		all := []any{}
		for _, e := range n.Content {
			all = append(all, instance(e))
		}
		return all
	case yaml.ScalarNode, yaml.DocumentNode, yaml.AliasNode: // the last two have been followed
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		var f float64
		if err := n.Decode(&f); err == nil {
			if text, err := json.Marshal(f); err == nil { // neither of infinity nor of NaN
				return json.Number(text)
			}
		}
	}
	return n.Value
}
