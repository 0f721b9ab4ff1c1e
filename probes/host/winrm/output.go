package winrm

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"postpatch/probes/host/winrm/markup"

	"github.com/masterzen/winrm/soap"
)

// stateDone is the state of a command that has ended, as MS-WSMV names it.
const stateDone = soap.NS_WIN_SHELL + "/CommandState/Done"

// The names of what a host gives an identity.
const (
	shellID   = "ShellId"
	commandID = "CommandId"
)

// readIdentity reads a shell's or a command's identity out of the reply to Create
// or Command. It goes out again, so it is escaped here. The library's parsers
// build a tree and search it for each value, which was a sixth of all that a host
// cost.
func readIdentity(text, name string) (string, error) {
	id := ""
	err := readEnvelope(text, func(r *markup.Reader, _ xml.StartElement) error {
		return r.Within(func(token xml.Token) error {
			element, is := token.(xml.StartElement)
			// Servers before WinRM 2.0 name a shell only where it is to be found.
			selects := element.Name.Local == "Selector" && markup.Attribute(element, "Name") == name
			if !is || element.Name != (xml.Name{Space: soap.NS_WIN_SHELL, Local: name}) && !selects {
				return nil
			}
			said, err := r.Text()
			id = strings.TrimSpace(said)
			return err
		})
	})
	if err != nil {
		return "", err
	}
	if id == "" || len(id) > 200 {
		return "", &Fault{Kind: NotWSMan, Reason: fmt.Sprintf("%s: an identity of %d characters", name, len(id))}
	}
	return escape(id), nil
}

// received is what one reply to Receive holds.
type received struct {
	stdout, stderr []byte
	done           bool // the command has ended
	exitCode       int
}

// readOutput reads a reply to Receive.
func readOutput(text string) (received, error) {
	var got received
	err := readEnvelope(text, func(r *markup.Reader, response xml.StartElement) error {
		if response.Name.Local != "ReceiveResponse" {
			return fmt.Errorf("%q is no output", clean(response.Name.Local))
		}
		return r.Children(func(element xml.StartElement) error {
			switch element.Name.Local {
			case "Stream":
				return got.take(r, markup.Attribute(element, "Name"))
			case "CommandState":
				got.done = got.done || markup.Attribute(element, "State") == stateDone
				return got.state(r)
			default:
				return r.Skip()
			}
		})
	})
	if err != nil {
		return received{}, err
	}
	return got, nil
}

// take reads a piece of a stream. Each piece is base64 of its own.
func (o *received) take(r *markup.Reader, stream string) error {
	text, err := r.Borrow()
	if err != nil {
		return err
	}
	into := &o.stdout
	switch stream {
	case "stdout":
	case "stderr":
		into = &o.stderr
	default:
		return nil
	}
	*into, err = base64.StdEncoding.AppendDecode(*into, []byte(strings.TrimSpace(text)))
	return err
}

// state reads how a command has ended.
func (o *received) state(r *markup.Reader) error {
	return r.Children(func(element xml.StartElement) error {
		text, err := r.Text()
		if element.Name.Local == "ExitCode" {
			o.exitCode, _ = strconv.Atoi(strings.TrimSpace(text)) // only told to people
		}
		return err
	})
}
