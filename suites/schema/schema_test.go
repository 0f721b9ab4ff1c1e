package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/suites/schema"
)

var update = flag.Bool("update", false, "write examples/postpatch.schema.json anew")

// TestTheExamplesSchemaIsUpToDate holds the schema that the examples name.
func TestTheExamplesSchemaIsUpToDate(t *testing.T) {
	path := filepath.Join("../../examples", schema.Name("suite"))
	got, err := schema.Of("suite", all.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(want, got) {
		t.Errorf("%s is not what the kinds declare (%v): go test ./suites/schema -update", path, err)
	}
}

func TestModelines(t *testing.T) {
	const want = "# yaml-language-server: $schema=../postpatch.schema.json\n# $schema: ../postpatch.schema.json\n"
	if got := schema.Modelines("../postpatch.schema.json"); got != want {
		t.Errorf("got %q", got)
	}
}

// compiled is the schema of a file, as a validator of another make reads it.
func compiled(t testing.TB, file string, kinds []probes.Kind) *jsonschema.Schema {
	t.Helper()
	text, err := schema.Of(file, kinds)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///"+file, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///" + file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// instance is a YAML document as a reader of JSON sees it: dates are texts to it.
func instance(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return instance(n.Content[0])
	case yaml.AliasNode:
		return instance(n.Alias)
	case yaml.MappingNode:
		o := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			for key.Kind == yaml.AliasNode {
				key = key.Alias
			}
			o[key.Value] = instance(n.Content[i+1])
		}
		return o
	case yaml.SequenceNode:
		all := []any{}
		for _, e := range n.Content {
			all = append(all, instance(e))
		}
		return all
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

// refused says why a schema refuses a document; "" where it does not.
func refused(s *jsonschema.Schema, text []byte) string {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || doc.Kind == 0 {
		return fmt.Sprintf("no YAML: %v", err)
	}
	if err := s.Validate(instance(&doc)); err != nil {
		return err.Error()
	}
	return ""
}

func TestSchemasAreTheSameEachTime(t *testing.T) {
	for _, file := range schema.Files() {
		compiled(t, file, all.Kinds())
		first, err := schema.Of(file, all.Kinds())
		second, _ := schema.Of(file, all.Kinds())
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: another one each time (%v)", file, err)
		}
	}
	if _, err := schema.Of("weather", nil); err == nil {
		t.Error("a schema of the weather")
	}
}
