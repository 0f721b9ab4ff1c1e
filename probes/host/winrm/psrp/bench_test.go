package psrp

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/host"
)

// The host's side of the wire, written from MS-PSRP without the code under test.

// wireGUID is an identity as .NET writes its bytes.
func wireGUID(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 {
		tb.Fatalf("%q: %v", text, err)
	}
	slices.Reverse(b[0:4])
	slices.Reverse(b[4:6])
	slices.Reverse(b[6:8])
	return b
}

const nobody = "00000000-0000-0000-0000-000000000000"

// bench is a host that sends what a test says, numbering its messages.
type bench struct {
	tb   testing.TB
	pool *Pool
	last uint64
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	return &bench{tb: tb, pool: New(Options{}), last: 40}
}

func (b *bench) message(of uint32, pipeline, data string) []byte {
	b.last++
	m := binary.LittleEndian.AppendUint32(nil, 1)
	m = binary.LittleEndian.AppendUint32(m, of)
	m = append(m, wireGUID(b.tb, b.pool.ID())...)
	m = append(m, wireGUID(b.tb, pipeline)...)
	return fragment(b.last, 0, whole, string(m)+"\xef\xbb\xbf"+data)
}

func capabilityOf(version string) string {
	return `<Obj RefId="0"><MS><Version N="protocolversion">` + version + `</Version>` +
		`<Version N="PSVersion">2.0</Version><Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>`
}

func poolState(state, reason string) string {
	return `<Obj RefId="100"><MS><I32 N="RunspaceState">` + state + `</I32>` + reason + `</MS></Obj>`
}

func runState(state, reason string) string {
	return `<Obj RefId="100"><MS><I32 N="PipelineState">` + state + `</I32>` + reason + `</MS></Obj>`
}

// because makes an error record the reason of a state.
func because(record string) string {
	return strings.Replace(record, `<Obj RefId="0">`, `<Obj N="ExceptionAsErrorRecord" RefId="0">`, 1)
}

func hostCallOf(method, name string) string {
	return `<Obj RefId="0"><MS><I64 N="ci">1</I64><Obj N="mi" RefId="1"><ToString>` + name + `</ToString>` +
		`<I32>` + method + `</I32></Obj></MS></Obj>`
}

// open opens the pool as a host of this version does.
func (b *bench) open(version string) *bench {
	b.tb.Helper()
	for _, stream := range [][]byte{
		b.message(0x00010002, nobody, capabilityOf(version)),
		slices.Concat(
			b.message(0x00021009, nobody, golden(b.tb, "private_data.xml")),
			b.message(0x00021005, nobody, poolState("2", ""))),
	} {
		if b.pool.Opened() {
			b.tb.Fatal("open too early")
		}
		if err := b.pool.Feed(stream); err != nil {
			b.tb.Fatal(err)
		}
	}
	if !b.pool.Opened() || b.pool.Version() != version {
		b.tb.Fatalf("not open, version %q", b.pool.Version())
	}
	return b
}

func (b *bench) ask(q host.Cmdlet) *Pipeline {
	b.tb.Helper()
	run, err := b.pool.Pipeline(q)
	if err != nil {
		b.tb.Fatal(err)
	}
	return run
}

func question() host.Cmdlet {
	return host.Cmdlet{
		Endpoint: "Microsoft.Exchange", Name: "Test-ServiceHealth", Switches: []string{"Detailed"},
		Params: map[string][]string{
			"Server": {"EX01\n_x"}, "List": {"a <b>", "$True", "$null"}, "Flag": {"$FALSE"}, "Null": {"$null"}, "None": {},
		},
		Properties: []string{"Role", "RequiredServicesRunning"},
	}
}

// sent is what our fragments in base64 hold: the message's header and its data.
func sent(tb testing.TB, fragments ...string) (header, data string) {
	tb.Helper()
	var messages []string
	d := &defragmenter{maxMessage: 1 << 20, maxStream: 1 << 20}
	for _, text := range fragments {
		stream, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			tb.Fatal(err)
		}
		got, err := joined(d, stream)
		if err != nil {
			tb.Fatal(err)
		}
		messages = append(messages, got...)
	}
	if len(messages) != 1 {
		tb.Fatalf("%d messages", len(messages))
	}
	return messages[0][:messageHeader], messages[0][messageHeader:]
}

// golden is a file's text without its line breaks, which are for the eye.
func golden(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\n", "")
}
