package winrm

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/winrm/markup"
)

const (
	maxPulls     = 1000
	maxEnumerate = 64 << 20 // bytes of replies to one query
	maxKept      = 64 << 20 // bytes of memory for the rows of one query
	// What a row and a cell take beside their texts, roughly.
	rowItself  = 200
	cellItself = 120
	// endedContext is the fault of an enumeration that the host has ended.
	endedContext = 2150858779
)

// enumerate runs one query: an Enumerate, and Pulls until the host says that it
// was all. Windows puts one instance into the first reply.
func (s *Session) enumerate(ctx context.Context, q host.WQL) ([]host.Row, error) {
	resource := resourceOf(q)
	rows, open, err := s.gather(ctx, q)
	var fault *Fault
	ended := errors.As(err, &fault) && fault.Code == endedContext
	if err != nil && open != "" && !ended {
		s.tell(ctx, s.releaseRequest(resource, open)) // or the host keeps it for minutes
	}
	return rows, err
}

// gather pulls all rows of a query. With an error comes the context that is still
// open on the host, if there is one.
func (s *Session) gather(ctx context.Context, q host.WQL) (rows []host.Row, open string, err error) {
	resource := resourceOf(q)
	m, want := s.enumerateRequest(resource, packed.Query(q)), "EnumerateResponse"
	left := maxKept
	for size, n := 0, 0; size <= maxEnumerate && n <= maxPulls; n++ {
		text, err := s.post(ctx, m)
		switch {
		case isKind(err, TimedOut) && open != "": // nothing yet; the rows go on coming
			m = s.pullRequest(resource, open)
			continue
		case err != nil:
			return nil, open, err
		}
		got, err := readInstances(text, want, left)
		if err != nil {
			return nil, open, err
		}
		rows = append(rows, got.rows...)
		left -= got.kept
		size += len(text)
		if got.named {
			open = got.context
		}
		if got.end {
			open = ""
		}
		switch {
		case q.Most > 0 && len(rows) > q.Most:
			return nil, open, &Fault{Reason: fmt.Sprintf("more than %d instances", q.Most)}
		case got.end, got.named && got.context == "":
			return rows, "", nil
		case open == "":
			return nil, "", &Fault{Kind: NotWSMan, Reason: "an answer to a query that neither ends nor goes on"}
		}
		m, want = s.pullRequest(resource, open), "PullResponse"
	}
	return nil, open, &Fault{Reason: fmt.Sprintf(
		"more than %d messages or %d bytes for one query", maxPulls, maxEnumerate)}
}

// instances is what one reply to Enumerate or Pull holds.
type instances struct {
	rows    []host.Row
	context string
	named   bool // there is a context, which may be empty
	end     bool
	kept    int // bytes of memory for the rows, roughly
}

// readInstances reads a reply to Enumerate or Pull, whose body has to be the one
// element that is wanted: an empty body is no empty answer. Names are matched
// without their namespace: the two replies use different ones for the same
// elements. The rows may take so much memory at most.
func readInstances(text, want string, most int) (instances, error) {
	var got instances
	bodies := 0
	err := readEnvelope(text, func(r *markup.Reader, response xml.StartElement) error {
		if bodies++; response.Name.Local != want || bodies > 1 {
			return fmt.Errorf("%q is no answer to a query", clean(response.Name.Local))
		}
		return r.Children(func(element xml.StartElement) error {
			switch element.Name.Local {
			case "EnumerationContext":
				name, err := r.Text()
				got.context, got.named = strings.TrimSpace(name), true
				return err
			case "EndOfSequence":
				got.end = true
				return r.Skip()
			case "Items":
				return got.items(r, most)
			default:
				return r.Skip()
			}
		})
	})
	if err == nil && bodies == 0 {
		err = &Fault{Kind: NotWSMan, Reason: "an empty body is no answer to a query"}
	}
	if err != nil {
		return instances{}, err
	}
	return got, nil
}

// items reads instances: each under its class's name, a subclass's under its
// own; or w:XmlFragment with the chosen columns.
func (i *instances) items(r *markup.Reader, most int) error {
	return r.Children(func(xml.StartElement) error {
		row, err := readRow(r)
		i.rows = append(i.rows, row)
		i.kept += rowItself
		for name, cell := range row {
			i.kept += cellItself + len(name) + len(cell.Text)
			for _, item := range cell.List {
				i.kept += cellItself + len(item)
			}
		}
		if err == nil && i.kept > most {
			err = fmt.Errorf("an answer of more than %d bytes", maxKept)
		}
		return err
	})
}

// readRow reads one instance. A column that comes more than once is an array.
func readRow(r *markup.Reader) (host.Row, error) {
	row := host.Row{}
	err := r.Children(func(column xml.StartElement) error {
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
func readCell(r *markup.Reader, column xml.StartElement) (host.Cell, error) {
	if null := markup.Attribute(column, "nil"); null == "true" || null == "1" {
		return host.Cell{Null: true}, r.Skip()
	}
	var own, nested strings.Builder
	var isDate, hasChild bool
	err := r.Within(func(token xml.Token) error {
		switch token := token.(type) {
		case xml.CharData:
			own.Write(token)
		case xml.StartElement:
			hasChild = true
			isDate = isDate || token.Name.Local == "Datetime"
			text, err := r.Text()
			nested.WriteString(text)
			return err
		}
		return nil
	})
	if err != nil {
		return host.Cell{}, err
	}
	switch {
	case isDate:
		return host.Cell{Text: rfc3339(nested.String())}, nil
	case hasChild:
		return host.Cell{Text: strings.TrimSpace(nested.String())}, nil
	default:
		return host.Cell{Text: own.String()}, nil
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
