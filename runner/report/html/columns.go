package html

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
)

// column is a list of numbers with its name in a block of columns.
type column[T any] struct {
	name  string
	value func(T) int64
}

// writeColumns writes {"name":[…],…}: like stands beside like, which packs well, and the
// app reads each column into an array of its own. The last column is followed by more.
func writeColumns[T any](w io.Writer, of *chunked[T], columns []column[T], more func(*bufio.Writer) error) error {
	b := bufio.NewWriterSize(w, 1<<15)
	var digits []byte
	for i, c := range columns {
		name, err := json.Marshal(c.name)
		if err != nil {
			return err
		}
		_, _ = b.WriteString(separator(i == 0) + string(name) + `:[`) // Flush has the error
		first := true
		for v := range of.all {
			digits = digits[:0]
			if !first {
				digits = append(digits, ',')
			}
			first = false
			_, _ = b.Write(strconv.AppendInt(digits, c.value(v), 10))
		}
		_ = b.WriteByte(']')
	}
	if more != nil {
		if err := more(b); err != nil {
			return err
		}
	}
	_ = b.WriteByte('}')
	return b.Flush()
}

func separator(first bool) string {
	if first {
		return "{"
	}
	return ","
}
