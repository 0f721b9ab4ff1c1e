package fact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Encode writes a value in its stored form: one JSON object whose only key is
// the type, {"duration":"12ms"}. So two snapshots can be compared by a program
// that has no probes in it. Equal values have equal bytes.
func Encode(v Value) []byte {
	var plain any
	switch v := v.(type) {
	case Bool:
		plain = bool(v)
	case Int:
		plain = int64(v)
	case Text:
		plain = strings.ToValidUTF8(string(v), "\uFFFD")
	case Duration:
		plain = time.Duration(v).String()
	case Time:
		plain = time.Time(v).UTC().Format(time.RFC3339Nano)
	case Set:
		plain = append([]string{}, v.elems...)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	// A map of a string to one of six plain types always encodes.
	_ = enc.Encode(map[string]any{v.Type().String(): plain})
	return bytes.TrimRight(b.Bytes(), "\n")
}

// Decode reads what Encode wrote. It refuses any other type and anything that
// has more than one key.
func Decode(data []byte) (Value, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, fmt.Errorf("reading a stored value: %w", err)
	}
	if len(object) != 1 {
		return nil, fmt.Errorf("reading a stored value: want one key, got %d", len(object))
	}
	for word, raw := range object {
		v, err := decode(word, raw)
		if err != nil {
			return nil, fmt.Errorf("reading a stored %s: %w", word, err)
		}
		return v, nil
	}
	return nil, errors.New("unreachable: the object has one key")
}

func decode(word string, raw json.RawMessage) (Value, error) {
	switch word {
	case "bool":
		return decodeAs(raw, func(b bool) (Value, error) { return Bool(b), nil })
	case "int":
		return decodeAs(raw, func(i int64) (Value, error) { return Int(i), nil })
	case "text":
		return decodeAs(raw, func(s string) (Value, error) { return Text(s), nil })
	case "duration":
		return decodeAs(raw, func(s string) (Value, error) {
			d, err := time.ParseDuration(s)
			return Duration(d), err
		})
	case "time":
		return decodeAs(raw, func(s string) (Value, error) {
			t, err := time.Parse(time.RFC3339Nano, s)
			return Time(t), err
		})
	case "set":
		return decodeAs(raw, func(s []string) (Value, error) { return SetOf(s...), nil })
	default:
		return nil, errors.New("unknown type")
	}
}

func decodeAs[T any](raw json.RawMessage, convert func(T) (Value, error)) (Value, error) {
	var plain *T
	if err := json.Unmarshal(raw, &plain); err != nil {
		return nil, err
	}
	if plain == nil {
		return nil, errors.New("null is no value")
	}
	return convert(*plain)
}
