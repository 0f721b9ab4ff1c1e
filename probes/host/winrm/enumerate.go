package winrm

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/packed"
)

const (
	maxPulls     = 1000
	maxEnumerate = 64 << 20 // bytes of replies to one query
)

// enumerate runs one query: an Enumerate, and Pulls until the host says that it
// was all. Windows puts one instance into the first reply.
func (s *Session) enumerate(ctx context.Context, q host.WQL) ([]host.Row, error) {
	resource := resourceOf(q)
	m := s.enumerateRequest(resource, packed.Query(q))
	var rows []host.Row
	var last string
	for size, n := 0, 0; size <= maxEnumerate && n <= maxPulls; n++ {
		text, err := s.post(ctx, m)
		if err != nil && ctx.Err() != nil && last != "" {
			s.tell(ctx, s.releaseRequest(resource, last))
		}
		if err != nil {
			return nil, err
		}
		got, err := readInstances(text)
		if err != nil {
			return nil, err
		}
		rows = append(rows, got.rows...)
		if got.end || got.context == "" {
			return rows, nil
		}
		size += len(text)
		last = got.context
		m = s.pullRequest(resource, last)
	}
	s.tell(ctx, s.releaseRequest(resource, last))
	return nil, &Fault{Reason: fmt.Sprintf("more than %d messages or %d bytes for one query", maxPulls, maxEnumerate)}
}

// instances is what one reply to Enumerate or Pull holds.
type instances struct {
	rows    []host.Row
	context string
	end     bool
}

// readInstances reads a reply to Enumerate or Pull. Names are matched without
// their namespace: the two replies use different ones for the same elements.
func readInstances(text string) (instances, error) {
	var got instances
	err := readEnvelope(text, func(r *reader, response xml.StartElement) error {
		if !strings.HasSuffix(response.Name.Local, "Response") {
			return fmt.Errorf("%q is no answer to a query", clean(response.Name.Local))
		}
		return r.children(func(element xml.StartElement) error {
			switch element.Name.Local {
			case "EnumerationContext":
				name, err := r.text()
				got.context = strings.TrimSpace(name)
				return err
			case "EndOfSequence":
				got.end = true
				return r.skip()
			case "Items":
				// Each item is an instance under its class's name, a subclass's
				// under its own; or w:XmlFragment with the chosen columns.
				return r.children(func(xml.StartElement) error {
					row, err := readRow(r)
					got.rows = append(got.rows, row)
					return err
				})
			default:
				return r.skip()
			}
		})
	})
	if err != nil {
		return instances{}, err
	}
	return got, nil
}

// readRow reads one instance. A column that comes more than once is an array.
func readRow(r *reader) (host.Row, error) {
	row := host.Row{}
	err := r.children(func(column xml.StartElement) error {
		cell, err := readCell(r, column)
		if err != nil {
			return err
		}
		name := column.Name.Local
		before, again := row[name]
		if again {
			if before.List == nil {
				before.List = []string{before.Text}
			}
			cell = host.Cell{List: append(before.List, cell.Text)}
		}
		row[name] = cell
		return nil
	})
	return row, err
}

// readCell reads one column: text, null, or a date nested one deeper.
func readCell(r *reader, column xml.StartElement) (host.Cell, error) {
	if null := attribute(column, "nil"); null == "true" || null == "1" {
		return host.Cell{Null: true}, r.skip()
	}
	var own, nested string
	var isDate, hasChild bool
	for depth := r.depth; r.depth >= depth; {
		token, err := r.next()
		if err != nil {
			return host.Cell{}, err
		}
		switch token := token.(type) {
		case xml.CharData:
			own += string(token)
		case xml.StartElement:
			hasChild = true
			isDate = isDate || token.Name.Local == "Datetime"
			text, err := r.text()
			if err != nil {
				return host.Cell{}, err
			}
			nested += text
		}
	}
	switch {
	case isDate:
		return host.Cell{Text: rfc3339(nested)}, nil
	case hasChild:
		return host.Cell{Text: strings.TrimSpace(nested)}, nil
	default:
		return host.Cell{Text: own}, nil
	}
}

// rfc3339 brings a date to UTC; one that cannot be read stays as it is.
func rfc3339(text string) string {
	text = strings.TrimSpace(text)
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.UTC().Format(time.RFC3339Nano)
}
