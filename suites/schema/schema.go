// Package schema writes JSON Schemas (draft-07) of the files that people write, from the
// declarations of the kinds: for editors, which complete and check a file as it is typed.
// They accept all that the loader accepts; what the loader says of a mistake is better.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"postpatch/probes"
)

// object is a schema, or a part of one. Its keys are written in alphabetical order.
type object = map[string]any

// list is an array in one.
type list = []any

// Files are the files that there are schemas of.
func Files() []string { return []string{"suite", "plan", "credentials", "channels"} }

// Of is the schema of one of Files, as text with a new line at its end; the same kinds
// make the same bytes.
func Of(file string, kinds []probes.Kind) ([]byte, error) {
	switch file {
	case "suite":
		return encode(file, suite(kinds))
	case "plan":
		return encode(file, plan(kinds))
	case "credentials":
		return encode(file, credentials())
	case "channels":
		return encode(file, channels())
	default:
		return nil, fmt.Errorf("no schema of %q: want suite, plan, credentials or channels", file)
	}
}

// Name is what the schema of one of Files is called beside the files that name it.
func Name(file string) string {
	if file == "suite" {
		return "postpatch.schema.json"
	}
	return "postpatch-" + file + ".schema.json"
}

// Modelines are the two lines that a file begins with for editors to find its schema: the
// one that the YAML server of VS Code, Vim and Emacs reads, and that of the JetBrains
// editors. The schema is a URL or a path relative to the file.
func Modelines(schema string) string {
	return "# yaml-language-server: $schema=" + schema + "\n# $schema: " + schema + "\n"
}

func encode(file string, s object) ([]byte, error) {
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["$id"] = "urn:postpatch:schema:" + file
	var b bytes.Buffer
	if err := write(&b, s, "\n"); err != nil {
		return nil, fmt.Errorf("writing the schema of %s: %w", file, err)
	}
	b.WriteString("\n")
	return b.Bytes(), nil
}

// write writes a schema with a line for each key, and for each definition: small enough
// to be kept beside the suites, and what a new version changes can be read there.
func write(b *bytes.Buffer, s object, newLine string) error {
	b.WriteString("{")
	for i, key := range slices.Sorted(maps.Keys(s)) {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(b, "%s%q: ", newLine, key)
		if key == "definitions" {
			if err := write(b, s[key].(object), newLine+" "); err != nil {
				return err
			}
			continue
		}
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		if err := e.Encode(s[key]); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the new line behind it
	}
	b.WriteString("\n}")
	return nil
}

// ref points at a definition, beside what is said of it here: a reader of draft-07 that
// is strict looks at nothing beside a $ref.
func ref(name string, about object) object {
	if about == nil {
		about = object{}
	}
	about["allOf"] = list{object{"$ref": "#/definitions/" + name}}
	return about
}

// doc is a description, in plain text and in Markdown for editors that show that.
func doc(plain, markdown string) object {
	return object{"description": plain, "markdownDescription": markdown}
}

// about is a description that is the same in both.
func about(text string) object { return object{"description": text} }

// with puts keywords into a schema.
func with(s object, more ...object) object {
	for _, m := range more {
		maps.Copy(s, m)
	}
	return s
}

// closed is a mapping that has these keys and no others.
func closed(properties object, required ...string) object {
	s := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// requires is a schema that asks for a key, and says nothing of others.
func requires(key string) object { return object{"required": list{key}} }

// words are documented constants: a word and what it means, in turn.
func words(pairs ...string) object {
	var all list
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, object{"const": pairs[i], "description": pairs[i+1]})
	}
	return object{"oneOf": all}
}
