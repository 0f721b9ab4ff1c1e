package winrm

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"postpatch/probes/host/winrm/markup"
)

// maxDepth is far above what WS-Man nests, and low enough for the library's
// recursive parsers.
const maxDepth = 64

// readEnvelope reads a whole reply and calls visit for every child of its body.
// A fault is returned as a *Fault, what is no envelope as one of kind NotWSMan.
func readEnvelope(text string, visit func(*markup.Reader, xml.StartElement) error) error {
	r := markup.NewReader(text, maxDepth)
	bodies := 0
	err := r.Children(func(root xml.StartElement) error {
		if root.Name.Local != "Envelope" {
			return fmt.Errorf("%q is no SOAP envelope", clean(root.Name.Local))
		}
		return r.Children(func(part xml.StartElement) error {
			if part.Name.Local != "Body" {
				return r.Skip()
			}
			bodies++
			return r.Children(func(element xml.StartElement) error {
				if element.Name.Local == "Fault" {
					fault, err := readFault(r)
					if err != nil {
						return err
					}
					return fault
				}
				if visit == nil {
					return r.Skip()
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
	r := markup.NewReader(text, maxDepth)
	related := ""
	errFound := errors.New("found")
	err := r.Children(func(xml.StartElement) error {
		return r.Children(func(part xml.StartElement) error {
			if part.Name.Local != "Header" {
				return errFound
			}
			return r.Children(func(element xml.StartElement) error {
				text, err := r.Text()
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
