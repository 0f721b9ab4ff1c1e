package estate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
)

func TestPowerShell(t *testing.T) {
	e, err := estate.Parse("f", []byte(`
estate: a
hosts:
  h:
    winrm: {}
    powershell:
      Microsoft.Exchange:
        path: /PowerShell/
        cmdlets:
          Test-X: {parameters: [Server], rows: [{A: {enum: B, value: 1}, C: [{tag: TS, text: PT1S}]}, text], error: oh}
      JEA: {language: restricted}
states:
  before:
  healthy: {h: {powershell: {Microsoft.Exchange: {cmdlets: {Test-X: {error: null, rows: []}}}}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	before, healthy := e.Hosts("before")[0], e.Hosts("healthy")[0]
	want := estate.Cmdlet{
		Parameters: []string{"Server"}, Error: "oh",
		Rows: []any{
			map[string]any{
				"A": map[string]any{"enum": "B", "value": 1}, "C": []any{map[string]any{"tag": "TS", "text": "PT1S"}},
			}, "text",
		},
	}
	if diff := cmp.Diff(want, before.PowerShell["Microsoft.Exchange"].Cmdlets["Test-X"]); diff != "" {
		t.Error(diff)
	}
	want.Error, want.Rows = "", []any{}
	if diff := cmp.Diff(want, healthy.PowerShell["Microsoft.Exchange"].Cmdlets["Test-X"]); diff != "" {
		t.Error(diff)
	}
	exchange, jea := before.PowerShell["Microsoft.Exchange"], before.PowerShell["JEA"]
	for _, test := range []struct {
		got, want bool
		what      string
	}{
		{exchange.OnWeb(), true, "Exchange is on the web"},
		{exchange.At("/powershell"), true, "neither case nor the last slash matter"},
		{exchange.At("/wsman"), false, "Exchange is not at /wsman"},
		{jea.OnWeb(), false, "JEA is WinRM's"},
		{jea.At("/WSMAN"), true, "JEA is at /wsman"},
		{before.Directory(""), true, "the host has a directory"},
		{before.Directory("/PowerShell/"), true, "it is this one"},
		{before.Directory("/owa"), false, "it is not that one"},
		{before.Directory("/wsman"), false, "WinRM is no directory"},
	} {
		if test.got != test.want {
			t.Errorf("it does not hold that %s", test.what)
		}
	}
}

func TestPowerShellProblems(t *testing.T) {
	for name, test := range map[string]struct{ powershell, want string }{
		"unknown key":       {"{E: {cmdlet: {}}}", `f:5:22: unknown key "cmdlet"`},
		"unknown language":  {"{E: {language: some}}", `f:5:32: want none, restricted, full, got "some"`},
		"no mapping":        {"[E]", "f:5:17: want a mapping"},
		"a bad name":        {"{E/x: {}}", `f:5:18: powershell: "E/x" is no name`},
		"a relative path":   {"{E: {path: PowerShell}}", `f:5:28: path: want one that begins with /`},
		"negative pieces":   {"{E: {pieces: -1}}", `f:5:30: pieces: want a number of bytes`},
		"two of one name":   {"{E: {}, e: {}}", `f:5:25: "E" and "e" are one to PowerShell`},
		"a cmdlet twice":    {"{E: {cmdlets: {Get-X: {}, get-x: {}}}}", `f:5:43: "Get-X" and "get-x" are one`},
		"no command":        {"{E: {cmdlets: {'a;b': {}}}}", `f:5:32: cmdlets: "a;b" is no name of a command`},
		"an unknown call":   {"{E: {cmdlets: {a: {host_call: Beep}}}}", `f:5:47: want SetShouldExit, WriteLine2`},
		"rows that are not": {"{E: {cmdlets: {a: {rows: {b: c}}}}}", `f:5:42: want a list`},
		"an unknown tag":    {"{E: {cmdlets: {a: {rows: [{b: {tag: X, text: y}}]}}}}", `f:5:53: tag: want one of S, C`},
		"a strange enum":    {"{E: {cmdlets: {a: {rows: [[{enum: X, number: 1}]]}}}}", `f:5:54: a value with "enum" has no "number"`},
		"a strange object":  {"{E: {cmdlets: {a: {rows: [{string: X, text: 1}]}}}}", `f:5:55: a value with "string" has no "text"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := estate.Parse("f", []byte("estate: a\nhosts:\n  h:\n    winrm: {}\n    powershell: "+test.powershell))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s…", err, test.want)
			}
		})
	}
	_, err := estate.Parse("f", []byte("estate: a\nhosts: {h: {powershell: {E: {}}}}"))
	if err == nil || !strings.HasPrefix(err.Error(), "f:2:25: powershell: the host has no winrm") {
		t.Errorf("without WinRM: %v", err)
	}
}
