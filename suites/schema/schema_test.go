package schema_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
func compiled(t testing.TB, file string, kinds []probes.Kind) *schema.Checker {
	t.Helper()
	s, err := schema.NewChecker(file, kinds)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// refused says why a schema refuses a document; "" where it does not.
func refused(s *schema.Checker, text []byte) string {
	var all []string
	for _, r := range s.Check(text) {
		all = append(all, fmt.Sprintf("%d:%d: %s", r.Line, r.Column, r.Said))
	}
	return strings.Join(all, "; ")
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
