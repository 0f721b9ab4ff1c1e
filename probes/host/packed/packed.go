// Package packed is the payload that travels to powershell.exe in environment
// variables, and the line of answers that comes back.
//
// # To the host
//
// POSTPATCH_ID is random text that makes the markers of this run unique.
// POSTPATCH_0, POSTPATCH_1 and so on, in pieces of at most 30,000 characters,
// are base64 of gzip of this JSON in UTF-8:
//
//	{"version": 1,
//	 "script": "…",                                   runner.ps1
//	 "collectors": [{"name": "registry", "script": "…"}],   collect/<name>.ps1, those asked for
//	 "questions": [
//	   {"id": 0, "namespace": "root/cimv2", "query": "SELECT Name FROM Win32_Service", "columns": ["Name"], "most": 9},
//	   {"id": 1, "collector": "registry", "args": [{"name": "key", "values": ["HKLM\\…"]}]}]}
//
// POSTPATCH_SECONDS is after how many seconds no further question is begun: those
// that are left are answered with an error, and all that was asked is there.
// POSTPATCH_END is within how many seconds all has to be answered: what takes long and
// can be left by the collector, is left.
//
// The boot script (boot.ps1, the value of -EncodedCommand: base64 of UTF-16LE)
// is the same for every host and run: it unpacks the JSON and runs its script.
// A question is a query, a collector or an owner's own script, and the members of
// the others are there and empty; its id is its place in what was packed. A query
// that finds more instances than its most is answered with an error. A script
// travels among the collectors, and its question has "script", the name of its file,
// and "limit", the seconds that it may take; the arguments are its parameters, and
// the properties of the objects that it returns the cells.
//
// # From the host
//
// One line on standard output, whatever else is there:
//
//	#postpatch-begin:<POSTPATCH_ID>#<base64 of gzip of JSON>#postpatch-end:<POSTPATCH_ID>#
//
//	{"answers": [{"id": 0, "rows": [{"Name": "Spooler", "Null": null, "List": ["a", "b"]}], "error": "", "code": ""}]}
//
// A cell is a string, null, or a list of strings. Numbers are decimal, booleans
// true and false, times RFC 3339 in UTC. An error that is not empty means that
// this question could not be answered; its words are the host's, and its code is
// "class" for a class or namespace that is not there, "denied" for what the account
// may not, and empty for everything else.
//
// The collector registry takes key (one, "HKLM\SOFTWARE\…") and values (names).
// It answers one row with a cell for every name, null for an absent value, and
// no row at all when the key is absent. Asked for no values, it tells by a row
// without cells that the key is there, whatever is in it. The name "" is the
// key's own value. A REG_MULTI_SZ is a list of its texts, a REG_BINARY one of its
// bytes in decimal, and numbers have no sign (Microsoft.Win32.RegistryKey.GetValue).
//
// What the other collectors take and answer stands at the head of their scripts.
//
// # Scripts
//
// All of them know Windows PowerShell 5.1 and keep to the syntax of 3, run in strict
// mode, and change nothing on the host. Collectors may call Read-Part, Get-Cause,
// Read-Within and Wait-Shell of runner.ps1. Tests hold them to that: language_test.go to
// the language, cmdlets_test.go to commands and parameters that the oldest Windows
// has, traps_test.go to what PowerShell takes without a word. A collector is at most
// 8,000 characters without comments and indents.
package packed

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf16"

	"postpatch/probes/host"
)

//go:embed boot.ps1 feed.ps1 runner.ps1 collect/*.ps1
var scripts embed.FS

// The variables of the seconds after which no question is begun, and within which all
// has to be answered.
const (
	Limit = "POSTPATCH_SECONDS"
	End   = "POSTPATCH_END"
)

const (
	idVariable  = "POSTPATCH_ID"
	partPrefix  = "POSTPATCH_"
	partSize    = 30_000  // Windows ends a variable at 32,767
	maxParts    = 4       // so that Create stays below the oldest servers' envelope of 150 kB
	maxUnpacked = 1 << 20 // of a payload, as JSON
	maxAnswers  = 64 << 20
	version     = 1
)

// ErrNotOurs means that a command or its environment is not a packed payload.
var ErrNotOurs = errors.New("not a packed payload")

// ErrTooMuch means that questions do not fit into one payload.
var ErrTooMuch = errors.New("more than a host takes at once")

// Question is one question of a payload: a query or a collector. All of its members
// travel, since the runner's strict mode refuses to read one that is not there.
type Question struct {
	ID        int      `json:"id"`
	Namespace string   `json:"namespace"`
	Query     string   `json:"query"` // WQL
	Columns   []string `json:"columns"`
	Most      int      `json:"most"` // instances; 0 for any number
	Collector string   `json:"collector"`
	Args      []Arg    `json:"args"`
	// Script is the name of an owner's own script, whose text is the collector
	// that Collector names. Limit is how many seconds it may take.
	Script string `json:"script"`
	Limit  int    `json:"limit"`
}

// Arg is one argument of a collector. Arguments are a list and no object,
// because PowerShell's JSON reader refuses some names of members.
type Arg struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Arg returns the values of an argument of a collector.
func (q Question) Arg(name string) []string {
	for _, a := range q.Args {
		if a.Name == name {
			return a.Values
		}
	}
	return nil
}

// Marks stand around the answers on standard output.
type Marks struct{ Begin, End string }

// MarksOf returns the marks of a payload's environment.
func MarksOf(env map[string]string) Marks {
	id := env[idVariable]
	return Marks{Begin: "#postpatch-begin:" + id + "#", End: "#postpatch-end:" + id + "#"}
}

type payload struct {
	Version    int         `json:"version"`
	Script     string      `json:"script"`
	Collectors []collector `json:"collectors"`
	Questions  []Question  `json:"questions"`
}

type collector struct {
	Name   string `json:"name"`
	Script string `json:"script"`
}

// Packer packs for the hosts of a run, most of which are asked the same, and unpacks
// what they answer: it keeps what it has packed and what many say. A nil Packer keeps
// nothing. It may be used by several goroutines.
type Packer struct {
	mu   sync.Mutex
	kept map[string]string // packed text by the questions in it
	boot string            // once it was encoded

	readers []*reader // that nobody uses now
	rows    rows
}

// mostKept is how many texts a Packer keeps; each has at most 120,000 characters.
const mostKept = 64

// Pack is new(Packer).Pack.
func Pack(questions []host.Question) (env map[string]string, boot string, err error) {
	return (*Packer)(nil).Pack(questions)
}

// Pack makes the environment and the -EncodedCommand value that put questions
// to a host. A collector that this program does not have is sent along and
// answered with an error by the host.
func (k *Packer) Pack(questions []host.Question) (env map[string]string, boot string, err error) {
	text, err := k.payload(questions)
	if err != nil {
		return nil, "", fmt.Errorf("packing %d questions: %w", len(questions), err)
	}
	if len(text) > maxParts*partSize {
		return nil, "", fmt.Errorf("packing %d questions: %w: %d characters, over %d",
			len(questions), ErrTooMuch, len(text), maxParts*partSize)
	}
	env = map[string]string{idVariable: rand.Text()}
	for i := 0; len(text) > 0; i++ {
		part := text[:min(partSize, len(text))]
		text = text[len(part):]
		env[partPrefix+strconv.Itoa(i)] = part
	}
	return env, k.command(), nil
}

// payload packs, unless the same questions were packed already: the scripts
// follow from them.
func (k *Packer) payload(questions []host.Question) (string, error) {
	asked := make([]Question, 0, len(questions))
	for i, q := range questions {
		if q, travels := questionOf(i, q); travels {
			asked = append(asked, q)
		}
	}
	if k == nil {
		return compress(payloadOf(questions, asked))
	}
	key, err := json.Marshal(asked)
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if text, found := k.kept[string(key)]; found {
		return text, nil
	}
	text, err := compress(payloadOf(questions, asked))
	if err != nil {
		return "", err
	}
	if k.kept == nil || len(k.kept) >= mostKept {
		k.kept = map[string]string{}
	}
	k.kept[string(key)] = text
	return text, nil
}

// command is the value of -EncodedCommand, the same for all.
func (k *Packer) command() string {
	if k == nil {
		return EncodeCommand(script("boot.ps1"))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.boot == "" {
		k.boot = EncodeCommand(script("boot.ps1"))
	}
	return k.boot
}

// Unpack reads what Pack made. Its error wraps ErrNotOurs when the command is
// another one.
func Unpack(env map[string]string, encodedCommand string) ([]Question, Marks, error) {
	if encodedCommand != EncodeCommand(script("boot.ps1")) || env[idVariable] == "" {
		return nil, Marks{}, ErrNotOurs
	}
	var text strings.Builder
	for i := range maxParts {
		text.WriteString(env[partPrefix+strconv.Itoa(i)])
	}
	var p payload
	if err := decompress(text.String(), maxUnpacked, &p); err != nil {
		return nil, Marks{}, fmt.Errorf("unpacking questions: %w", err)
	}
	if p.Version != version {
		return nil, Marks{}, fmt.Errorf("unpacking questions: version %d, want %d", p.Version, version)
	}
	return p.Questions, MarksOf(env), nil
}

// questionOf writes a question as it travels.
func questionOf(id int, q host.Question) (asked Question, travels bool) {
	switch q := q.(type) {
	case host.WQL:
		namespace := cmp.Or(q.Namespace, "root/cimv2")
		return Question{
			ID: id, Namespace: strings.ReplaceAll(namespace, `\`, "/"), Query: Query(q), Columns: q.Columns, Most: q.Most,
		}, true
	case host.Collector:
		return Question{ID: id, Collector: q.Name, Args: argsOf(q.Args)}, true
	case host.Script:
		return Question{
			ID: id, Collector: nameOf(q), Script: q.Name, Args: argsOf(q.Args), Most: q.Most,
			Limit: max(1, int(q.Limit/time.Second)),
		}, true
	}
	return Question{}, false
}

// nameOf is the collector that an owner's script travels as.
func nameOf(s host.Script) string { return "script " + s.Digest() }

// payloadOf brings along the scripts of what is asked.
func payloadOf(questions []host.Question, asked []Question) payload {
	p := payload{Version: version, Script: script("runner.ps1"), Collectors: []collector{}, Questions: asked}
	for _, q := range questions {
		switch q := q.(type) {
		case host.Collector:
			p.bring(q.Name, script("collect/"+q.Name+".ps1"))
		case host.Script:
			p.bring(nameOf(q), q.Text)
		}
	}
	return p
}

func argsOf(args map[string][]string) []Arg {
	var all []Arg
	for _, name := range slices.Sorted(maps.Keys(args)) {
		all = append(all, Arg{Name: name, Values: append([]string{}, args[name]...)})
	}
	return all
}

// bring sends a script along, once.
func (p *payload) bring(name, text string) {
	have := slices.ContainsFunc(p.Collectors, func(c collector) bool { return c.Name == name })
	if text != "" && !have {
		p.Collectors = append(p.Collectors, collector{Name: name, Script: text})
	}
}

// Query writes a question as WQL.
func Query(q host.WQL) string {
	text := "SELECT " + strings.Join(q.Columns, ",") + " FROM " + q.Class
	if q.Where != "" {
		text += " WHERE " + q.Where
	}
	return text
}

// script returns an embedded script as it is sent, or nothing when there is no
// such script.
func script(name string) string {
	text, err := scripts.ReadFile(name)
	if err != nil {
		return ""
	}
	return strip(string(text))
}

// strip leaves out of a script its comment lines, blank lines and indents.
func strip(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// EncodeCommand makes the value of -EncodedCommand of a script: base64 of UTF-16LE.
func EncodeCommand(text string) string {
	var raw []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		raw = binary.LittleEndian.AppendUint16(raw, unit)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func compress(v any) (string, error) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if err := json.NewEncoder(zip).Encode(v); err != nil {
		return "", err
	}
	if err := zip.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}

// decompress reads what compress wrote into v, and no more than limit bytes of
// JSON.
func decompress(text string, limit int64, v any) error {
	unzip, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(io.LimitReader(unzip, limit+1))
	if err != nil {
		return err
	}
	if int64(len(plain)) > limit {
		return fmt.Errorf("more than %d bytes", limit)
	}
	return json.Unmarshal(plain, v)
}
