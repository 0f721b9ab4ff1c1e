package psrp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// The messages that the tests speak of, written from MS-PSRP 2.2.1 again.
const (
	capabilityMessage = 0x00010002
	initMessage       = 0x00010004
	createMessage     = 0x00021006
	inputMessage      = 0x00041002
	endOfInput        = 0x00041003
	hostResponse      = 0x00041101
	availableMessage  = 0x00021007
)

const (
	capability = `<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0</Version>` +
		`<Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>`
	enum     = `<Obj N="%s" RefId="%d"><ToString>x</ToString><I32>0</I32></Obj>`
	nullHost = `<Obj N="HostInfo" RefId="9"><MS><B N="_isHostNull">true</B><B N="_isHostUINull">true</B>` +
		`<B N="_isHostRawUINull">true</B><B N="_useRunspaceHost">true</B></MS></Obj>`
)

func initXML(least, most int) string {
	return fmt.Sprintf(`<Obj RefId="0"><MS><I32 N="MinRunspaces">%d</I32><I32 N="MaxRunspaces">%d</I32>`, least, most) +
		fmt.Sprintf(enum+enum, "PSThreadOptions", 1, "ApartmentState", 2) + nullHost +
		`<Nil N="ApplicationArguments" /></MS></Obj>`
}

// call is one command as a test writes it.
type call struct {
	name   string
	script bool
	args   []string // "name=value", or "=value" for a positional one
}

func (c call) xml() string {
	var args strings.Builder
	for _, arg := range c.args {
		name, value, _ := strings.Cut(arg, "=")
		named := `<S N="N">` + name + `</S>`
		if name == "" {
			named = `<Nil N="N" />`
		}
		args.WriteString(`<Obj RefId="30"><MS>` + named + `<S N="V">` + value + `</S></MS></Obj>`)
	}
	return `<Obj RefId="20"><MS><Nil N="UseLocalScope" />` +
		fmt.Sprintf(`<S N="Cmd">%s</S><B N="IsScript">%t</B>`, c.name, c.script) +
		fmt.Sprintf(enum+enum+enum, "MergeMyResult", 21, "MergeToResult", 22, "MergePreviousResults", 23) +
		`<Obj N="Args" RefId="24"><LST>` + args.String() + `</LST></Obj></MS></Obj>`
}

func pipelineXML(noInput bool, calls ...call) string {
	var commands strings.Builder
	for _, c := range calls {
		commands.WriteString(c.xml())
	}
	return fmt.Sprintf(`<Obj RefId="0"><MS><B N="NoInput">%t</B><B N="AddToHistory">false</B>`, noInput) +
		`<B N="IsNested">false</B>` +
		fmt.Sprintf(enum+enum, "ApartmentState", 1, "RemoteStreamOptions", 2) + nullHost +
		`<Obj N="PowerShell" RefId="10"><MS><B N="IsNested">false</B><Nil N="ExtraCmds" /><Obj N="Cmds" RefId="11"><LST>` +
		commands.String() + `</LST></Obj><Nil N="History" /><B N="RedirectShellErrorOutputPipe">false</B></MS></Obj>` +
		`</MS></Obj>`
}

// pack writes a message as a client does.
func pack(kind uint32, pipeline byte, xml string) []byte {
	data := binary.LittleEndian.AppendUint32(nil, 2)
	data = binary.LittleEndian.AppendUint32(data, kind)
	data = append(data, bytes.Repeat([]byte{7}, 16)...)
	data = append(data, bytes.Repeat([]byte{pipeline}, 16)...)
	return append(data, xml...)
}

// pieces cuts a message into fragments with size bytes of it each.
func pieces(object uint64, size int, message []byte) [][]byte {
	var out [][]byte
	for index := 0; ; index++ {
		n := min(size, len(message))
		var flags byte
		if index == 0 {
			flags |= 1
		}
		if n == len(message) {
			flags |= 2
		}
		f := binary.BigEndian.AppendUint64(nil, object)
		f = binary.BigEndian.AppendUint64(f, uint64(index))
		f = binary.BigEndian.AppendUint32(append(f, flags), uint32(n))
		out = append(out, append(f, message[:n]...))
		if message = message[n:]; len(message) == 0 {
			return out
		}
	}
}

func whole(object uint64, message []byte) []byte { return pieces(object, len(message), message)[0] }

func creation(xml string) []byte {
	return append(whole(1, pack(capabilityMessage, 0, capability)), whole(2, pack(initMessage, 0, xml))...)
}

// heard is one message of the server.
type heard struct {
	Kind uint32
	XML  string
}

// unpack reads the server's fragments, whose order and headers must be right.
func unpack(t *testing.T, fragments [][]byte) []heard {
	t.Helper()
	var out []heard
	var data []byte
	next := uint64(0)
	for _, f := range fragments {
		if len(f) < 21 || int(binary.BigEndian.Uint32(f[17:])) != len(f)-21 {
			t.Fatalf("not one fragment: %x", f)
		}
		if index := binary.BigEndian.Uint64(f[8:]); index != next || (f[16]&1 != 0) != (index == 0) {
			t.Fatalf("fragment %d of flags %x, want %d", index, f[16], next)
		}
		next++
		data = append(data, f[21:]...)
		if f[16]&2 == 0 {
			continue
		}
		if binary.LittleEndian.Uint32(data) != 1 || !bytes.HasPrefix(data[40:], []byte("\xef\xbb\xbf<")) {
			t.Fatalf("not a message for the client: %q", data)
		}
		out = append(out, heard{binary.LittleEndian.Uint32(data[4:]), string(data[43:])})
		data, next = nil, 0
	}
	return out
}
