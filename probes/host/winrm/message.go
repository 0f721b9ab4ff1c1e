package winrm

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"

	"postpatch/probes/host"
)

// message is the library's; its builder escapes nothing, so escape does.
type message = *soap.SoapMessage

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
func (s *Session) begin(action, resource string, options ...*soap.HeaderOption) message {
	return s.build(action, resource, func(h *soap.SoapHeader) {
		for _, o := range options {
			h.AddOption(o)
		}
	})
}

// build starts a message whose header is completed by add.
func (s *Session) build(action, resource string, add func(*soap.SoapHeader)) message {
	m := soap.NewMessage()
	header := m.Header().To(escape(s.url)).ReplyTo(anonymous).MaxEnvelopeSize(envelopeSize).
		Id(messageID()).Locale("en-US").Timeout(operation).Action(action).ResourceURI(escape(resource))
	add(header)
	header.Build()
	return m
}

// createShell asks for a shell whose environment carries the payload. The
// library's own Create loads the user's profile and sets no variables.
// The shell's name is a hint, which servers since 2012 take.
func (s *Session) createShell(name string, env map[string]string) message {
	m := s.begin(actCreate, cmdShell,
		soap.NewHeaderOption("WINRS_NOPROFILE", "TRUE"), soap.NewHeaderOption("WINRS_CODEPAGE", "65001"))
	shell := m.CreateBodyElement("Shell", soap.DOM_NS_WIN_SHELL)
	shell.SetAttr("ShellId", name)
	// The schema is a sequence: the order counts.
	environment := m.CreateElement(shell, "Environment", soap.DOM_NS_WIN_SHELL)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		variable := m.CreateElement(environment, "Variable", soap.DOM_NS_WIN_SHELL)
		variable.SetAttr("Name", escape(name))
		variable.SetContent(escape(env[name]))
	}
	m.CreateElement(shell, "IdleTimeOut", soap.DOM_NS_WIN_SHELL).SetContent(idleShell)
	m.CreateElement(shell, "InputStreams", soap.DOM_NS_WIN_SHELL).SetContent(shellStdin)
	m.CreateElement(shell, "OutputStreams", soap.DOM_NS_WIN_SHELL).SetContent(shellStdout)
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
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}

func messageID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("uuid:%X-%X-%X-%X-%X", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
