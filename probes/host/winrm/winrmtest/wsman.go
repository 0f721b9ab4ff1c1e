package winrmtest

import (
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"postpatch/probes/host/packed"
)

const (
	soapNS = "http://www.w3.org/2003/05/soap-envelope"
	addrNS = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
	enumNS = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
	dmtfNS = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
	cmdURI = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
)

// envelope is every request that the server knows, by element and namespace.
type envelope struct {
	XMLName   xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	To        string   `xml:"Header>To"`
	ReplyTo   string   `xml:"Header>ReplyTo>Address"`
	Action    string   `xml:"Header>Action"`
	ID        string   `xml:"Header>MessageID"`
	Size      string   `xml:"Header>MaxEnvelopeSize"`
	Timeout   string   `xml:"Header>OperationTimeout"`
	Resource  string   `xml:"Header>ResourceURI"`
	Selectors []named  `xml:"Header>SelectorSet>Selector"`
	Options   []named  `xml:"Header>OptionSet>Option"`
	Body      struct {
		Enumerate *struct {
			Optimize *string `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd OptimizeEnumeration"`
			Max      string  `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd MaxElements"`
			Filter   struct {
				Dialect string `xml:"Dialect,attr"`
				Query   string `xml:",chardata"`
			} `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd Filter"`
		} `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration Enumerate"`
		Pull *struct {
			Context string `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration EnumerationContext"`
			Max     string `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration MaxElements"`
		} `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration Pull"`
		Release *struct {
			Context string `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration EnumerationContext"`
		} `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration Release"`
		Shell *struct {
			ID        string  `xml:"ShellId,attr"`
			Inner     string  `xml:",innerxml"`
			Variables []named `xml:"Environment>Variable"`
		} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Shell"`
		Command *struct {
			Command   string   `xml:"Command"`
			Arguments []string `xml:"Arguments"`
		} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell CommandLine"`
		Receive *struct {
			Stream struct {
				Command string `xml:"CommandId,attr"`
				Names   string `xml:",chardata"`
			} `xml:"DesiredStream"`
		} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Receive"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Body"`
}

type named struct {
	Name  string `xml:"Name,attr"`
	Value string `xml:",chardata"`
}

// check complains about what no careful server would let pass.
func (s *Server) check(r *http.Request, e *envelope) {
	complain := func(format string, args ...any) {
		s.tb.Errorf("winrmtest: %s: "+format, append([]any{e.Action}, args...)...)
	}
	if r.Method != http.MethodPost || r.URL.Path != "/wsman" {
		complain("%s %s", r.Method, r.URL.Path)
	}
	if got := r.Header.Get("Content-Type"); got != "application/soap+xml;charset=UTF-8" {
		complain("content type %q", got)
	}
	if !strings.HasSuffix(e.To, "/wsman") || !strings.HasSuffix(e.ReplyTo, "/role/anonymous") {
		complain("to %q, reply to %q", e.To, e.ReplyTo)
	}
	if e.Size != "512000" || !strings.HasPrefix(e.Timeout, "PT") {
		complain("envelope of %q, timeout %q", e.Size, e.Timeout)
	}
	if !strings.HasPrefix(e.ID, "uuid:") || len(e.ID) != 41 || s.ids[e.ID] {
		complain("message id %q is wrong or came before", e.ID)
	}
	s.ids[e.ID] = true
	if e.Body.Shell == nil && e.Resource == cmdURI {
		// A client may end a shell of whose creation it has not heard.
		if id := e.named(e.Selectors, "ShellId"); s.shells[id] == nil && !strings.HasSuffix(e.Action, "/Delete") {
			complain("no shell %q", id)
		}
	}
}

func (*envelope) named(from []named, name string) string {
	for _, n := range from {
		if n.Name == name {
			return n.Value
		}
	}
	return ""
}

func (s *Server) answer(w http.ResponseWriter, e *envelope, name string) {
	b := &e.Body
	switch {
	case b.Enumerate != nil:
		s.enumerate(w, e)
	case b.Pull != nil:
		s.pull(w, e)
	case b.Release != nil:
		delete(s.pending, b.Release.Context)
		write(w, e, "")
	case b.Shell != nil:
		s.create(w, e)
	case b.Command != nil:
		s.command(w, e)
	case b.Receive != nil:
		s.receive(w, e)
	case name == "Signal":
		write(w, e, "<rsp:SignalResponse/>")
	case name == "Delete":
		delete(s.shells, e.named(e.Selectors, "ShellId"))
		write(w, e, "")
	default:
		s.tb.Errorf("winrmtest: unknown action %q", e.Action)
		writeFault(w, e, Fault{Subcode: "a:ActionNotSupported"})
	}
}

// enumerate answers as Windows does: one item, whatever was asked for.
func (s *Server) enumerate(w http.ResponseWriter, e *envelope) {
	asked := e.Body.Enumerate
	if asked.Optimize == nil || asked.Max != "32000" || !strings.HasSuffix(asked.Filter.Dialect, "/WQL") {
		s.tb.Errorf("winrmtest: Enumerate with %+v", asked)
	}
	_, rest, _ := strings.Cut(asked.Filter.Query, " FROM ")
	class, _, _ := strings.Cut(rest, " ")
	items, known := s.config.Classes[class]
	if !known {
		writeFault(w, e, BadClass())
		return
	}
	first := items[:min(1, len(items))]
	rest, end := "", "<w:EndOfSequence/>"
	if len(items) == 0 {
		end = "" // an empty context is an end as well
	}
	if len(items) > 1 {
		rest, end = fmt.Sprintf("uuid:%036d", len(s.messages)), ""
		s.pending[rest] = items[1:]
	}
	write(w, e, "<n:EnumerateResponse><n:EnumerationContext>"+rest+"</n:EnumerationContext><w:Items>"+
		strings.Join(first, "")+"</w:Items>"+end+"</n:EnumerateResponse>")
}

func (s *Server) pull(w http.ResponseWriter, e *envelope) {
	id := e.Body.Pull.Context
	items, known := s.pending[id]
	if !known || e.Body.Pull.Max != "32000" {
		s.tb.Errorf("winrmtest: Pull of %q with %q", id, e.Body.Pull.Max)
		writeFault(w, e, Fault{Subcode: "n:InvalidEnumerationContext"})
		return
	}
	limit := s.config.PullBytes
	if limit == 0 {
		limit = 512000 / 2
	}
	some := ""
	for len(items) > 0 && (some == "" || len(some)+len(items[0]) <= limit) {
		some += items[0]
		items = items[1:]
	}
	s.pending[id] = items
	end := ""
	if len(items) == 0 {
		delete(s.pending, id)
		end = "<n:EndOfSequence/>" // and the context counts no more
	}
	write(w, e, "<n:PullResponse><n:EnumerationContext>"+id+"</n:EnumerationContext><n:Items>"+some+"</n:Items>"+
		end+"</n:PullResponse>")
}

func (s *Server) create(w http.ResponseWriter, e *envelope) {
	env := map[string]string{}
	for _, v := range e.Body.Shell.Variables {
		env[v.Name] = v.Value
		if len(v.Value) >= 32767 {
			s.tb.Errorf("winrmtest: variable %s has %d characters", v.Name, len(v.Value))
		}
	}
	var places []int
	for _, part := range []string{"Environment>", "IdleTimeOut>", "InputStreams>", "OutputStreams>"} {
		places = append(places, strings.Index(e.Body.Shell.Inner, part))
	}
	if places[0] < 0 || !slices.IsSorted(places) {
		s.tb.Errorf("winrmtest: Create with its parts at %v", places)
	}
	if e.named(e.Options, "WINRS_NOPROFILE") != "TRUE" || e.named(e.Options, "WINRS_CODEPAGE") != "65001" {
		s.tb.Errorf("winrmtest: Create with options %v", e.Options)
	}
	id := e.Body.Shell.ID
	if id == "" || s.config.OwnNames {
		id = fmt.Sprintf("SHELL-%d", len(s.messages))
	}
	s.shells[id] = &shell{env: env}
	write(w, e, "<rsp:Shell><rsp:ShellId>"+id+"</rsp:ShellId></rsp:Shell>")
}

// command runs the payload at once; Receives bring what it wrote.
func (s *Server) command(w http.ResponseWriter, e *envelope) {
	sh := s.shells[e.named(e.Selectors, "ShellId")]
	line := append([]string{e.Body.Command.Command}, e.Body.Command.Arguments...)
	want := []string{
		"powershell.exe", "-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand",
	}
	if len(line) != len(want)+1 || !slices.Equal(line[:len(want)], want) || sh == nil {
		s.tb.Errorf("winrmtest: Command %q", line)
		writeFault(w, e, Fault{Code: 2150858843, Subcode: "w:InvalidSelectors"})
		return
	}
	output := ""
	if s.config.NoPowerShell {
		sh.errors, sh.code = "This program is blocked by group policy.\r\n", 1
	} else {
		output = s.run(sh.env, line[len(want)])
	}
	pieces := max(1, s.config.Pieces)
	for i := range pieces {
		sh.output = append(sh.output, output[len(output)*i/pieces:len(output)*(i+1)/pieces])
	}
	write(w, e, "<rsp:CommandResponse><rsp:CommandId>CMD-1</rsp:CommandId></rsp:CommandResponse>")
}

func (s *Server) run(env map[string]string, boot string) string {
	questions, marks, err := packed.Unpack(env, boot)
	if err != nil {
		s.tb.Errorf("winrmtest: %v", err)
	}
	var answers []packed.Answer
	for _, q := range questions {
		if s.config.Answer == nil {
			continue
		}
		a := s.config.Answer(q)
		a.ID = q.ID
		answers = append(answers, a)
	}
	output, err := packed.EncodeAnswers(marks, answers)
	if err != nil {
		s.tb.Errorf("winrmtest: %v", err)
	}
	return output + "\r\n"
}

func (s *Server) receive(w http.ResponseWriter, e *envelope) {
	sh := s.shells[e.named(e.Selectors, "ShellId")]
	if sh == nil || e.Body.Receive.Stream.Command != "CMD-1" || e.Timeout != "PT20S" {
		writeFault(w, e, Fault{Code: 2150858843, Subcode: "w:InvalidSelectors"})
		return
	}
	stream := func(name, text string) string {
		return `<rsp:Stream Name="` + name + `" CommandId="CMD-1">` +
			base64.StdEncoding.EncodeToString([]byte(text)) + "</rsp:Stream>"
	}
	state := func(name, inner string) string {
		return `<rsp:CommandState CommandId="CMD-1" State="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/` +
			`CommandState/` + name + `">` + inner + "</rsp:CommandState>"
	}
	body := ""
	if s.config.Output != nil {
		sh.output = nil
		if text := s.config.Output(packed.MarksOf(sh.env), sh.brought); text != "" {
			sh.output = []string{text}
		}
		sh.brought++
	}
	if len(sh.output) > 0 {
		body = stream("stdout", sh.output[0])
		sh.output = sh.output[1:]
		body += stream("stderr", sh.errors) + state("Running", "")
	} else {
		body = `<rsp:Stream Name="stdout" CommandId="CMD-1" End="true"/>` +
			state("Done", fmt.Sprintf("<rsp:ExitCode>%d</rsp:ExitCode>", sh.code))
	}
	write(w, e, "<rsp:ReceiveResponse>"+body+"</rsp:ReceiveResponse>")
}

func write(w http.ResponseWriter, e *envelope, body string) {
	_, _ = w.Write([]byte(wrap(e.Action+"Response", e.ID, body)))
}

func wrap(action, id, body string) string {
	return `<s:Envelope xml:lang="en-US" xmlns:s="` + soapNS + `" xmlns:a="` + addrNS + `" xmlns:n="` + enumNS +
		`" xmlns:w="` + dmtfNS + `" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header>` +
		`<a:Action>` + action + `</a:Action><a:RelatesTo>` + text(id) + `</a:RelatesTo></s:Header><s:Body>` + body +
		`</s:Body></s:Envelope>`
}

func writeFault(w http.ResponseWriter, e *envelope, f Fault) {
	if f.Status == 0 {
		f.Status = http.StatusInternalServerError
	}
	if f.Action == "" {
		f.Action = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
	}
	detail := ""
	if f.Code != 0 {
		detail = fmt.Sprintf(`<s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" `+
			`Code="%d" Machine="H"><f:Message>%s</f:Message></f:WSManFault></s:Detail>`, f.Code, text(f.Detail))
	}
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(wrap(f.Action, e.ID, `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>`+
		f.Subcode+`</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">`+text(f.Reason)+
		`</s:Text></s:Reason>`+detail+`</s:Fault>`)))
}

func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

func certificate(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}
