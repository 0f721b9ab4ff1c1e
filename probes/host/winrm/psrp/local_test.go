package psrp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
)

// serialized is how PSSerializer writes a custom object: indented, in a root.
func serialized(properties string) string {
	return "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\r\n" +
		"  <Obj RefId=\"0\">\r\n" +
		"    <TN RefId=\"0\">\r\n      <T>System.Management.Automation.PSCustomObject</T>\r\n      <T>System.Object</T>\r\n" +
		"    </TN>\r\n    <MS>\r\n      " + properties + "\r\n    </MS>\r\n  </Obj>\r\n</Objs>"
}

func problemOf(id, message, exception string) string {
	return serialized(fmt.Sprintf(`<S N="FullyQualifiedErrorId">%s</S><I32 N="ErrorCategory_Category">0</I32>`+
		`<S N="ErrorCategory_TargetName">Get-Q</S><S N="ErrorDetails_Message"></S><Obj N="Exception" RefId="1"><TN RefId="1">`+
		`<T>%s</T><T>System.Exception</T></TN><MS><S N="Message">%s</S></MS></Obj>`, id, exception, message))
}

func TestAnswerOf(t *testing.T) {
	q := host.Cmdlet{Name: "Get-Q", Properties: []string{"status", "Age"}}
	object := Written{Output, serialized("<S N=\"Status\">Ready\u00e9_x000A_</S>\r\n      <TS N=\"Age\">PT1.5S</TS>")}
	rows := []host.Row{{"Status": {Text: "Ready\u00e9\n"}, "Age": {Text: "PT1.5S"}}}
	problem := Written{Problem, problemOf("A,Get-Q", "one", "System.UnauthorizedAccessException")}
	for name, c := range map[string]struct {
		written []Written
		rows    []host.Row
		is      error
		line    string
	}{
		"an object":           {[]Written{object, {Done, ""}}, rows, nil, ""},
		"nothing":             {[]Written{{Done, ""}}, nil, nil, ""},
		"an error beside":     {[]Written{problem, object, problem, {Done, ""}}, rows, ErrDenied, "access denied: one: A,Get-Q (and 1 more)"},
		"an error at the end": {[]Written{object, problem, {Failed, problemOf("B", "two", "X")}}, nil, ErrFailed, "the command failed: two: B (and 1 more)"},
		"no such command":     {[]Written{{Missing, ""}}, nil, host.ErrNoCommand, "no such command: CommandNotFoundException"},
		"a command within it that is not there": {
			[]Written{{Failed, strings.Replace(problemOf("CommandNotFoundException", "m", "X"), ">Get-Q<", ">Get-R<", 1)}},
			nil,
			ErrFailed, "the command failed: m: CommandNotFoundException",
		},
		"no end":             {[]Written{object}, nil, ErrUnfinished, ""},
		"more after the end": {[]Written{{Done, ""}, object}, nil, ErrMalformed, ""},
		"two objects in one": {[]Written{{Output, "<Objs><S>a</S><S>b</S></Objs>"}, {Done, ""}}, nil, ErrMalformed, ""},
		"no record":          {[]Written{{Failed, ""}}, nil, ErrMalformed, ""},
		"another stream":     {[]Written{{"verbose", object.CLIXML}, {Done, ""}}, nil, ErrMalformed, ""},
	} {
		got := AnswerOf(q, c.written)
		if d := cmp.Diff(c.rows, got.Rows); d != "" || !errors.Is(got.Err, c.is) || (got.Err == nil) != (c.is == nil) {
			t.Errorf("%s: %v (-want +got):\n%s", name, got.Err, d)
		}
		if c.line != "" && got.Err.Error() != c.line {
			t.Errorf("%s: %q, want %q", name, got.Err, c.line)
		}
	}
}

func TestTyped(t *testing.T) {
	for value, want := range map[string]string{
		"EX01": "S EX01", "": "S ", "$true": "B true", "$FALSE": "B false", "$Null": "N", " $true": "S  $true", "N": "S N",
	} {
		if got := Typed(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func FuzzAnswerOf(f *testing.F) {
	f.Add(serialized(`<S N="a">b</S>`), problemOf("A", "b", "C"))
	f.Add("<Nil />", "<Objs></Objs>")
	f.Fuzz(func(t *testing.T, object, problem string) {
		got := AnswerOf(host.Cmdlet{Name: "Get-Q", Properties: []string{"a", "Value"}}, []Written{
			{Output, object}, {Problem, problem}, {Done, ""},
		})
		if got.Err == nil {
			t.Error("an error record is no error")
		} else if strings.ContainsFunc(got.Err.Error(), markup.IsControl) {
			t.Errorf("%q is no clean line", got.Err)
		}
	})
}
