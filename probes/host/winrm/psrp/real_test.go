//go:build real

package psrp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/psrp"
)

// codec is pypsrp, in a Python that POSTPATCH_PYPSRP_PYTHON names.
type codec struct{ python string }

func newCodec(t *testing.T) codec {
	t.Helper()
	python := os.Getenv("POSTPATCH_PYPSRP_PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import pypsrp").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s has no pypsrp, name one in POSTPATCH_PYPSRP_PYTHON: %v\n%s", python, err, out)
		}
		t.Skipf("%s has no pypsrp, name one in POSTPATCH_PYPSRP_PYTHON", python)
	}
	return codec{python}
}

// ask has pypsrp decode what we sent, and returns its description and the
// streams of the conversation that we name.
func (c codec) ask(t *testing.T, request map[string]any) (sent []map[string]any, replies [][]byte) {
	t.Helper()
	in, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), c.python, "-W", "ignore", "testdata/codec.py")
	var stderr bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(in), &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("pypsrp: %v\n%s", err, &stderr)
	}
	var answer struct {
		Sent    []map[string]any
		Replies []string
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, text := range answer.Replies {
		stream, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, stream)
	}
	return answer.Sent, replies
}

// opened is a pool that pypsrp's host has opened.
func (c codec) opened(t *testing.T) *psrp.Pool {
	t.Helper()
	pool := psrp.New(psrp.Options{FragmentSize: 700})
	sent, replies := c.ask(t, map[string]any{
		"pool": pool.ID(), "sent": []string{pool.Creation()}, "replies": "opening",
	})
	id, nobody := strings.ToLower(pool.ID()), "00000000-0000-0000-0000-000000000000"
	want := []map[string]any{
		{"type": 0x10002p0, "to": 2.0, "pool": id, "pipeline": nobody, "versions": []any{"2.3", "2.0", "1.1.0.1"}},
		{
			"type": 0x10004p0, "to": 2.0, "pool": id, "pipeline": nobody, "runspaces": []any{1.0, 1.0},
			"enums": []any{0.0, 2.0}, "arguments": nil, "host": []any{true, true, true, true},
		},
	}
	if d := cmp.Diff(want, sent); d != "" {
		t.Errorf("the opening as pypsrp reads it (-want +got):\n%s", d)
	}
	for _, stream := range replies {
		if err := pool.Feed(stream); err != nil {
			t.Fatal(err)
		}
	}
	if !pool.Opened() || pool.Version() != "2.3" || pool.Notes().PowerShell != "5.1.20348.1" {
		t.Fatalf("opened %t, %q, %+v", pool.Opened(), pool.Version(), pool.Notes())
	}
	return pool
}

func TestPypsrp(t *testing.T) {
	c := newCodec(t)
	pool := c.opened(t)
	const odd = "EX01\r\n_x0041_ \U0001F600 <&>\x00"
	run, err := pool.Pipeline(host.Cmdlet{
		Name: "Test-ServiceHealth", Switches: []string{"Detailed"},
		Params: map[string][]string{"Server": {odd}, "List": {"a", "b"}, "Flag": {"$true"}, "Null": {"$null"}},
		Properties: []string{
			"name", "Count", "Big", "Half", "On", "Nothing", "Id", "Bytes", "Site", "Version", "Letter", "Roles", "Empty",
			"Map", "Server", "pscomputername", "Value", "Absent",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Rest()) == 0 {
		t.Error("the command is in one fragment: the test wants several")
	}
	sent, replies := c.ask(t, map[string]any{
		"pool": pool.ID(), "pipeline": run.ID(), "sent": append([]string{run.Argument()}, run.Rest()...), "replies": "running",
	})
	want := []map[string]any{{
		"type": 0x21006p0, "to": 2.0, "pool": strings.ToLower(pool.ID()), "pipeline": strings.ToLower(run.ID()),
		"flags": []any{true, false, false, false}, "options": 0.0,
		"host": []any{true, true, true, true},
		"commands": []any{map[string]any{
			"name": "Test-ServiceHealth", "script": false, "scope": nil,
			"merges": []any{0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0},
			"arguments": []any{
				[]any{"Flag", true},
				[]any{"List", []any{"a", "b"}},
				[]any{"Null", nil},
				[]any{"Server", odd},
				[]any{"Detailed", true},
			},
		}},
	}}
	if d := cmp.Diff(want, sent); d != "" {
		t.Errorf("the command as pypsrp reads it (-want +got):\n%s", d)
	}
	for _, stream := range replies {
		if err := run.Feed(stream); err != nil {
			t.Fatal(err)
		}
	}
	rows := []host.Row{
		{
			"Name": {Text: "line one\r\nline two _x0041_ \U0001F600 ü <&>"}, "Count": {Text: "7"},
			"Big": {Text: "18446744073709551615"}, "Half": {Text: "0.5"}, "On": {Text: "true"}, "Nothing": {Null: true},
			"Id": {Text: "792e5b37-4505-47ef-b7d2-8711bb7affa8"}, "Bytes": {Text: "AQID"},
			"Site": {Text: "http://example.org/?a=1&b=2"}, "Version": {Text: "15.2.1544.4"}, "Letter": {Text: "A"},
			"Roles": {List: []string{"a", "b", ""}}, "Empty": {List: []string{}}, "Map": {Text: "@{k=1}"},
			"Server": {Text: "EX01"}, "PSComputerName": {Text: "ex01"},
		},
		{"Value": {Text: "a text"}},
	}
	answer := run.Answer()
	if d := cmp.Diff(rows, answer.Rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	var told *psrp.Error
	const line = "the command failed: half of it [31mfailed badly: Lab"
	if !errors.As(answer.Err, &told) || told.Terminating || told.Error() != line {
		t.Errorf("told %v", answer.Err)
	}
	if notes := run.Notes(); notes.FirstWarning != "slow" || notes.HostCalls != 1 {
		t.Errorf("notes %+v", notes)
	}
}

func TestPypsrpMissesACommand(t *testing.T) {
	c := newCodec(t)
	pool := c.opened(t)
	run, err := pool.Pipeline(host.Cmdlet{Name: "Test-ServiceHealth", Properties: []string{"Role"}})
	if err != nil {
		t.Fatal(err)
	}
	_, replies := c.ask(t, map[string]any{
		"pool": pool.ID(), "pipeline": run.ID(), "sent": []string{}, "replies": "missing",
	})
	for _, stream := range replies {
		if err := run.Feed(stream); err != nil {
			t.Fatal(err)
		}
	}
	if err := run.Err(); !run.Done() || !errors.Is(err, host.ErrNoCommand) {
		t.Errorf("done %t, %v", run.Done(), err)
	}
}
