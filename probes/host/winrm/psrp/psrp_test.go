package psrp

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
)

func TestCreation(t *testing.T) {
	b := newBench(t)
	stream, err := base64.StdEncoding.DecodeString(b.pool.Creation())
	if err != nil {
		t.Fatal(err)
	}
	header := func(of uint32) string {
		m := binary.LittleEndian.AppendUint32([]byte{2, 0, 0, 0}, of)
		m = append(m, wireGUID(t, b.pool.ID())...)
		return string(append(m, make([]byte, 16)...))
	}
	want := slices.Concat(
		fragment(1, 0, whole, header(0x00010002)+golden(t, "session_capability.xml")),
		fragment(2, 0, whole, header(0x00010004)+golden(t, "init_runspacepool.xml")))
	if d := cmp.Diff(string(want), string(stream)); d != "" {
		t.Errorf("opening (-want +got):\n%s", d)
	}
	if id := b.pool.ID(); id != strings.ToUpper(id) || id == New(Options{}).ID() {
		t.Errorf("identity %q", id)
	}
}

func TestCreatePipeline(t *testing.T) {
	merge := func(names ...string) string {
		var b strings.Builder
		for i, name := range names {
			fmt.Fprintf(&b, `<Obj RefId="x%d" N="%s">`, i, name)
			b.WriteString(`<TNRef RefId="3"></TNRef><ToString>None</ToString><I32>0</I32></Obj>`)
		}
		return b.String()
	}
	const previous = `N="MergePreviousResults"><TNRef RefId="3"></TNRef><ToString>None</ToString><I32>0</I32></Obj>`
	for version, more := range map[string]string{
		"2.1": "",
		"2.2": merge("MergeError", "MergeWarning", "MergeVerbose", "MergeDebug"),
		"2.3": merge("MergeError", "MergeWarning", "MergeVerbose", "MergeDebug", "MergeInformation"),
	} {
		b := newBench(t).open(version)
		run := b.ask(question())
		if len(run.Rest()) > 0 {
			t.Errorf("%d fragments too many", len(run.Rest()))
		}
		header, data := sent(t, run.Argument())
		wantHeader := string(binary.LittleEndian.AppendUint32([]byte{2, 0, 0, 0}, 0x00021006)) +
			string(wireGUID(t, b.pool.ID())) + string(wireGUID(t, run.ID()))
		if header != wantHeader {
			t.Errorf("header %x, want %x", header, wantHeader)
		}
		want := strings.Replace(golden(t, "create_pipeline_2.1.xml"), previous, previous+more, 1)
		// Objects are numbered in their order.
		if d := cmp.Diff(unnumbered(want), unnumbered(data)); d != "" {
			t.Errorf("%s (-want +got):\n%s", version, d)
		}
		if version == "2.1" && want != data {
			t.Errorf("numbers (-want +got):\n%s", cmp.Diff(want, data))
		}
	}
}

func unnumbered(clixml string) string {
	parts := strings.Split(clixml, `<Obj RefId="`)
	for i, part := range parts[1:] {
		_, rest, _ := strings.Cut(part, `"`)
		parts[i+1] = rest
	}
	return strings.Join(parts, "<Obj")
}

func TestLongCommand(t *testing.T) {
	b := newBench(t)
	b.pool = New(Options{FragmentSize: 1000})
	b.open("2.3")
	q := question()
	q.Params["List"] = slices.Repeat([]string{strings.Repeat("a", 100)}, 100)
	run := b.ask(q)
	if n := len(run.Rest()); n < 10 {
		t.Errorf("%d fragments", n)
	}
	for _, text := range append(run.Rest(), run.Argument()) {
		if n := base64.StdEncoding.DecodedLen(len(text)); n > 1002 {
			t.Errorf("a fragment of %d bytes", n)
		}
	}
	_, data := sent(t, append([]string{run.Argument()}, run.Rest()...)...)
	if strings.Count(data, strings.Repeat("a", 100)) != 100 {
		t.Errorf("the list was lost: %s", data)
	}
}

func TestFragmentSize(t *testing.T) {
	for envelope, want := range map[int]int{153600: 112128, 512000: 380928, 0: minFragment} {
		got := FragmentSize(envelope)
		if got != want || base64.StdEncoding.EncodedLen(got) > max(envelope, 100) {
			t.Errorf("%d: got %d, want %d", envelope, got, want)
		}
	}
}

func TestQuestionsRefused(t *testing.T) {
	b := newBench(t).open("2.3")
	for name, q := range map[string]host.Cmdlet{
		"no name":                {Properties: []string{"a"}},
		"no properties":          {Name: "Get-Foo"},
		"a position":             {Name: "Get-Foo", Properties: []string{"a"}, Params: map[string][]string{"": {"x"}}},
		"a dash":                 {Name: "Get-Foo", Properties: []string{"a"}, Params: map[string][]string{"-Foo": {"x"}}},
		"a dash before a switch": {Name: "Get-Foo", Properties: []string{"a"}, Switches: []string{"-Foo"}},
	} {
		if run, err := b.pool.Pipeline(q); !errors.Is(err, errQuestion) || run != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Options{}).Pipeline(question()); err == nil {
		t.Error("asked before the pool was open")
	}
}

const health = `<Obj RefId="0"><TN RefId="0"><T>Deserialized.Microsoft.Exchange.Monitoring.ServiceHealth</T></TN>
<Props><S N="Role">Mailbox Server Role</S><B N="RequiredServicesRunning">true</B></Props></Obj>`

func TestAnswer(t *testing.T) {
	b := newBench(t).open("2.3")
	run := b.ask(question())
	id := run.ID()
	if run.Done() || !errors.Is(run.Err(), ErrUnfinished) {
		t.Errorf("done before it began: %v", run.Err())
	}
	info := func(text string) string {
		return `<Obj RefId="0"><MS><S N="InformationalRecord_Message">` + text + `</S></MS></Obj>`
	}
	big := b.message(0x00041004, id, strings.Replace(health, "Mailbox", strings.Repeat("x", 1000), 1))
	for _, stream := range [][]byte{
		b.message(0x00041006, id, runState("1", "")), // running
		b.message(0x00041010, id, `<Obj RefId="0"/>`),
		slices.Concat(b.message(0x00041004, id, health), b.message(0x00041009, id, info("slow_x000A_ today"))),
		b.message(0x00041009, id, info("b")),
		b.message(0x00041008, id, info("v")), b.message(0x00041007, id, info("d")), b.message(0x00041011, id, info("i")),
		b.message(0x00041100, id, hostCallOf("16", "WriteLine2")),
		b.message(0x00041999, id, ``),
		big[:500], big[500:],
		b.message(0x00041006, id, runState("4", "")),
	} {
		if run.Done() {
			t.Error("done too early")
		}
		if err := run.Feed(stream); err != nil {
			t.Fatal(err)
		}
	}
	want := host.Answer{Rows: []host.Row{
		{"Role": {Text: "Mailbox Server Role"}, "RequiredServicesRunning": {Text: "true"}},
		{"Role": {Text: strings.Repeat("x", 1000) + " Server Role"}, "RequiredServicesRunning": {Text: "true"}},
	}}
	if d := cmp.Diff(want, run.Answer()); d != "" {
		t.Errorf("answer (-want +got):\n%s", d)
	}
	if err := run.End(); !run.Done() || err != nil {
		t.Errorf("done %t, %v", run.Done(), err)
	}
	notes := Notes{
		Warnings: 2, Verbose: 1, Debug: 1, Information: 1, Progress: 1, HostCalls: 1, Other: 1, FirstWarning: "slow today",
	}
	if d := cmp.Diff(notes, run.Notes()); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
	if d := cmp.Diff(Notes{PowerShell: "5.1.20348.1"}, b.pool.Notes()); d != "" {
		t.Errorf("the pool's notes (-want +got):\n%s", d)
	}
	// What comes late changes nothing, and the next question has its turn.
	if err := run.Feed(b.message(0x00041004, id, health)); err != nil || len(run.Rows()) != 2 {
		t.Errorf("%v, %d rows", err, len(run.Rows()))
	}
	next := b.ask(question())
	err := next.Feed(b.message(0x00041006, next.ID(), runState("4", "")))
	if err != nil || next.Err() != nil || len(b.pool.runs) != 0 {
		t.Errorf("%v, %v, %d running", err, next.Err(), len(b.pool.runs))
	}
}

func TestCommandsThatFail(t *testing.T) {
	missing := record("CommandNotFoundException", "13", "X", "no such thing",
		`<S N="ErrorCategory_TargetName">test-servicehealth</S>`)
	denied := record("Denied", "18", "X", "keep out", "")
	type sent struct {
		of   uint32
		data string
	}
	for name, c := range map[string]struct {
		messages    []sent
		want        error
		line        string
		rows        int
		terminating bool
	}{
		"no such command":    {[]sent{{0x00041006, runState("5", because(missing))}}, host.ErrNoCommand, "no such command: no such thing: CommandNotFoundException", 0, true},
		"failed after a row": {[]sent{{0x00041004, health}, {0x00041006, runState("5", because(denied))}}, ErrDenied, "access denied: keep out: Denied", 0, true},
		"failed after an error": {
			[]sent{{0x00041005, missing}, {0x00041006, runState("5", because(denied))}},
			ErrDenied,
			"access denied: keep out: Denied (and 1 more)", 0, true,
		},
		"an error beside a row": {[]sent{{0x00041005, denied}, {0x00041004, health}, {0x00041006, runState("4", "")}}, ErrDenied, "access denied: keep out: Denied", 1, false},
		"errors beside rows": {
			[]sent{
				{0x00041005, denied},
				{0x00041005, missing},
				{0x00041004, health},
				{0x00041004, health},
				{0x00041006, runState("4", "")},
			},
			ErrDenied, "access denied: keep out: Denied (and 1 more)", 2, false,
		},
		"failed without a reason":  {[]sent{{0x00041006, runState("5", "")}}, ErrFailed, "the command failed, and the host does not say why", 0, false},
		"failed with null":         {[]sent{{0x00041006, runState("5", `<Nil N="ExceptionAsErrorRecord"/>`)}}, ErrFailed, "the command failed, and the host does not say why", 0, false},
		"failed by the last error": {[]sent{{0x00041005, denied}, {0x00041006, runState("5", "")}}, ErrDenied, "access denied: keep out: Denied", 0, true},
		"stopped":                  {[]sent{{0x00041006, runState("3", "")}}, ErrStopped, "the command was stopped, and the host does not say why", 0, false},
		"cut off":                  {[]sent{{0x00041006, runState("6", "")}}, ErrStopped, "the command was stopped: the command was cut off from us", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t).open("2.3")
			run := b.ask(question())
			for _, m := range c.messages {
				if err := run.Feed(b.message(m.of, run.ID(), m.data)); err != nil {
					t.Fatal(err)
				}
			}
			answer := run.Answer()
			if !run.Done() || !errors.Is(answer.Err, c.want) || answer.Err.Error() != c.line {
				t.Errorf("done %t, got %q, want %q", run.Done(), answer.Err, c.line)
			}
			var e *Error
			if errors.As(answer.Err, &e) && e.Terminating != c.terminating {
				t.Errorf("terminating %t", e.Terminating)
			}
			if len(answer.Rows) != c.rows {
				t.Errorf("%d rows, want %d", len(answer.Rows), c.rows)
			}
		})
	}
}

func TestPoolsThatFail(t *testing.T) {
	denied := because(record("Denied", "18", "X", "keep out", ""))
	for name, c := range map[string]struct {
		of   uint32
		data string
		want error
	}{
		"broken":                  {0x00021005, poolState("5", denied), ErrDenied},
		"broken without a reason": {0x00021005, poolState("5", ""), ErrBroken},
		"closed":                  {0x00021005, poolState("3", ""), ErrBroken},
		"open before negotiation": {0x00021005, poolState("2", ""), ErrMalformed},
		"a state without a state": {0x00021005, `<Obj RefId="0"/>`, ErrMalformed},
		"a state that is a text":  {0x00021005, poolState("soon", ""), ErrMalformed},
		"version 3":               {0x00010002, capabilityOf("3.0"), ErrMalformed},
		"version nothing":         {0x00010002, capabilityOf(""), ErrMalformed},
		"version with a minus":    {0x00010002, capabilityOf("2.-1"), ErrMalformed},
		"no capability":           {0x00010002, `<S>a</S>`, ErrMalformed},
		"private data is no XML":  {0x00021009, `{}`, ErrMalformed},
		"a question to a person":  {0x00021100, hostCallOf("11", "ReadLine"), ErrHostCall},
		"a request for a key":     {0x00010007, `<S/>`, ErrHostCall},
		"a message to a pipeline": {0x00041004, health, ErrMalformed},
		"a call without a method": {0x00021100, `<Obj RefId="0"/>`, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			err := b.pool.Feed(b.message(c.of, nobody, c.data))
			if !errors.Is(err, c.want) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("got %v, want %v", err, c.want)
			}
			again := b.pool.Feed(b.message(0x00010002, nobody, capabilityOf("2.3")))
			if again != err { //nolint:errorlint // the same one
				t.Errorf("then %v", again)
			}
			if _, err := b.pool.Pipeline(question()); !errors.Is(err, c.want) || b.pool.Opened() {
				t.Errorf("asked all the same: %v", err)
			}
		})
	}
}

func TestStreamsThatBreak(t *testing.T) {
	for name, c := range map[string]struct {
		stream func(b *bench, id string) []byte
		want   error
	}{
		"no object":        {func(b *bench, id string) []byte { return b.message(0x00041004, id, "<Obj>") }, ErrMalformed},
		"no record":        {func(b *bench, id string) []byte { return b.message(0x00041005, id, "") }, ErrMalformed},
		"no warning":       {func(b *bench, id string) []byte { return b.message(0x00041009, id, "") }, ErrMalformed},
		"no state":         {func(b *bench, id string) []byte { return b.message(0x00041006, id, "<S/>") }, ErrMalformed},
		"another pipeline": {func(b *bench, _ string) []byte { return b.message(0x00041004, New(Options{}).ID(), health) }, ErrMalformed},
		"a question": {func(b *bench, id string) []byte {
			return b.message(0x00041100, id, hostCallOf("26", "Prompt_x000A_ForChoice"))
		}, ErrHostCall},
		"the pool breaks": {func(b *bench, _ string) []byte {
			return b.message(0x00021005, nobody, poolState("5", because(record("A", "18", "X", "enough", ""))))
		}, ErrBroken},
		"a short message": {func(*bench, string) []byte { return fragment(1, 0, whole, "short") }, ErrMalformed},
		"a message to a server": {func(b *bench, id string) []byte {
			m := b.message(0x00041006, id, runState("4", ""))
			m[headerSize] = toServer
			return m
		}, ErrMalformed},
		"another pool": {func(*bench, string) []byte {
			return fragment(1, 0, whole, "\x01\x00\x00\x00"+strings.Repeat("\x02", 36))
		}, ErrMalformed},
		"a gap": {func(*bench, string) []byte { return fragment(1, 2, whole, "") }, ErrOutOfOrder},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t).open("2.3")
			run := b.ask(question())
			if err := run.Feed(b.message(0x00041004, run.ID(), health)); err != nil {
				t.Fatal(err)
			}
			err := run.Feed(c.stream(b, run.ID()))
			if !errors.Is(err, c.want) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("got %v, want %v", err, c.want)
			}
			answer := run.Answer()
			var e *Error
			if errors.As(answer.Err, &e) && !e.Terminating {
				t.Errorf("%v is told as if the command went on", e)
			}
			if !errors.Is(answer.Err, c.want) || answer.Rows != nil || run.Done() {
				t.Errorf("done %t, %d rows, %v", run.Done(), len(answer.Rows), answer.Err)
			}
			if !errors.Is(run.End(), c.want) || !errors.Is(run.Feed(nil), c.want) {
				t.Error("forgotten")
			}
			if opened := b.pool.Opened(); opened == (name == "the pool breaks") {
				t.Errorf("the pool is open: %t", opened)
			}
		})
	}
}

func TestStreamsThatEndEarly(t *testing.T) {
	for name, cut := range map[string]int{"at once": 0, "within a fragment": 30} {
		b := newBench(t).open("2.3")
		run := b.ask(question())
		if err := run.Feed(b.message(0x00041006, run.ID(), runState("4", ""))[:cut]); err != nil {
			t.Fatal(err)
		}
		if err := run.End(); !errors.Is(err, ErrUnfinished) || !errors.Is(run.Err(), ErrUnfinished) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := newBench(t).open("2.3")
	run := b.ask(question())
	if err := b.pool.Feed(b.message(0x00021005, nobody, poolState("3", ""))); !errors.Is(err, ErrBroken) {
		t.Error(err)
	}
	if err := run.Feed(nil); !errors.Is(err, ErrBroken) {
		t.Errorf("the pool is closed, the command goes on: %v", err)
	}
}

// A session configuration warns while it starts, for no pipeline.
func TestPoolWarns(t *testing.T) {
	b := newBench(t)
	warning := `<Obj RefId="0"><MS><S N="InformationalRecord_Message">old</S></MS></Obj>`
	if err := b.pool.Feed(b.message(0x00041009, nobody, warning)); err != nil {
		t.Fatal(err)
	}
	if notes := b.open("2.3").pool.Notes(); notes.Warnings != 1 || notes.FirstWarning != "old" {
		t.Errorf("notes %+v", notes)
	}
}

// A host may send a pipeline's messages in the pool's stream.
func TestPoolStreamServesPipelines(t *testing.T) {
	b := newBench(t).open("2.2")
	run := b.ask(question())
	err := b.pool.Feed(slices.Concat(
		b.message(0x00041004, run.ID(), health), b.message(0x00041006, run.ID(), runState("4", ""))))
	if answer := run.Answer(); err != nil || answer.Err != nil || len(answer.Rows) != 1 {
		t.Errorf("%v, %+v", err, answer)
	}
}

func TestHostMethods(t *testing.T) {
	var silent []int64
	for method := range int64(70) {
		if wantsNoAnswer(method) {
			silent = append(silent, method)
		}
	}
	want := []int64{
		6, 8, 9, 10, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 28, 30, 32, 34, 36, 38, 40, 42, 47, 48, 49, 51, 53,
	}
	if d := cmp.Diff(want, silent); d != "" {
		t.Errorf("methods without an answer (-want +got):\n%s", d)
	}
}

func FuzzMessages(f *testing.F) {
	for _, data := range []string{
		capabilityOf("2.3"), poolState("2", ""), runState("4", ""), health, golden(f, "private_data.xml"),
	} {
		for _, of := range []uint32{
			0x00010002, 0x00021005, 0x00021009, 0x00021100,
			0x00041004, 0x00041005, 0x00041006, 0x00041009, 0x00041100,
		} {
			f.Add(of, data)
		}
	}
	f.Fuzz(func(t *testing.T, of uint32, data string) {
		b := newBench(t)
		_ = b.pool.Feed(b.message(of, nobody, data))
		b = newBench(t).open("2.3")
		run := b.ask(question())
		err := run.Feed(b.message(of, run.ID(), data))
		if err != nil && strings.ContainsFunc(err.Error(), markup.IsControl) {
			t.Errorf("%q", err)
		}
		answer := run.Answer()
		good := run.Done() && err == nil && run.first == nil && run.terminal == nil
		if (answer.Err == nil) != good {
			t.Errorf("done %t, %v, %+v", run.Done(), err, answer)
		}
	})
}
