package winrm

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postpatch/probes/host"
)

// recorded reads a reply in Windows' shape; the files are written by hand.
func recorded(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func TestRecordedInstances(t *testing.T) {
	for name, want := range map[string]instances{
		"first.xml": {named: true, context: "uuid:AAAA0000-0000-0000-0000-000000000001", rows: []host.Row{{
			"AcceptStop": {Text: "false"}, "DisplayName": {Text: "Base <Engine>"}, "InstallDate": {Null: true},
			"Name": {Text: "LabEngine"}, "ProcessId": {Text: "0"}, "ServiceSpecificExitCode": {},
		}}},
		"pull.xml": {named: true, context: "uuid:AAAA0000-0000-0000-0000-000000000001", end: true, rows: []host.Row{
			{"Name": {Text: "LabSpooler"}},
			{"Name": {Text: "LabTerm"}, "DisconnectedSessions": {Text: "2"}},
		}},
		"fragment.xml": {named: true, end: true, rows: []host.Row{{
			"Description":          {Null: true},
			"DNSServerSearchOrder": {List: []string{"192.0.2.1", "192.0.2.2"}},
			"LastBootUpTime":       {Text: "2026-11-10T16:28:43.488171Z"},
			"LocalDateTime":        {Text: "2026-11-10T16:00:00Z"},
			"OddDate":              {Text: "soon"},
			"Path":                 {Text: " two  spaces "},
		}}},
	} {
		answer := map[bool]string{true: "PullResponse", false: "EnumerateResponse"}[name == "pull.xml"]
		got, err := readInstances(recorded(t, name), answer, maxKept)
		got.kept = 0
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(instances{})); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestRecordedFaults(t *testing.T) {
	for name, want := range map[string]Fault{
		"fault_class.xml":   {Kind: BadQuery, Code: 2150858778, Reason: "There is no such class in this namespace."},
		"fault_timeout.xml": {Kind: TimedOut, Code: 2150858793, Reason: "The time in OperationTimeout is over."},
		"fault_wmi.xml":     {Kind: BadQuery, Code: 0x8004100E, NoClass: true, Reason: "The namespace is not there."},
	} {
		var got *Fault
		if _, err := readInstances(recorded(t, name), "EnumerateResponse", maxKept); !errors.As(err, &got) {
			t.Errorf("%s: %v, want a fault", name, err)
		} else if d := cmp.Diff(want, *got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestFaultKinds(t *testing.T) {
	for _, c := range []struct {
		subcode, code string
		want          Kind
	}{
		{"w:AccessDenied", "5", AccessDenied},
		{"wsman:AccessDenied", "", AccessDenied},
		{"AccessDenied", "", AccessDenied},
		{"", "2150858843", ShellGone},
		{"w:InvalidSelectors", "", ShellGone},
		{"", "2150859173", Quota},
		{"", "2150859174", Quota},
		{"w:QuotaLimit", "", Quota},
		{"w:TimedOut", "", TimedOut},
		{"w:InternalError", "2150858793", TimedOut}, // the code says more
		{"a:DestinationUnreachable", "2150858811", NoResource},
		{"w:InternalError", "99999999999999999999", Other},
	} {
		text := `<s:Envelope xmlns:s="s"><s:Body><s:Fault><s:Code><s:Subcode><s:Value>` + c.subcode +
			`</s:Value></s:Subcode></s:Code><s:Detail><f:WSManFault xmlns:f="f" Code="` + c.code +
			`"/></s:Detail></s:Fault></s:Body></s:Envelope>`
		if err := readEnvelope(text, nil); !isKind(err, c.want) {
			t.Errorf("%q %q: %v, want %s", c.subcode, c.code, err, c.want)
		}
	}
}

func TestFirstKnownCodeCounts(t *testing.T) {
	for name, c := range map[string]struct {
		outer, inner string
		want         Kind
	}{
		"the inner one is known": {"1", "5", AccessDenied},
		"both are known":         {"2150858778", "5", BadQuery},
	} {
		text := `<Envelope><Body><Fault><Detail><WSManFault Code="` + c.outer + `"><WSManFault Code="` + c.inner +
			`"/></WSManFault></Detail></Fault></Body></Envelope>`
		var fault *Fault
		if err := readEnvelope(text, nil); !errors.As(err, &fault) || fault.Kind != c.want ||
			strconv.Itoa(int(fault.Code)) != c.outer {
			t.Errorf("%s: %v, want %s with the outer code", name, err, c.want)
		}
	}
}

func TestReadEnvelopeRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":         "",
		"no body":         "<Envelope><Header/></Envelope>",
		"two bodies":      "<Envelope><Body/><Body/></Envelope>",
		"cut off":         "<Envelope><Body/>",
		"a document type": `<!DOCTYPE x [<!ENTITY a "b">]><Envelope><Body/></Envelope>`,
		"an entity":       "<Envelope><Body>&a;</Body></Envelope>",
		"too deep":        "<Envelope><Body>" + deep(100) + strings.Repeat("</a>", 100) + "</Body></Envelope>",
	} {
		if err := readEnvelope(text, nil); !isKind(err, NotWSMan) {
			t.Errorf("%s: %v, want a fault: no WS-Man", name, err)
		}
	}
}

func TestHostsTextIsMadeFitToShow(t *testing.T) {
	got := clean("a\r\n\x1b[31mb\xff\u0085" + strings.Repeat("x", 1000))
	if strings.ContainsAny(got, "\r\n\x1b\u0085") || !strings.HasPrefix(got, "a [31mb") || len(got) > 500 {
		t.Errorf("cleaned: %q", got)
	}
}

func FuzzReadInstances(f *testing.F) {
	for _, name := range []string{"first.xml", "pull.xml", "fragment.xml", "fault_class.xml", "fault_wmi.xml"} {
		f.Add(recorded(f, name))
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readInstances(text, "EnumerateResponse", 1<<20)
		var fault *Fault
		if err != nil && !errors.As(err, &fault) {
			t.Errorf("an error that is no fault: %v", err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\r\n\x1b") {
			t.Errorf("an error with control characters: %q", err)
		}
		if err != nil && (got.rows != nil || got.context != "") {
			t.Errorf("rows beside an error")
		}
	})
}

const shellReply = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" ` +
	`xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Body>`

func TestIdentities(t *testing.T) {
	for name, c := range map[string]struct {
		body, of, want string
	}{
		"a shell": {
			`<x:ResourceCreated xmlns:x="x"><ShellId>no</ShellId></x:ResourceCreated>` +
				`<rsp:Shell><rsp:ShellId>A&quot;B</rsp:ShellId><rsp:Owner/></rsp:Shell>`, shellID, "A&#34;B",
		},
		"a command": {`<rsp:CommandResponse><rsp:CommandId> C </rsp:CommandId></rsp:CommandResponse>`, commandID, "C"},
		"a shell before WinRM 2.0": {
			`<x:ResourceCreated xmlns:x="x" xmlns:w="w"><x:Parameters><w:SelectorSet><w:Selector Name="Other">no</w:Selector>` +
				`<w:Selector Name="ShellId">S</w:Selector></w:SelectorSet></x:Parameters></x:ResourceCreated>`, shellID, "S",
		},
		"none":           {`<rsp:Shell/>`, shellID, ""},
		"an empty one":   {`<rsp:Shell><rsp:ShellId/></rsp:Shell>`, shellID, ""},
		"another's":      {`<rsp:Shell><o:ShellId xmlns:o="o">A</o:ShellId></rsp:Shell>`, shellID, ""},
		"a too long one": {`<rsp:Shell><rsp:ShellId>` + strings.Repeat("x", 201) + `</rsp:ShellId></rsp:Shell>`, shellID, ""},
	} {
		got, err := readIdentity(shellReply+c.body+"</s:Body></s:Envelope>", c.of)
		if got != c.want || (err != nil) != (c.want == "") || err != nil && !isKind(err, NotWSMan) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestOutput(t *testing.T) {
	const states = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/"
	const running = `<rsp:CommandState State="` + states + `Running"/>`
	const done = `<rsp:CommandState State="` + states + `Done">` +
		`<rsp:ExitCode>7</rsp:ExitCode></rsp:CommandState>`
	for name, c := range map[string]struct {
		body string
		want received
	}{
		"some": {`<rsp:Stream Name="stdout" CommandId="C">YQ==</rsp:Stream>` + running, received{stdout: []byte("a")}},
		"pieces of both": {`<rsp:Stream Name="stdout">YQ==</rsp:Stream><rsp:Stream Name="stderr">` + "\nYg==\r\n" +
			`</rsp:Stream><rsp:Stream Name="stdout">YWE=</rsp:Stream>` + running, received{stdout: []byte("aaa"), stderr: []byte("b")}},
		"the end":          {`<rsp:Stream Name="stdout" End="true"/>` + done, received{done: true, exitCode: 7}},
		"another's stream": {`<rsp:Stream Name="pr">!</rsp:Stream>` + done, received{done: true, exitCode: 7}},
		"nothing":          {"", received{}},
	} {
		got, err := readOutput(shellReply + "<rsp:ReceiveResponse>" + c.body + "</rsp:ReceiveResponse></s:Body></s:Envelope>")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(received{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	for name, body := range map[string]string{
		"no base64":     `<rsp:ReceiveResponse><rsp:Stream Name="stdout">Y</rsp:Stream></rsp:ReceiveResponse>`,
		"no output":     `<rsp:CommandResponse/>`,
		"an odd prefix": `<rsp:ReceiveResponse></x:ReceiveResponse>`,
	} {
		if got, err := readOutput(shellReply + body + "</s:Body></s:Envelope>"); !isKind(err, NotWSMan) || got.stdout != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func FuzzShellReplies(f *testing.F) {
	f.Add(shellReply + `<rsp:Shell><rsp:ShellId>A&quot;B</rsp:ShellId></rsp:Shell></s:Body></s:Envelope>`)
	f.Add(shellReply + `<rsp:ReceiveResponse><rsp:Stream Name="stdout">YQ==</rsp:Stream>` +
		`<rsp:CommandState State="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done">` +
		`<rsp:ExitCode>1</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse></s:Body></s:Envelope>`)
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := readIdentity(text, shellID); err == nil && strings.ContainsAny(id, `<>"`) {
			t.Errorf("an identity that is not escaped: %q", id)
		}
		got, err := readOutput(text)
		if err != nil && (got.stdout != nil || got.done) || len(got.stdout) > len(text) {
			t.Errorf("%d bytes of output, done %v, %v", len(got.stdout), got.done, err)
		}
	})
}
