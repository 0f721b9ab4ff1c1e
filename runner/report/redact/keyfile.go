package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// keyVersion is the version of the file.
const keyVersion = 1

// keyEntry is a name in the file of a key.
type keyEntry struct {
	Kind kind   `json:"kind"`
	Name string `json:"name"` // in lower case
	As   string `json:"as,omitempty"`
	// InPlace says that the name is replaced only where the text says what it is: an
	// address, an unknown host before a known domain.
	InPlace bool `json:"in_place,omitempty"`
}

// ReadKey reads what Write has written. Somebody may have added names, such as
// {"kind": "word", "name": "falcon"}: they are replaced, too.
func ReadKey(from io.Reader) (*Key, error) {
	content, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	var file struct {
		Version int        `json:"redaction_key"`
		Names   []keyEntry `json:"names"`
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("it is no key of --redact: %w", err)
	}
	if file.Version != keyVersion {
		return nil, fmt.Errorf("it is no key of --redact of version %d", keyVersion)
	}
	k := NewKey()
	for i, e := range file.Names {
		if err := k.enter(e); err != nil {
			return nil, fmt.Errorf("names[%d]: %w", i, err)
		}
	}
	return k, nil
}

func (k *Key) enter(e keyEntry) error {
	r := ref{e.Kind, strings.ToLower(e.Name)}
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_'
	}
	_, known := k.as[r]
	switch {
	case e.Kind.format() == "":
		return fmt.Errorf("unknown kind %q", e.Kind)
	case e.Name == "":
		return fmt.Errorf("a name is empty")
	case known || k.sure[r]:
		return fmt.Errorf("%s %q stands there twice", e.Kind, e.Name)
	case k.taken[e.As]:
		return fmt.Errorf("%q stands for two names", e.As)
	case strings.ContainsFunc(e.As, func(c rune) bool { return !plain(c) }):
		return fmt.Errorf("%q: want letters, digits and - . _", e.As)
	}
	if e.As != "" {
		k.as[r], k.taken[e.As] = e.As, true
		k.order = append(k.order, r)
		var n int
		if _, err := fmt.Sscanf(e.As, r.kind.format(), &n); err == nil {
			k.last[r.kind.counted()] = max(k.last[r.kind.counted()], n)
		}
	}
	if !e.InPlace {
		k.note(r)
	}
	return nil
}

// Write writes the key, by which who has it can tell what the names stand for.
func (k *Key) Write(to io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"redaction_key\": %d, \"names\": [", keyVersion)
	for i, r := range slices.Concat(k.order, k.unnamed()) {
		line, err := json.Marshal(keyEntry{r.kind, r.name, k.as[r], !k.sure[r]})
		if err != nil {
			return fmt.Errorf("writing the key: %w", err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n  %s", line)
	}
	b.WriteString("\n]}\n")
	if _, err := to.Write(b.Bytes()); err != nil {
		return fmt.Errorf("writing the key: %w", err)
	}
	return nil
}

// unnamed are words that somebody has written into the file, and that no stream had yet.
func (k *Key) unnamed() []ref {
	var all []ref
	for _, r := range k.all {
		if _, named := k.as[r]; !named && r.kind == kindWord {
			all = append(all, r)
		}
	}
	return all
}
