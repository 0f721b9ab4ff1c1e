package winrm

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth is far above what WS-Man nests, and low enough for the library's
// recursive parsers.
const maxDepth = 64

// reader hands out XML as a stream of tokens and refuses what no WS-Man reply
// has.
type reader struct {
	decoder *xml.Decoder
	depth   int
}

func (r *reader) next() (xml.Token, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token.(type) {
	case xml.StartElement:
		r.depth++
		if r.depth > maxDepth {
			return nil, fmt.Errorf("more than %d elements deep", maxDepth)
		}
	case xml.EndElement:
		r.depth--
	case xml.Directive:
		return nil, errors.New("a document type is not allowed")
	}
	return token, nil
}

// children calls visit for every child of the element whose start was just
// read, up to and with its end. visit must read the child up to its end.
func (r *reader) children(visit func(xml.StartElement) error) error {
	for {
		token, err := r.next()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if err := visit(token); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// text reads an element up to its end and returns all text in it, its
// children's too.
func (r *reader) text() (string, error) {
	var text strings.Builder
	for depth := r.depth; r.depth >= depth; {
		token, err := r.next()
		if err != nil {
			return "", err
		}
		if data, is := token.(xml.CharData); is {
			text.Write(data)
		}
	}
	return text.String(), nil
}

func (r *reader) skip() error {
	for depth := r.depth; r.depth >= depth; {
		if _, err := r.next(); err != nil {
			return err
		}
	}
	return nil
}

// attribute returns an attribute's value by its name without a namespace.
func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// readEnvelope reads a whole reply and calls visit for every child of its body.
// A fault is returned as a *Fault, what is no envelope as one of kind NotWSMan.
func readEnvelope(text string, visit func(*reader, xml.StartElement) error) error {
	r := &reader{decoder: xml.NewDecoder(strings.NewReader(text))}
	bodies := 0
	err := r.children(func(root xml.StartElement) error {
		if root.Name.Local != "Envelope" {
			return fmt.Errorf("%q is no SOAP envelope", clean(root.Name.Local))
		}
		return r.children(func(part xml.StartElement) error {
			if part.Name.Local != "Body" {
				return r.skip()
			}
			bodies++
			return r.children(func(element xml.StartElement) error {
				if element.Name.Local == "Fault" {
					fault, err := readFault(r)
					if err != nil {
						return err
					}
					return fault
				}
				if visit == nil {
					return r.skip()
				}
				return visit(r, element)
			})
		})
	})
	var fault *Fault
	switch {
	case errors.As(err, &fault):
		return err
	case errors.Is(err, io.EOF) && bodies == 1: // the end of the document
		return nil
	case errors.Is(err, io.EOF):
		err = errors.New("no SOAP body")
	}
	return &Fault{Kind: NotWSMan, Reason: clean("reading the reply: " + err.Error())}
}

// related makes sure that a reply is the one to the message that was asked: a
// reply to another one, kept back or sent twice by whatever stands between, is
// no answer. A fault need not say what it is about.
func related(asked, text string, fault bool) error {
	if asked == "" {
		return nil // Identify has no identity
	}
	got, err := readRelatesTo(text)
	switch {
	case err != nil:
		return &Fault{Kind: NotWSMan, Reason: clean("reading the reply: " + err.Error())}
	case got == asked || got == "" && fault:
		return nil
	case got == "":
		return &Fault{Kind: NotWSMan, Reason: "a reply that does not say to which message"}
	default:
		return &Fault{Kind: NotWSMan, Reason: fmt.Sprintf("a reply to the message %q, not to ours", clean(got))}
	}
}

// between returns what stands between two marks of a text of ours.
func between(text, begin, end string) string {
	_, rest, _ := strings.Cut(text, begin)
	found, _, _ := strings.Cut(rest, end)
	return found
}

// readRelatesTo reads a reply up to its header's end.
func readRelatesTo(text string) (string, error) {
	r := &reader{decoder: xml.NewDecoder(strings.NewReader(text))}
	related := ""
	errFound := errors.New("found")
	err := r.children(func(xml.StartElement) error {
		return r.children(func(part xml.StartElement) error {
			if part.Name.Local != "Header" {
				return errFound
			}
			return r.children(func(element xml.StartElement) error {
				text, err := r.text()
				if element.Name.Local == "RelatesTo" {
					related = strings.TrimSpace(text)
				}
				return err
			})
		})
	})
	if err != nil && !errors.Is(err, errFound) && !errors.Is(err, io.EOF) {
		return "", err
	}
	return related, nil
}
