package psrp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/psrp"
)

const corp = `
estate: psrp-test
hosts:
  ex01.corp.test:
    profile: windows-server-2022
    winrm: {plain: true}
    os: {ubr: 4294}
    powershell:
      Exchange:
        cmdlets:
          Test-ServiceHealth:
            parameters: [Server, ActiveDirectoryTimeout, ActiveDirectoryServer]
            type: Acme.ServiceHealth
            rows:
              - Role: Mailbox
                Running: true
                Down: [a, "b_x0041_"]
                Count: 3
                Big: 5000000000
                Ratio: 0.5
                Since: 2026-11-23T02:10:00Z
                Nothing:
                Result: {enum: Success, value: 2, type: Acme.Result}
                Latency: {tag: TS, text: PT1.5S}
                Server: {string: EX01, type: Acme.Id}
              - plain text
          Test-Noise: {warnings: [careful], progress: [half], verbose: [v], information: [i], rows: [1], error: oh}
          Test-Fatal: {error: too bad, terminating: true, error_id: Bad, class: Acme.Fatal, rows: [1]}
          Test-Endless: {rows: [1], endless: true}
          Test-Slow: {rows: [1], think: 10s}
          Test-Host: {host_call: ReadLine, rows: [1]}
          Test-Exit: {host_call: SetShouldExit, rows: [1]}
          Test-Break: {breaks: broken}
          Test-Close: {breaks: closed}
          Test-bytes: {garbage: bytes}
          Test-length: {garbage: length}
          Test-order: {garbage: order}
          Test-xml: {garbage: xml}
          Test-short: {garbage: short}
          Test-Many: {rows: [{A: 1}, {A: 2}]}
      Full: {language: full, cmdlets: {Get-One: {rows: [1]}}}
      Broken: {broken: true}
      Pieces: {pieces: 50, cmdlets: {Get-One: {rows: [1]}}}
`

func config(t *testing.T, endpoint string) psrp.Config {
	t.Helper()
	e, err := estate.Parse("test", []byte(corp))
	if err != nil {
		t.Fatal(err)
	}
	h := e.Hosts("before")[0]
	return psrp.Config{Host: h, Endpoint: h.PowerShell[endpoint]}
}

func open(t *testing.T, endpoint string) *psrp.Pool {
	t.Helper()
	p, err := psrp.Open(config(t, endpoint), creation(initXML(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// receive takes what an outbox has until it ends or has nothing for now.
func receive(t *testing.T, out *psrp.Outbox) (messages []heard, receives int, ended bool) {
	t.Helper()
	var all [][]byte
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		fragments, last, err := out.Receive(ctx, 1<<20)
		if err != nil {
			return unpack(t, all), receives, false
		}
		receives++
		all = append(all, fragments...)
		if last {
			return unpack(t, all), receives, true
		}
	}
}

func start(t *testing.T, p *psrp.Pool, calls ...call) *psrp.Pipeline {
	t.Helper()
	pl, err := p.Start(whole(3, pack(createMessage, 5, pipelineXML(true, calls...))))
	if err != nil {
		t.Fatal(err)
	}
	return pl
}

func TestOpening(t *testing.T) {
	p := open(t, "Exchange")
	messages, receives, ended := receive(t, p.Outbox())
	if len(messages) != 3 || receives != 2 || ended {
		t.Fatalf("got %d messages in %d receives, ended %t", len(messages), receives, ended)
	}
	want := []heard{
		{0x00010002, capability},
		{0x00021009, ""},
		{0x00021005, `<Obj RefId="0"><MS><I32 N="RunspaceState">2</I32></MS></Obj>`},
	}
	if !strings.Contains(messages[1].XML, `<Version N="Value">5.1.20348.4294</Version>`) {
		t.Errorf("private data %s", messages[1].XML)
	}
	messages[1].XML = ""
	if diff := cmp.Diff(want, messages); diff != "" {
		t.Error(diff)
	}
}

func TestOpeningBroken(t *testing.T) {
	p := open(t, "Broken")
	messages, _, _ := receive(t, p.Outbox())
	if last := messages[len(messages)-1]; last.Kind != 0x00021005 ||
		!strings.Contains(last.XML, `<I32 N="RunspaceState">5</I32><Obj N="ExceptionAsErrorRecord"`) {
		t.Errorf("got %v", last)
	}
	_, err := p.Start(whole(3, pack(createMessage, 5, pipelineXML(true, call{name: "x"}))))
	if !errors.Is(err, psrp.ErrNotOpen) {
		t.Errorf("a broken pool takes commands: %v", err)
	}
}

func TestOpeningRefused(t *testing.T) {
	old := func(name, version string) []byte {
		re := regexp.MustCompile(`(<Version N="` + name + `">)[^<]*`)
		return whole(1, pack(capabilityMessage, 0, re.ReplaceAllString(capability, "${1}"+version)))
	}
	good := whole(1, pack(capabilityMessage, 0, capability))
	opening := pack(initMessage, 0, initXML(1, 1))
	stranger := append([]byte(nil), opening...)
	stranger[8] ^= 1
	wrongDestination := append([]byte(nil), opening...)
	wrongDestination[0] = 1
	second := func(message []byte) []byte { return append(append([]byte(nil), good...), whole(2, message)...) }
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":             {nil, "sent no SESSION_CAPABILITY"},
		"init first":          {whole(1, opening), "another message must come first"},
		"capability twice":    {append(append([]byte(nil), good...), good...), "another message must come first"},
		"newer protocol":      {old("protocolversion", "2.4"), "does not serve a client of 2.4"},
		"another protocol":    {old("protocolversion", "3.0"), "does not serve a client of 3.0"},
		"no version":          {old("protocolversion", "two"), "does not serve a client of two"},
		"another PSVersion":   {old("PSVersion", "7.0"), "PSVersion is 2.0"},
		"newer serialization": {old("SerializationVersion", "1.2"), "SerializationVersion is 1.1.0.1"},
		"another pool":        {second(stranger), "another runspace pool"},
		"not for the server":  {second(wrongDestination), "destination 1"},
		"no runspaces":        {second(pack(initMessage, 0, initXML(0, 1))), "0 to 1 runspaces"},
		"fewer at most":       {second(pack(initMessage, 0, initXML(2, 1))), "2 to 1 runspaces"},
		"a property missing": {
			second(pack(initMessage, 0, strings.Replace(initXML(1, 1), "HostInfo", "Info", 1))), "HostInfo is missing",
		},
		"a wrong type": {
			second(pack(initMessage, 0, strings.Replace(initXML(1, 1),
				`<I32 N="MinRunspaces">1</I32>`, `<S N="MinRunspaces">1</S>`, 1))),
			"MinRunspaces is a S, not a I32",
		},
		"broken XML":     {second(pack(initMessage, 0, "<Obj")), "reading CLIXML"},
		"a short header": {whole(1, make([]byte, 39)), "no whole header"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := psrp.Open(config(t, "Exchange"), test.data)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	older := append(old("protocolversion", "2.1"), whole(2, opening)...)
	p, err := psrp.Open(config(t, "Exchange"), older)
	if err != nil {
		t.Fatalf("an older client is refused: %v", err)
	}
	if messages, _, _ := receive(t, p.Outbox()); !strings.Contains(messages[0].XML, `"protocolversion">2.1<`) {
		t.Errorf("the server does not come down to 2.1: %s", messages[0].XML)
	}
	unnested := strings.Replace(pipelineXML(true, call{name: "Test-Many"}), `<B N="IsNested">false</B>`, "", 1)
	if _, err := p.Start(whole(3, pack(createMessage, 5, unnested))); err != nil {
		t.Errorf("a 2.1 client's pipeline: %v", err)
	}
}

func TestOutput(t *testing.T) {
	pl := start(t, open(t, "Exchange"), call{
		name: "test-servicehealth", args: []string{"-Server:=EX01", "ActiveDirectoryT=5", "ea=Stop"},
	})
	messages, receives, ended := receive(t, pl.Outbox())
	if receives != 1 || !ended {
		t.Errorf("%d receives, ended %t", receives, ended)
	}
	want := []heard{
		{0x00041004, `<Obj RefId="0"><TN RefId="0"><T>Acme.ServiceHealth</T><T>System.Object</T></TN>` +
			`<ToString>Acme.ServiceHealth</ToString><Props><I64 N="Big">5000000000</I64><I32 N="Count">3</I32>` +
			`<Obj N="Down" RefId="1"><TN RefId="1"><T>System.Collections.ArrayList</T><T>System.Object</T></TN>` +
			`<LST><S>a</S><S>b_x005F_x0041_</S></LST></Obj><Obj N="Latency"`},
	}
	if len(messages) != 3 {
		t.Fatalf("got %v", messages)
	}
	got := messages[0].XML
	head, _, _ := strings.Cut(want[0].XML, `<Obj N="Latency"`)
	if !strings.HasPrefix(got, head) {
		t.Errorf("got  %s\nwant %s", got, head)
	}
	for _, part := range []string{
		`<TS N="Latency">PT1.5S</TS><Nil N="Nothing" /><Db N="Ratio">0.5</Db>`,
		`<Obj N="Result" RefId="2"><TN RefId="2"><T>Acme.Result</T><T>System.Enum</T><T>System.ValueType</T>` +
			`<T>System.Object</T></TN><ToString>Success</ToString><I32>2</I32></Obj>`,
		`<S N="Role">Mailbox</S><B N="Running">true</B>`,
		`<TN RefId="3"><T>Acme.Id</T><T>System.Object</T></TN><ToString>EX01</ToString></Obj>`,
		`<DT N="Since">2026-11-23T02:10:00Z</DT></Props></Obj>`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
	rest := []heard{
		{0x00041004, `<S>plain text</S>`},
		{0x00041006, `<Obj RefId="0"><MS><I32 N="PipelineState">4</I32></MS></Obj>`},
	}
	if diff := cmp.Diff(rest, messages[1:]); diff != "" {
		t.Error(diff)
	}
}

// failed is what an error record says.
type failed struct{ State, ID, Exception, Category, Message string }

func failureOf(xml string) failed {
	find := func(pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(xml)
		if m == nil {
			return ""
		}
		return m[1]
	}
	return failed{
		find(`N="PipelineState">(\d)`), find(`N="FullyQualifiedErrorId">([^<]*)`),
		find(`N="Exception" RefId="\d+"><TN RefId="\d+"><T>([^<]*)`), find(`N="ErrorCategory_Category">(\d+)`),
		find(`N="ErrorCategory_Message">([^<]*)`),
	}
}

func TestFailures(t *testing.T) {
	const space = "System.Management.Automation."
	binding := func(id, command string) failed {
		return failed{
			"5", id + "," + command, space + "ParameterBindingException", "5",
			"InvalidArgument: (:) [" + command + "], ParameterBindingException",
		}
	}
	for name, test := range map[string]struct {
		endpoint string
		call     call
		want     failed
	}{
		"a script": {"Exchange", call{name: "Get-Date", script: true}, failed{
			"5", "ScriptsNotAllowed", space + "ParseException", "17", "ParserError: (Get-Date:String) [], ParseException",
		}},
		"an unknown command": {"Exchange", call{name: "Get-Nix"}, failed{
			"5", "CommandNotFoundException", space + "CommandNotFoundException", "13",
			"ObjectNotFound: (Get-Nix:String) [], CommandNotFoundException",
		}},
		"an unknown parameter": {
			"Exchange", call{name: "Test-ServiceHealth", args: []string{"Nix=1"}}, binding("NamedParameterNotFound", "Test-ServiceHealth"),
		},
		"an ambiguous one": {
			"Exchange", call{name: "Test-ServiceHealth", args: []string{"Active=1"}}, binding("AmbiguousParameter", "Test-ServiceHealth"),
		},
		"the same twice": {
			"Exchange",
			call{name: "Test-ServiceHealth", args: []string{"Server=1", "server=2"}},
			binding("ParameterAlreadyBound", "Test-ServiceHealth"),
		},
		"too many positions": {
			"Exchange", call{name: "Test-Many", args: []string{"=1"}}, binding("PositionalParameterNotFound", "Test-Many"),
		},
		"its own, fatal": {"Exchange", call{name: "Test-Fatal"}, failed{
			"5", "Bad,Acme.Fatal", "System.InvalidOperationException", "0",
			"NotSpecified: (:) [Test-Fatal], InvalidOperationException",
		}},
		"its own, made fatal": {"Exchange", call{name: "Test-Noise", args: []string{"ErrorAction=Stop"}}, failed{
			"5", "InvalidOperationException,Test-Noise", "System.InvalidOperationException", "0",
			"NotSpecified: (:) [Test-Noise], InvalidOperationException",
		}},
		"no interpreter": {"Full", call{name: "1+1", script: true}, failed{
			"5", "RuntimeException", space + "RuntimeException", "0", "NotSpecified: (1+1:String) [], RuntimeException",
		}},
		"a command as script": {"Full", call{name: " Get-One ", script: true}, failed{State: "4"}},
	} {
		t.Run(name, func(t *testing.T) {
			messages, _, ended := receive(t, start(t, open(t, test.endpoint), test.call).Outbox())
			last := messages[len(messages)-1]
			if diff := cmp.Diff(test.want, failureOf(last.XML)); diff != "" || last.Kind != 0x00041006 || !ended {
				t.Errorf("ended %t with %#x: %s\n%s", ended, last.Kind, diff, last.XML)
			}
		})
	}
}

func kinds(messages []heard) []uint32 {
	var found []uint32
	for _, m := range messages {
		found = append(found, m.Kind)
	}
	return found
}

func TestNoise(t *testing.T) {
	messages, _, _ := receive(t, start(t, open(t, "Exchange"), call{name: "Test-Noise"}).Outbox())
	want := []uint32{0x00041010, 0x00041008, 0x00041009, 0x00041011, 0x00041004, 0x00041005, 0x00041006}
	if diff := cmp.Diff(want, kinds(messages)); diff != "" {
		t.Fatal(diff)
	}
	record := messages[5].XML
	for _, part := range []string{
		`<ToString>oh</ToString>`, `<Obj N="InvocationInfo" RefId=`, `<S N="MyCommand">Test-Noise</S>`,
		`<Ref N="InvocationInfo_BoundParameters" RefId="`, `<B N="SerializeExtendedInfo">true</B>`,
	} {
		if !strings.Contains(record, part) {
			t.Errorf("no %s in %s", part, record)
		}
	}
	silenced := call{name: "Test-Noise", args: []string{"ea=SilentlyContinue"}}
	quiet, _, _ := receive(t, start(t, open(t, "Exchange"), silenced).Outbox())
	if len(quiet) != 6 {
		t.Errorf("with a silenced error: %x", kinds(quiet))
	}
}

func TestPieces(t *testing.T) {
	p := open(t, "Pieces")
	messages, receives, _ := receive(t, p.Outbox())
	if len(messages) != 3 || receives < 20 {
		t.Errorf("opening: %d messages in %d receives", len(messages), receives)
	}
	request := pack(createMessage, 5, pipelineXML(true, call{name: "Get-One"}))
	sent := pieces(9, 700, request)
	pl, err := p.Start(sent[0])
	if err != nil {
		t.Fatal(err)
	}
	if messages, _, _ := receive(t, pl.Outbox()); len(messages) != 0 {
		t.Errorf("it ran before it was there: %v", messages)
	}
	for _, f := range sent[1:] {
		for _, half := range [][]byte{f[:10], f[10:]} {
			if err := pl.Feed(half); err != nil {
				t.Fatal(err)
			}
		}
	}
	messages, receives, ended := receive(t, pl.Outbox())
	if diff := cmp.Diff([]uint32{0x00041004, 0x00041006}, kinds(messages)); diff != "" || receives < 4 || !ended {
		t.Errorf("%d receives, ended %t: %s", receives, ended, diff)
	}
}

func TestHostCalls(t *testing.T) {
	p := open(t, "Exchange")
	messages, _, _ := receive(t, start(t, p, call{name: "Test-Exit"}).Outbox())
	if diff := cmp.Diff([]uint32{0x00041100, 0x00041004, 0x00041006}, kinds(messages)); diff != "" {
		t.Error(diff)
	}
	pl := start(t, p, call{name: "Test-Host"})
	messages, _, ended := receive(t, pl.Outbox())
	if diff := cmp.Diff([]uint32{0x00041100}, kinds(messages)); diff != "" || ended {
		t.Fatalf("ended %t: %s", ended, diff)
	}
	if !strings.Contains(messages[0].XML, `<ToString>ReadLine</ToString><I32>11</I32>`) {
		t.Errorf("called %s", messages[0].XML)
	}
	answer := func(ci string) error {
		return pl.Feed(whole(4, pack(hostResponse, 5, `<Obj RefId="0"><MS><S N="mr">x</S><I64 N="ci">`+ci+`</I64>`+
			fmt.Sprintf(enum, "mi", 1)+`</MS></Obj>`)))
	}
	if err := answer("9"); err == nil {
		t.Error("it takes an answer to what it did not ask")
	}
	if err := answer("1"); err != nil {
		t.Fatal(err)
	}
	if messages, _, ended := receive(t, pl.Outbox()); len(messages) != 2 || !ended {
		t.Errorf("after the answer: %v", messages)
	}
	if answer("1") == nil {
		t.Error("it takes two answers to one question")
	}
}

func TestStopping(t *testing.T) {
	p := open(t, "Exchange")
	endless := start(t, p, call{name: "Test-Endless"})
	if messages, _, ended := receive(t, endless.Outbox()); len(messages) != 1 || ended {
		t.Fatalf("it ended: %v", messages)
	}
	second := start(t, p, call{name: "Test-Many"})
	if messages, _, _ := receive(t, second.Outbox()); len(messages) != 0 {
		t.Errorf("two pipelines in one runspace: %v", messages)
	}
	endless.Stop()
	messages, _, ended := receive(t, endless.Outbox())
	if got := failureOf(messages[0].XML); got.State != "3" || got.ID != "PipelineStopped" || !ended {
		t.Errorf("got %v", got)
	}
	if messages, _, ended := receive(t, second.Outbox()); len(messages) != 3 || !ended {
		t.Errorf("the second did not run: %v", messages)
	}
	third := start(t, p, call{name: "Test-Many"})
	third.Stop()
	if messages, _, _ := receive(t, third.Outbox()); len(messages) != 3 || failureOf(messages[2].XML).State != "4" {
		t.Errorf("what is over was stopped: %v", messages)
	}
}

func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, "Exchange")
		pl := start(t, p, call{name: "Test-Slow"})
		short, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		if _, _, err := pl.Outbox().Receive(short, 1<<20); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after 9 s: %v", err)
		}
		if _, last, err := pl.Outbox().Receive(t.Context(), 1<<20); err != nil || !last {
			t.Errorf("after 10 s: last %t, %v", last, err)
		}
		stopped := start(t, p, call{name: "Test-Slow"})
		stopped.Stop()
		if messages, _, _ := receive(t, stopped.Outbox()); len(messages) != 1 || failureOf(messages[0].XML).State != "3" {
			t.Errorf("a slow one was not stopped: %v", messages)
		}
		endless := start(t, p, call{name: "Test-Endless"})
		receive(t, endless.Outbox())
		ended := make(chan error)
		go func() {
			_, _, err := endless.Outbox().Receive(t.Context(), 1<<20)
			ended <- err
		}()
		synctest.Wait()
		p.Close()
		if err := <-ended; !errors.Is(err, psrp.ErrClosed) {
			t.Errorf("closed under a Receive: %v", err)
		}
	})
}

func TestBreaking(t *testing.T) {
	for name, state := range map[string]string{"Test-Break": "5", "Test-Close": "3"} {
		p := open(t, "Exchange")
		receive(t, p.Outbox())
		pl := start(t, p, call{name: name})
		messages, _, _ := receive(t, p.Outbox())
		if len(messages) != 1 || !strings.Contains(messages[0].XML, `N="RunspaceState">`+state) {
			t.Errorf("%s: the pool says %v", name, messages)
		}
		if messages, _, ended := receive(t, pl.Outbox()); failureOf(messages[0].XML).State != "5" || !ended {
			t.Errorf("%s: the pipeline says %v", name, messages)
		}
		if _, err := p.Start(nil); !errors.Is(err, psrp.ErrNotOpen) {
			t.Errorf("%s: the pool takes commands: %v", name, err)
		}
	}
}

func TestInput(t *testing.T) {
	p := open(t, "Exchange")
	pl, err := p.Start(whole(3, pack(createMessage, 5, pipelineXML(false, call{name: "Test-Many"}))))
	if err != nil {
		t.Fatal(err)
	}
	if pl.Feed(whole(4, pack(inputMessage, 6, "<S>a</S>"))) == nil {
		t.Error("it takes the messages of another")
	}
	if err := pl.Feed(whole(4, pack(inputMessage, 5, "<S>a</S>"))); err != nil {
		t.Error(err)
	}
	if messages, _, _ := receive(t, pl.Outbox()); len(messages) != 0 {
		t.Errorf("it ended before its input: %v", messages)
	}
	if err := pl.Feed(whole(5, pack(endOfInput, 5, ""))); err != nil {
		t.Error(err)
	}
	if messages, _, ended := receive(t, pl.Outbox()); len(messages) != 3 || !ended {
		t.Errorf("after its input: %v", messages)
	}
	if err := pl.Feed(whole(6, pack(endOfInput, 5, ""))); err == nil {
		t.Error("input ends twice")
	}
}

func TestPipelineRefused(t *testing.T) {
	good := pipelineXML(true, call{name: "Test-Many"})
	without := func(name string) string { return strings.ReplaceAll(good, `N="`+name+`"`, `N="Other"`) }
	for name, test := range map[string]struct {
		kind uint32
		xml  string
	}{
		"input first":      {inputMessage, "<S>a</S>"},
		"no NoInput":       {createMessage, without("NoInput")},
		"no IsNested":      {createMessage, strings.Replace(good, `<B N="IsNested">false</B>`, "", 1)},
		"no PowerShell":    {createMessage, without("PowerShell")},
		"no Cmds":          {createMessage, without("Cmds")},
		"no commands":      {createMessage, pipelineXML(true)},
		"no IsScript":      {createMessage, without("IsScript")},
		"no Args":          {createMessage, without("Args")},
		"no MergeMyResult": {createMessage, without("MergeMyResult")},
		"a string":         {createMessage, "<S>a</S>"},
		"a lost reference": {createMessage, strings.Replace(good, `<Nil N="History" />`, `<Ref N="History" RefId="99" />`, 1)},
		"another message":  {availableMessage, good},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := open(t, "Exchange").Start(whole(3, pack(test.kind, 5, test.xml))); err == nil {
				t.Error("it was taken")
			}
		})
	}
	pl := start(t, open(t, "Exchange"), call{name: "Test-Endless"})
	if pl.Feed(whole(4, pack(createMessage, 5, good))) == nil {
		t.Error("a pipeline is created twice")
	}
}

func TestAvailability(t *testing.T) {
	p := open(t, "Exchange")
	receive(t, p.Outbox())
	question := pack(availableMessage, 0, `<Obj RefId="0"><MS><I64 N="ci">7</I64></MS></Obj>`)
	if err := p.Feed(whole(3, question)); err != nil {
		t.Fatal(err)
	}
	messages, _, _ := receive(t, p.Outbox())
	want := []heard{{
		0x00021004, `<Obj RefId="0"><MS><I64 N="SetMinMaxRunspacesResponse">1</I64><I64 N="ci">7</I64></MS></Obj>`,
	}}
	if diff := cmp.Diff(want, messages); diff != "" {
		t.Error(diff)
	}
	if p.Feed(whole(4, pack(initMessage, 0, initXML(1, 1)))) == nil {
		t.Error("an opened pool is opened again")
	}
}

func TestGarbage(t *testing.T) {
	for _, kind := range []string{"bytes", "length", "order", "xml", "short"} {
		t.Run(kind, func(t *testing.T) {
			pl := start(t, open(t, "Exchange"), call{name: "Test-" + kind})
			fragments, last, err := pl.Outbox().Receive(t.Context(), 1<<20)
			if err != nil || !last || len(fragments) < 2 {
				t.Fatalf("%d fragments, last %t, %v", len(fragments), last, err)
			}
			stream := bytes.Join(fragments[:len(fragments)-1], nil)
			for i := range stream { // for the server, as it would have to be to be read
				if i+21 < len(stream) && bytes.HasPrefix(stream[i:], []byte("\x01\x00\x00\x00\x04\x10\x04\x00")) {
					stream[i] = 2
				}
			}
			found, err := psrp.Join(stream)
			if kind == "xml" {
				if _, xmlErr := psrp.Read(stream[21+43:]); found != 1 || err != nil || xmlErr == nil {
					t.Errorf("broken XML: %d messages, %v, %v", found, err, xmlErr)
				}
			} else if found > 0 && err == nil {
				t.Error("it can be read")
			}
			if state := unpack(t, fragments[len(fragments)-1:]); failureOf(state[0].XML).State != "4" {
				t.Errorf("after it comes %v", state)
			}
		})
	}
}
