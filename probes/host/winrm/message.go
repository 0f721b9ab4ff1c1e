package winrm

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"

	"postpatch/probes/host"
)

// message is an envelope: the library's, whose builder escapes nothing, so that escape does,
// or one by its form.
type message = fmt.Stringer

const (
	envelopeSize = 512000   // what servers take since 2012; older ones lower it
	operation    = "PT60S"  // servers allow no more
	poll         = "PT20S"  // of one Receive
	idleShell    = "PT180S" // after which a server drops a shell that we lost
	maxElements  = "32000"

	anonymous   = soap.NS_ADDRESSING + "/role/anonymous"
	cmdShell    = soap.NS_WIN_SHELL + "/cmd"
	wmi         = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
	wqlDialect  = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
	actCreate   = soap.NS_TRANSFER + "/Create"
	actEnum     = soap.NS_ENUM + "/Enumerate"
	actPull     = soap.NS_ENUM + "/Pull"
	actRelease  = soap.NS_ENUM + "/Release"
	nsIdentity  = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
	shellStdin  = "stdin"
	shellStdout = "stdout stderr"
)

// parameters are for the library's own builders. Its default ones are shared by
// the whole program, so they are never used.
func parameters(timeout string) *winrm.Parameters {
	return winrm.NewParameters(timeout, "en-US", envelopeSize)
}

// begin starts a message of ours with the headers that every message has.
func (s *Session) begin(action, resource string, options ...*soap.HeaderOption) *soap.SoapMessage {
	return s.build(action, resource, func(h *soap.SoapHeader) {
		for _, o := range options {
			h.AddOption(o)
		}
	})
}

// build starts a message whose header is completed by add.
func (s *Session) build(action, resource string, add func(*soap.SoapHeader)) *soap.SoapMessage {
	return headed(escape(s.url), action, resource, add)
}

func headed(url, action, resource string, add func(*soap.SoapHeader)) *soap.SoapMessage {
	m := soap.NewMessage()
	header := m.Header().To(url).ReplyTo(anonymous).MaxEnvelopeSize(envelopeSize).
		Id(messageID()).Locale("en-US").Timeout(operation).Action(action).ResourceURI(escape(resource))
	add(header)
	header.Build()
	return m
}

func (s *Session) enumerateRequest(resource, query string) message {
	m := s.begin(actEnum, resource)
	enumerate := m.CreateBodyElement("Enumerate", soap.DOM_NS_ENUM)
	m.CreateElement(enumerate, "OptimizeEnumeration", soap.DOM_NS_WSMAN_DMTF)
	m.CreateElement(enumerate, "MaxElements", soap.DOM_NS_WSMAN_DMTF).SetContent(maxElements)
	filter := m.CreateElement(enumerate, "Filter", soap.DOM_NS_WSMAN_DMTF)
	filter.SetAttr("Dialect", wqlDialect)
	filter.SetContent(escape(query))
	return m
}

func (s *Session) pullRequest(resource, enumeration string) message {
	m := s.begin(actPull, resource)
	pull := m.CreateBodyElement("Pull", soap.DOM_NS_ENUM)
	m.CreateElement(pull, "EnumerationContext", soap.DOM_NS_ENUM).SetContent(escape(enumeration))
	m.CreateElement(pull, "MaxElements", soap.DOM_NS_ENUM).SetContent(maxElements)
	return m
}

func (s *Session) releaseRequest(resource, enumeration string) message {
	m := s.begin(actRelease, resource)
	release := m.CreateBodyElement("Release", soap.DOM_NS_ENUM)
	m.CreateElement(release, "EnumerationContext", soap.DOM_NS_ENUM).SetContent(escape(enumeration))
	return m
}

// resourceOf names a query's namespace as WS-Man does.
func resourceOf(q host.WQL) string {
	namespace := strings.Trim(strings.ReplaceAll(q.Namespace, `\`, "/"), "/")
	if namespace == "" {
		namespace = "root/cimv2"
	}
	return wmi + namespace + "/*"
}

func escape(text string) string {
	if isPlain(text) {
		return text
	}
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}

// isPlain says whether a text is ASCII in which nothing is to be escaped.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c >= utf8.RuneSelf, c == '<', c == '>', c == '&', c == '\'', c == '"':
			return false
		}
	}
	return true
}

func messageID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("uuid:%X-%X-%X-%X-%X", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
