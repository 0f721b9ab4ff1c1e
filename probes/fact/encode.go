package fact

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Encode writes a value in its stored form: one JSON object whose only key is
// the type, {"duration":"12ms"}. So two snapshots can be compared by a program
// that has no probes in it. Equal values have equal bytes, and Decode gives any
// value back as it was.
func Encode(v Value) []byte { return AppendEncoded(nil, v) }

// AppendEncoded appends what Encode returns.
func AppendEncoded(dst []byte, v Value) []byte {
	switch v := v.(type) {
	case Bool:
		dst = append(dst, `{"bool":`...)
		dst = strconv.AppendBool(dst, bool(v))
	case Int:
		dst = append(dst, `{"int":`...)
		dst = strconv.AppendInt(dst, int64(v), 10)
	case Text:
		dst = append(dst, `{"text":`...)
		dst = AppendQuoted(dst, string(v))
	case Duration:
		dst = append(dst, `{"duration":"`...)
		dst = append(dst, time.Duration(v).String()...)
		dst = append(dst, '"')
	case Time:
		dst = append(dst, `{"time":"`...)
		dst = appendTime(dst, time.Time(v).UTC())
		dst = append(dst, '"')
	case Set:
		dst = append(dst, `{"set":[`...)
		for i, elem := range v.elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendQuoted(dst, elem)
		}
		dst = append(dst, ']')
	default: // nil, which Decode refuses
		dst = append(dst, `{"unknown":null`...)
	}
	return append(dst, '}')
}

// appendTime writes RFC 3339 where that can hold the year, and "@seconds.nanos"
// since 1970 elsewhere: a host can send 9999-12-31T23:59:59-01:00.
func appendTime(dst []byte, t time.Time) []byte {
	if year := t.Year(); year >= 0 && year <= 9999 {
		return t.AppendFormat(dst, time.RFC3339Nano)
	}
	return fmt.Appendf(dst, "@%d.%09d", t.Unix(), t.Nanosecond())
}

// Decode reads what Encode wrote and nothing else: no other type, no second
// key, no other form of the same value.
func Decode(data []byte) (Value, error) { return DecodeString(string(data)) }

// DecodeString is Decode for a string; the value may keep parts of it.
func DecodeString(s string) (Value, error) {
	body, opened := strings.CutPrefix(s, `{"`)
	body, closed := strings.CutSuffix(body, "}")
	word, body, colon := strings.Cut(body, `":`)
	if !opened || !closed || !colon {
		return nil, fmt.Errorf("reading a stored value: want one type and its value, got %.60q", s)
	}
	v, err := decode(word, body)
	if err != nil {
		return nil, fmt.Errorf("reading a stored %.20q: %w", word, err)
	}
	return v, nil
}

func decode(word, body string) (Value, error) {
	switch word {
	case "bool":
		if body != "true" && body != "false" {
			return nil, fmt.Errorf("want true or false, got %.20q", body)
		}
		return Bool(body == "true"), nil
	case "int":
		return decodeInt(body)
	case "set":
		return decodeSet(body)
	case "text", "duration", "time":
		text, rest, err := Unquote(body)
		if err != nil {
			return nil, err
		}
		if rest != "" {
			return nil, fmt.Errorf("something follows the value: %.20q", rest)
		}
		return decodeText(word, text)
	default:
		return nil, errors.New("unknown type")
	}
}

func decodeInt(body string) (Value, error) {
	n, err := strconv.ParseInt(body, 10, 64)
	if err != nil {
		return nil, err
	}
	var b [20]byte
	if string(strconv.AppendInt(b[:0], n, 10)) != body {
		return nil, fmt.Errorf("%.40q is another form of %d", body, n)
	}
	return Int(n), nil
}

func decodeText(word, text string) (Value, error) {
	switch word {
	case "duration":
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, err
		}
		if d.String() != text {
			return nil, fmt.Errorf("%.40q is another form of %s", text, d)
		}
		return Duration(d), nil
	case "time":
		t, err := parseTime(text)
		if err != nil {
			return nil, err
		}
		var b [64]byte
		if string(appendTime(b[:0], t)) != text {
			return nil, fmt.Errorf("%.40q is another form of a time", text)
		}
		return Time(t), nil
	default:
		return Text(text), nil
	}
}

// parseTime reads what appendTime wrote, in UTC.
func parseTime(text string) (time.Time, error) {
	since, isFar := strings.CutPrefix(text, "@")
	if !isFar {
		t, err := time.Parse(time.RFC3339Nano, text)
		return t.UTC(), err
	}
	seconds, nanos, _ := strings.Cut(since, ".")
	sec, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	nsec, err := strconv.ParseInt(nanos, 10, 32)
	return time.Unix(sec, nsec).UTC(), err
}

func decodeSet(body string) (Value, error) {
	rest, opened := strings.CutPrefix(body, "[")
	if !opened {
		return nil, errors.New("want a list")
	}
	if rest == "]" {
		return Set{}, nil
	}
	elems := make([]string, 0, 8)
	for {
		elem, after, err := Unquote(rest)
		if err != nil {
			return nil, err
		}
		if n := len(elems); n > 0 && elems[n-1] >= elem {
			return nil, fmt.Errorf("element %.40q is out of order", elem)
		}
		elems = append(elems, elem)
		switch {
		case after == "]":
			return Set{elems}, nil
		case !strings.HasPrefix(after, ","):
			return nil, errors.New("want a comma or the end of the list")
		}
		rest = after[1:]
	}
}
