package wsman_test

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	jea     = "http://schemas.microsoft.com/powershell/JEA.Exchange"
	shellID = "0A0B0C0D-0000-0000-0000-00000000000A"
	version = `<w:OptionSet><w:Option Name="protocolversion" MustComply="true">2.3</w:Option></w:OptionSet>`
)

// fragment packs one message into one fragment, as base64 (MS-PSRP 2.2.1, 2.2.4).
func fragment(object uint64, kind uint32, xml string) string {
	message := binary.LittleEndian.AppendUint32(nil, 2)
	message = binary.LittleEndian.AppendUint32(message, kind)
	message = append(message, strings.Repeat("\x01", 16)+strings.Repeat("\x02", 16)+xml...)
	f := binary.BigEndian.AppendUint64(nil, object)
	f = binary.BigEndian.AppendUint64(f, 0)
	f = binary.BigEndian.AppendUint32(append(f, 3), uint32(len(message)))
	return base64.StdEncoding.EncodeToString(append(f, message...))
}

const (
	emptyEnum = `<Obj N="X" RefId="1"><I32>0</I32></Obj>`
	aHost     = `<Obj N="HostInfo" RefId="2"><MS><B N="_isHostNull">true</B><B N="_isHostUINull">true</B>` +
		`<B N="_isHostRawUINull">true</B><B N="_useRunspaceHost">true</B></MS></Obj>`
)

func named(name string) string { return strings.Replace(emptyEnum, "X", name, 1) }

// creation is what opens a pool.
func creation(t *testing.T) string {
	t.Helper()
	both := ""
	for _, f := range []string{
		fragment(1, 0x00010002, `<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0`+
			`</Version><Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>`),
		fragment(2, 0x00010004, `<Obj RefId="0"><MS><I32 N="MinRunspaces">1</I32><I32 N="MaxRunspaces">1</I32>`+
			named("PSThreadOptions")+named("ApartmentState")+aHost+`<Nil N="ApplicationArguments" /></MS></Obj>`),
	} {
		both += decode64(t, f)
	}
	return base64.StdEncoding.EncodeToString([]byte(both))
}

func createPool(resource, options, streams, content string) string {
	return message(resource, xfer+"Create", options+largest, `<rsp:Shell ShellId="`+strings.ToLower(shellID)+`">`+streams+
		`<creationXml xmlns="http://schemas.microsoft.com/powershell">`+content+`</creationXml></rsp:Shell>`)
}

const streams = `<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>`

func invoke(id, name string) string {
	return message(jea, winrs+"Command", selectShell(shellID), `<rsp:CommandLine CommandId="`+id+`"><rsp:Command/>`+
		`<rsp:Arguments>`+fragment(3, 0x00021006, `<Obj RefId="0"><MS><B N="NoInput">true</B><B N="AddToHistory">false</B>`+
		`<B N="IsNested">false</B>`+named("ApartmentState")+named("RemoteStreamOptions")+aHost+
		`<Obj N="PowerShell" RefId="3"><MS><Obj N="Cmds" RefId="4"><LST><Obj RefId="5"><MS><S N="Cmd">`+name+
		`</S><B N="IsScript">false</B><Nil N="UseLocalScope" />`+named("MergeMyResult")+named("MergeToResult")+
		named("MergePreviousResults")+`<Obj N="Args" RefId="6"><LST /></Obj></MS></Obj></LST></Obj><B N="IsNested">false</B>`+
		`<Nil N="History" /><B N="RedirectShellErrorOutputPipe">false</B></MS></Obj></MS></Obj>`)+
		`</rsp:Arguments></rsp:CommandLine>`)
}

// poll is a Receive, of the pool without an id.
func poll(id, more string) string {
	if id != "" {
		id = ` CommandId="` + id + `"`
	}
	return message(jea, winrs+"Receive", selectShell(shellID)+largest+more,
		`<rsp:Receive><rsp:DesiredStream`+id+`>stdout</rsp:DesiredStream></rsp:Receive>`)
}

func signalTo(id, code string) string {
	return message(jea, winrs+"Signal", selectShell(shellID),
		`<rsp:Signal CommandId="`+id+`"><rsp:Code>`+code+`</rsp:Code></rsp:Signal>`)
}

func (b *bench) openPool(t *testing.T) {
	t.Helper()
	b.ok(t, createPool(jea, version, streams, creation(t)))
	for range 2 {
		b.ok(t, poll("", ""))
	}
}

// sent are the types of the messages in a reply, all in whole fragments.
func sent(t *testing.T, reply string) []uint32 {
	t.Helper()
	var kinds []uint32
	for _, m := range regexp.MustCompile(`<rsp:Stream Name="stdout"[^>]*>([^<]*)<`).FindAllStringSubmatch(reply, -1) {
		kinds = append(kinds, binary.LittleEndian.Uint32([]byte(decode64(t, m[1]))[25:]))
	}
	return kinds
}

// fault posts what must fail, and returns the fault's number.
func (b *bench) fault(t *testing.T, body string) string {
	t.Helper()
	status, reply := b.post(t, body)
	if status != http.StatusInternalServerError {
		t.Fatalf("got HTTP %d: %s", status, reply)
	}
	return part(reply, `Code="`, `"`)
}

func TestPool(t *testing.T) {
	b := newPowerShellBench(t)
	golden(t, "createpool", b.ok(t, createPool(jea, version, streams, creation(t))))
	if diff := cmp.Diff([]uint32{0x00010002, 0x00021009}, sent(t, b.ok(t, poll("", "")))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]uint32{0x00021005}, sent(t, b.ok(t, poll("", "")))); diff != "" {
		t.Error(diff)
	}
	const id = "AAAAAAAA-0000-0000-0000-00000000000B"
	if got := part(b.ok(t, invoke(id, "Test-Many")), "<rsp:CommandId>", "<"); got != id {
		t.Errorf("the command is %q", got)
	}
	if got := b.fault(t, invoke(id, "Test-Many")); got != "87" {
		t.Errorf("the same command again: %s", got)
	}
	reply := b.ok(t, poll(id, ""))
	state := `<rsp:CommandState CommandId="` + id + `" State="` + winrs + `CommandState/Done"><rsp:ExitCode>0<`
	if !strings.Contains(reply, state) {
		t.Errorf("not done: %s", reply)
	}
	b.ok(t, signalTo(id, winrs+"signal/Terminate"))
	if got := b.fault(t, poll(id, "")); got != "87" {
		t.Errorf("a command that is gone: %s", got)
	}
	if got := b.Stats(); got.Pools != 1 {
		t.Errorf("counted %+v", got)
	}
	b.ok(t, message(jea, xfer+"Delete", selectShell(shellID), ""))
	if got := b.fault(t, poll("", "")); got != "2150858843" {
		t.Errorf("a pool that is gone: %s", got)
	}
	if got := b.Stats(); got.Pools != 0 {
		t.Errorf("counted %+v", got)
	}
}

func TestPoolRefused(t *testing.T) {
	option := func(name, value string) string {
		return `<w:OptionSet><w:Option Name="` + name + `" MustComply="true">` + value + `</w:Option></w:OptionSet>`
	}
	const at = "http://schemas.microsoft.com/powershell/"
	good := creation(t)
	for name, test := range map[string]struct{ body, want string }{
		"no such configuration":   {createPool(at+"Nix", version, streams, good), "2150858811"},
		"Exchange at WinRM":       {createPool(at+"Microsoft.Exchange", version, streams, good), "2150858811"},
		"a stranger":              {createPool(at+"JEA.Denied", version, streams, good), "5"},
		"no version":              {createPool(jea, "", streams, good), "2152991687"},
		"a newer version":         {createPool(jea, option("protocolversion", "2.4"), streams, good), "2152991685"},
		"an unknown option":       {createPool(jea, option("Nix", "1"), streams, good), "2152991686"},
		"the streams of cmd":      {createPool(jea, version, strings.ReplaceAll(streams, " pr", ""), good), "2152991673"},
		"no creationXml":          {createPool(jea, version, streams, ""), "2152991684"},
		"creationXml is no base":  {createPool(jea, version, streams, "%"), "2152991684"},
		"creationXml is nonsense": {createPool(jea, version, streams, "AAAA"), "2152992672"},
		"a bad idle time":         {createPool(jea, version, `<rsp:IdleTimeOut>soon</rsp:IdleTimeOut>`+streams, good), "87"},
		"WQL":                     {message(jea, enum+"Enumerate", "", ""), "2150858753"},
		"disconnecting":           {message(jea, winrs+"Disconnect", selectShell(shellID), ""), "50"},
		"reconnecting":            {message(jea, winrs+"Reconnect", selectShell(shellID), ""), "50"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newPowerShellBench(t)
			if got := b.fault(t, test.body); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if b.Stats().Pools != 0 {
				t.Error("a pool is open")
			}
		})
	}
}

func TestCommandRefused(t *testing.T) {
	b := newPowerShellBench(t)
	b.openPool(t)
	const id = "AAAAAAAA-0000-0000-0000-00000000000B"
	b.ok(t, invoke(id, "Test-Host"))
	send := func(stream, data string) string {
		return message(jea, winrs+"Send", selectShell(shellID), `<rsp:Send><rsp:Stream Name="`+stream+`" CommandId="`+id+`">`+
			data+`</rsp:Stream></rsp:Send>`)
	}
	line := func(arguments string) string {
		return message(jea, winrs+"Command", selectShell(shellID),
			`<rsp:CommandLine><rsp:Command/>`+arguments+`</rsp:CommandLine>`)
	}
	for name, test := range map[string]struct{ body, want string }{
		"the pool again":        {createPool(jea, version, streams, creation(t)), "183"},
		"another configuration": {message(strings.Replace(jea, "Exchange", "Pieces", 1), winrs+"Receive", selectShell(shellID), `<rsp:Receive><rsp:DesiredStream>stdout</rsp:DesiredStream></rsp:Receive>`), "2150858843"},
		"no argument":           {line(""), "2152991684"},
		"nonsense":              {line(`<rsp:Arguments>` + fragment(1, 0x00041002, "<S>a</S>") + `</rsp:Arguments>`), "2152992672"},
		"another stream":        {strings.Replace(poll("", ""), ">stdout<", ">stderr<", 1), "2152991680"},
		"no such command":       {poll("AAAAAAAA-0000-0000-0000-00000000000C", ""), "87"},
		"input to nowhere":      {send("stderr", "AAAA"), "2152991678"},
		"input that is no base": {send("stdin", "%"), "2152991679"},
		"input out of order":    {send("stdin", fragment(1, 0x00021006, "<S>a</S>")), "2152992672"},
		"a signal to the pool":  {strings.Replace(signalTo(id, "x"), ` CommandId="`+id+`"`, "", 1), "87"},
	} {
		if got := b.fault(t, test.body); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	if diff := cmp.Diff([]uint32{0x00041100}, sent(t, b.ok(t, poll(id, "")))); diff != "" {
		t.Error(diff)
	}
	b.ok(t, send("pr", fragment(4, 0x00041101,
		`<Obj RefId="0"><MS><S N="mr">x</S><I64 N="ci">1</I64>`+named("mi")+`</MS></Obj>`)))
	if diff := cmp.Diff([]uint32{0x00041004, 0x00041006}, sent(t, b.ok(t, poll(id, "")))); diff != "" {
		t.Error(diff)
	}
}

func TestSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPowerShellBench(t)
		b.openPool(t)
		const id = "AAAAAAAA-0000-0000-0000-00000000000B"
		b.ok(t, invoke(id, "Test-Endless"))
		if reply := b.ok(t, poll(id, "")); !strings.Contains(reply, "CommandState/Running") {
			t.Errorf("not running: %s", reply)
		}
		short := `<w:OperationTimeout>PT5S</w:OperationTimeout>`
		for _, code := range []string{"powershell/signal/ctrl_c", winrs + "signal/ctrl_c", "POWERSHELL/SIGNAL/CRTL_C"} {
			b.ok(t, signalTo(id, code))
			if got := b.fault(t, poll(id, short)); got != "2150858793" {
				t.Errorf("%s: %s", code, got)
			}
		}
		b.ok(t, signalTo(id, "powershell/signal/crtl_c"))
		reply := b.ok(t, poll(id, ""))
		diff := cmp.Diff([]uint32{0x00041006}, sent(t, reply))
		if diff != "" || !strings.Contains(reply, "CommandState/Done") {
			t.Errorf("%s %s", diff, reply)
		}
	})
}

func TestLongPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPowerShellBench(t)
		b.openPool(t)
		const id = "AAAAAAAA-0000-0000-0000-00000000000B"
		b.ok(t, invoke(id, "Test-Slow"))
		begun := time.Now()
		got := b.fault(t, poll(id, `<w:OperationTimeout>PT6S</w:OperationTimeout>`))
		if got != "2150858793" || time.Since(begun) != 6*time.Second {
			t.Errorf("got %s after %v", got, time.Since(begun))
		}
		b.ok(t, poll(id, `<w:OperationTimeout>PT6S</w:OperationTimeout>`))
		if time.Since(begun) != 10*time.Second {
			t.Errorf("came after %v", time.Since(begun))
		}
		waiting := make(chan string)
		go func() {
			_, reply := b.post(t, poll("", ""))
			waiting <- part(reply, `Code="`, `"`)
		}()
		synctest.Wait()
		b.ok(t, message(jea, xfer+"Delete", selectShell(shellID), ""))
		if got := <-waiting; got != "995" {
			t.Errorf("a Receive whose pool was deleted: %s", got)
		}
	})
}

func TestPoolsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPowerShellBench(t)
		b.openPool(t)
		time.Sleep(2*time.Hour + time.Second)
		if got := b.fault(t, poll("", "")); got != "2150858843" || b.Stats().Pools != 0 {
			t.Errorf("an idle pool: %s", got)
		}
		for i := range 31 {
			id := strings.ReplaceAll(shellID, "0A0B", string(rune('A'+i/10))+string(rune('0'+i%10)))
			body := strings.Replace(createPool(jea, version, streams, creation(t)), strings.ToLower(shellID), id, 1)
			if i == 30 {
				if got := b.fault(t, body); got != "2150859173" {
					t.Errorf("pool 31: %s", got)
				}
				break
			}
			b.ok(t, body)
		}
		if got := b.Stats().Pools; got != 30 {
			t.Errorf("%d pools", got)
		}
		waiting := make(chan string)
		go func() {
			first := strings.ReplaceAll(shellID, "0A0B", "A0")
			body := strings.Replace(poll("", ""), shellID, first, 1)
			for range 2 {
				b.post(t, body) // what the opening sent
			}
			_, reply := b.post(t, body)
			waiting <- part(reply, `Code="`, `"`)
		}()
		synctest.Wait()
		b.enter("rebooted")
		if got := b.Stats().Pools; got != 0 {
			t.Errorf("%d pools after the reboot", got)
		}
		if got := <-waiting; got != "995" {
			t.Errorf("a Receive from before the reboot: %s", got)
		}
	})
}

func TestSmallEnvelope(t *testing.T) {
	b := newPowerShellBench(t)
	small := `<w:MaxEnvelopeSize s:mustUnderstand="true">8192</w:MaxEnvelopeSize>`
	b.ok(t, strings.Replace(createPool(jea, version, streams, creation(t)), largest, small, 1))
	const id = "AAAAAAAA-0000-0000-0000-00000000000B"
	b.ok(t, invoke(id, "Test-Many"))
	for range 100 {
		reply := b.ok(t, strings.Replace(poll(id, ""), largest, small, 1))
		if len(reply) > 8192 {
			t.Fatalf("a reply of %d bytes", len(reply))
		}
		if strings.Contains(reply, "CommandState/Done") {
			return
		}
	}
	t.Error("no end")
}

func TestDirectory(t *testing.T) {
	b := newPowerShellBench(t)
	post := func(path, resource string) (int, string) {
		w := httptest.NewRecorder()
		r := request(t, "http://ex01"+path, createPool(resource, version, streams, creation(t)))
		r.RemoteAddr = "127.0.0.1:50000"
		b.Directories().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	exchange := "http://schemas.microsoft.com/powershell/Microsoft.Exchange"
	if status, reply := post("/powershell", exchange); status != http.StatusOK ||
		!strings.Contains(reply, "<a:Address>http://ex01/powershell</a:Address>") {
		t.Errorf("Exchange: HTTP %d %s", status, reply)
	}
	for _, resource := range []string{jea, wmi, shell} {
		if status, reply := post("/PowerShell/", resource); status != 500 || !strings.Contains(reply, "2150858811") {
			t.Errorf("%s on the web: HTTP %d %s", resource, status, reply)
		}
	}
	w := httptest.NewRecorder()
	r := request(t, "http://ex01/powershell", "")
	r.SetBasicAuth("probe", "no")
	b.Directories().ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("a wrong password: HTTP %d", w.Code)
	}
}
