package winrm

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
)

// Kind sorts faults by what a caller can do about them.
type Kind int

// The kinds of fault.
const (
	Other        Kind = iota
	AccessDenied      // the account may not
	BadQuery          // the query or its class is not known there
	TimedOut          // the operation goes on, but not within its OperationTimeout
	ShellGone         // the host has no such shell any more
	Quota             // the host refuses more shells, operations or bytes
	NotWSMan          // what answers there does not speak WS-Man
	NoResource        // the host has no such class of things, or no such endpoint, at this address
)

// String is a short name for people.
func (k Kind) String() string {
	return [...]string{
		"fault", "access denied", "bad query", "timed out", "shell gone", "quota reached", "no WS-Man", "no such endpoint",
	}[k]
}

// Fault is what the host said instead of an answer.
type Fault struct {
	Kind   Kind
	Code   uint32 // WSManFault's, 0 when there was none
	Status int    // HTTP's, 0 when the fault came with none
	Reason string // one line, made fit to be shown

	// NoClass says that WMI's own number is the one of a class or namespace that is
	// not there.
	NoClass bool
}

// Is makes the host's own errors out of WinRM's.
func (f *Fault) Is(target error) bool {
	switch target {
	case host.ErrNoClass:
		return f.NoClass
	case host.ErrDenied:
		return f.Kind == AccessDenied
	case host.ErrBusy: // a message that is too large for a host is so at any time
		return f.Kind == Quota && f.Status != http.StatusRequestEntityTooLarge || f.Status == http.StatusServiceUnavailable
	default:
		return false
	}
}

func (f *Fault) Error() string {
	text := f.Kind.String()
	if f.Code != 0 {
		text += " (" + strconv.FormatUint(uint64(f.Code), 10) + ")"
	}
	if f.Reason != "" {
		text += ": " + f.Reason
	}
	return text
}

// hostSaidSo reports whether err is an answer of WS-Man itself, after which
// the connection and the account are still good.
func hostSaidSo(err error) bool {
	var f *Fault
	return errors.As(err, &f) && f.Status != http.StatusUnauthorized && f.Kind != NotWSMan || errors.Is(err, errNoLine)
}

// belongsToQuestion reports whether err says nothing about other questions.
func belongsToQuestion(err error) bool {
	var f *Fault
	return hostSaidSo(err) && errors.As(err, &f) && f.Kind != Quota
}

func isFault(err error) bool {
	var f *Fault
	return errors.As(err, &f)
}

func isKind(err error, kind Kind) bool {
	var f *Fault
	return errors.As(err, &f) && f.Kind == kind
}

// WMI's own numbers: WBEM_E_INVALID_CLASS and WBEM_E_INVALID_NAMESPACE.
const (
	invalidClass     = 0x80041010
	invalidNamespace = 0x8004100E
)

func kindOfCode(code uint32) Kind {
	switch code {
	case 5, 0x80070005, 0x80041003: // Windows', COM's and WMI's
		return AccessDenied
	case 2150858778, invalidClass, 0x80041017, invalidNamespace: // 0x80041017 is a query that WMI cannot read
		return BadQuery
	case 2150858793:
		return TimedOut
	case 2150858843:
		return ShellGone
	case 2150859173, 2150859174:
		return Quota
	case 2150858811:
		return NoResource
	default:
		return Other
	}
}

// kindOfSubcode reads a SOAP subcode such as w:TimedOut without its prefix,
// which every server chooses for itself.
func kindOfSubcode(subcode string) Kind {
	_, name, found := strings.Cut(strings.TrimSpace(subcode), ":")
	if !found {
		name = subcode
	}
	switch name {
	case "AccessDenied":
		return AccessDenied
	case "CannotProcessFilter", "FilteringNotSupported", "FilterDialectRequestedUnavailable":
		return BadQuery
	case "TimedOut":
		return TimedOut
	case "InvalidSelectors":
		return ShellGone
	case "QuotaLimit":
		return Quota
	default:
		return Other
	}
}

// readFault reads the children of an s:Fault. Codes say more than subcodes, and
// the first code that is known more than those around it; the last message is
// the provider's own.
func readFault(r *markup.Reader) (*Fault, error) {
	fault := &Fault{}
	var reason, message strings.Builder
	bySubcode := Other
	var path []string
	for {
		token, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("reading a fault: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			if token.Name.Local == "WSManFault" {
				fault.note(markup.Attribute(token, "Code"))
			}
		case xml.EndElement:
			if len(path) == 0 {
				if fault.Kind == Other {
					fault.Kind = bySubcode
				}
				fault.Reason = clean(message.String())
				if fault.Reason == "" {
					fault.Reason = clean(reason.String())
				}
				return fault, nil
			}
			path = path[:len(path)-1]
		case xml.CharData:
			text := strings.TrimSpace(string(token))
			if text == "" || len(path) == 0 {
				continue
			}
			switch last := path[len(path)-1]; {
			case last == "Text":
				hold(&reason, text)
			case last == "Message", last == "error_Message":
				message.Reset()
				hold(&message, text)
			case last == "error_Code":
				fault.note(text)
			case last == "Value" && len(path) > 1 && path[len(path)-2] == "Subcode":
				bySubcode = kindOfSubcode(text)
			}
		}
	}
}

// hold adds to a text of which people see a line.
func hold(b *strings.Builder, text string) {
	const most = 4 << 10
	if b.Len() < most {
		b.WriteString(text[:min(len(text), most)])
	}
}

// note takes a code into the fault.
func (f *Fault) note(text string) {
	code, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return
	}
	if f.Code == 0 {
		f.Code = uint32(code)
	}
	f.NoClass = f.NoClass || code == invalidClass || code == invalidNamespace
	if f.Kind == Other {
		f.Kind = kindOfCode(uint32(code))
	}
}
