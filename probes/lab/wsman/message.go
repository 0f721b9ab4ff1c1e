package wsman

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The namespaces of WS-Management on Windows.
const (
	nsSOAP     = "http://www.w3.org/2003/05/soap-envelope"
	nsAddress  = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
	nsEnum     = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
	nsTransfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
	nsWSMan    = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
	nsWindows  = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
	nsShell    = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
	nsIdentity = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
	nsFault    = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
	nsXSI      = "http://www.w3.org/2001/XMLSchema-instance"
	anonymous  = nsAddress + "/role/anonymous"
)

// node is one element of a request.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string
	children []*node
}

const maxDepth = 40 // elements: far above what WS-Man nests

// parseXML reads a whole document, and refuses a DTD as SOAP demands.
func parseXML(data []byte) (*node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	root := &node{}
	open := []*node{root}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && len(open) == 1 && len(root.children) == 1 {
			return root.children[0], nil
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if len(open) > maxDepth {
				return nil, errors.New("too deep")
			}
			n := &node{name: token.Name, attrs: token.Attr}
			top.children = append(top.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.text += string(token)
		case xml.Directive:
			return nil, errors.New("a document type is not allowed")
		}
	}
}

// child returns the first child of that name, or nil; nil has no children.
func (n *node) child(space, local string) *node {
	if n == nil {
		return nil
	}
	i := slices.IndexFunc(n.children, func(c *node) bool { return c.name == xml.Name{Space: space, Local: local} })
	if i < 0 {
		return nil
	}
	return n.children[i]
}

// value returns the text of a child, without the space around it.
func (n *node) value(space, local string) string {
	if c := n.child(space, local); c != nil {
		return strings.TrimSpace(c.text)
	}
	return ""
}

func (n *node) attr(local string) string {
	for _, a := range n.attrs {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// message is one request, with what its header asks for.
type message struct {
	header, body *node
	action       string
	resource     string
	id           string
	selectors    map[string]string
	maxEnvelope  int
	timeout      time.Duration
}

// verb is what a message is counted as.
func (m message) verb() string {
	if m.action == "" {
		return "unknown"
	}
	return m.action[strings.LastIndexByte(m.action, '/')+1:]
}

const identify = "Identify"

// parseMessage reads a request and checks what every request must have. What it
// found is returned with an error too, so that the fault can refer to it.
func parseMessage(data []byte) (message, error) {
	m := message{selectors: map[string]string{}, maxEnvelope: defaultEnvelope, timeout: maxTimeout}
	root, err := parseXML(data)
	if err != nil {
		return m, invalidXML(err)
	}
	if root.name.Local != "Envelope" {
		return m, invalidXML(errors.New("no envelope"))
	}
	if root.name.Space != nsSOAP {
		return m, versionMismatch()
	}
	m.header, m.body = root.child(nsSOAP, "Header"), root.child(nsSOAP, "Body")
	if m.body == nil {
		return m, invalidXML(errors.New("no body"))
	}
	if m.body.child(nsIdentity, identify) != nil {
		m.action = identify
		return m, nil
	}
	m.action = m.header.value(nsAddress, "Action")
	m.id = m.header.value(nsAddress, "MessageID")
	m.resource = m.header.value(nsWSMan, "ResourceURI")
	if err := m.checkHeader(); err != nil {
		return m, err
	}
	if set := m.header.child(nsWSMan, "SelectorSet"); set != nil {
		for _, selector := range set.children {
			m.selectors[selector.attr("Name")] = strings.TrimSpace(selector.text)
		}
	}
	return m, m.readLimits()
}

// checkHeader looks for what is missing, and for what we must understand and do
// not.
func (m *message) checkHeader() error {
	for _, name := range []string{"Action", "MessageID", "To", "ReplyTo"} {
		header := m.header.child(nsAddress, name)
		if header == nil || name != "ReplyTo" && strings.TrimSpace(header.text) == "" {
			return headerRequired(name)
		}
	}
	if m.resource == "" {
		return headerRequired("ResourceURI")
	}
	known := []string{
		"To", "ReplyTo", "FaultTo", "From", "Action", "MessageID", "RelatesTo", "ResourceURI", "SelectorSet",
		"OptionSet", "MaxEnvelopeSize", "OperationTimeout", "Locale", "DataLocale", "SessionId", "OperationID",
		"SequenceId", "ActivityId", "CompressionType", "FragmentTransfer",
	}
	for _, header := range m.header.children {
		ours := slices.Contains([]string{nsAddress, nsWSMan, nsWindows, nsShell}, header.name.Space)
		must := header.attr("mustUnderstand")
		if (must == "true" || must == "1") && (!ours || !slices.Contains(known, header.name.Local)) {
			return notUnderstood(header.name.Local)
		}
	}
	return nil
}

func (m *message) readLimits() error {
	if text := m.header.value(nsWSMan, "MaxEnvelopeSize"); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil {
			return invalidXML(err)
		}
		if size < minEnvelope {
			return envelopeTooSmall()
		}
		m.maxEnvelope = min(size, maxEnvelope)
	}
	if text := m.header.value(nsWSMan, "OperationTimeout"); text != "" {
		timeout, ok := parseDuration(text)
		if !ok {
			return invalidTimeout()
		}
		m.timeout = min(timeout, maxTimeout)
	}
	return nil
}

// parseDuration reads an XML duration of days and less: PT60S, PT1.5S, P1DT2H.
func parseDuration(text string) (time.Duration, bool) {
	const order = "DHMS"
	units := [...]time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || rest == "" || strings.HasSuffix(rest, "T") {
		return 0, false
	}
	total, last, inTime := 0.0, -1, false
	for rest != "" {
		if rest[0] == 'T' && !inTime {
			inTime, rest = true, rest[1:]
			continue
		}
		length := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if length < 1 {
			return 0, false
		}
		unit := strings.IndexByte(order, rest[length])
		n, err := strconv.ParseFloat(rest[:length], 64)
		if err != nil || unit <= last || inTime != (unit > 0) || n > 1e6 {
			return 0, false
		}
		total += n * float64(units[unit])
		last, rest = unit, rest[length+1:]
	}
	return time.Duration(total), true
}
