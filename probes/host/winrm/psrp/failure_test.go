package psrp

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
)

// record is an error record as MS-PSRP 2.2.2.20 shows one; id, category,
// exception, message and the rest of the extended properties are given.
func record(id, category, exception, message, rest string) string {
	return `<Obj RefId="0"><TN RefId="0"><T>System.Management.Automation.ErrorRecord</T><T>System.Object</T></TN>
<ToString>` + message + `</ToString><MS><Obj N="Exception" RefId="1"><TN RefId="1"><T>` + exception + `</T>
<T>System.SystemException</T><T>System.Exception</T><T>System.Object</T></TN>
<ToString>` + exception + `: ` + message + `</ToString>
<Props><S N="Message">` + message + `</S><Nil N="InnerException"/></Props></Obj><Nil N="TargetObject"/>
<S N="FullyQualifiedErrorId">` + id + `</S><Nil N="InvocationInfo"/>
<I32 N="ErrorCategory_Category">` + category + `</I32>
<B N="SerializeExtendedInfo">false</B>` + rest + `</MS></Obj>`
}

func TestErrorRecords(t *testing.T) {
	const parameterBinding = "System.Management.Automation.ParameterBindingException"
	for name, c := range map[string]struct {
		record string
		want   error
		line   string
	}{
		"no such command": {
			record("CommandNotFoundException", "13", "System.Management.Automation.CommandNotFoundException",
				"The term 'Get-Foo' is not recognized.", `<S N="ErrorCategory_TargetName">Get-Foo</S>`),
			host.ErrNoCommand, "no such command: The term 'Get-Foo' is not recognized.: CommandNotFoundException",
		},
		"the name in dots": {
			record("CommandNotFoundException", "13", "X", "a", `<S N="ErrorCategory_TargetName">Get-F...oo</S>`),
			host.ErrNoCommand, "no such command: a: CommandNotFoundException",
		},
		"a command that the command calls": {
			record("CommandNotFoundException", "13", "X", "a", `<S N="ErrorCategory_TargetName">Get-Bar</S>`),
			ErrFailed, "the command failed: a: CommandNotFoundException",
		},
		"no such parameter": {
			record("NamedParameterNotFound,Get-Foo", "5", parameterBinding, "No parameter matches 'Bar'.", ""),
			ErrParameter, "a parameter was refused: No parameter matches 'Bar'.: NamedParameterNotFound,Get-Foo",
		},
		"a parameter's value, by its reason alone": {
			`<Obj RefId="0"><MS><S N="FullyQualifiedErrorId">ParameterArgumentValidationError,Get-Foo</S>
			<S N="ErrorCategory_Reason">ParameterBindingValidationException</S><S N="ErrorCategory_Message">b</S></MS></Obj>`,
			ErrParameter, "a parameter was refused: b: ParameterArgumentValidationError,Get-Foo",
		},
		"access denied by category": {record("X,Get-Foo", "18", "System.Exception", "no", ""), ErrDenied, "access denied: no: X,Get-Foo"},
		"access denied by exception": {
			record("X", "0", "System.UnauthorizedAccessException", "no", ""), ErrDenied, "access denied: no: X",
		},
		"no language": {
			record("ScriptsNotAllowed", "17", "System.Management.Automation.ParseException", "The syntax is not supported.", ""),
			ErrNoLanguage, "the endpoint takes no script: The syntax is not supported.: ScriptsNotAllowed",
		},
		"stopped": {
			record("PipelineStopped", "14", "System.Management.Automation.PipelineStoppedException", "a", ""),
			ErrStopped, "the command was stopped: a: PipelineStopped",
		},
		"its details count more": {
			record("A", "0", "X", "a", `<S N="ErrorDetails_Message">b</S>`), ErrFailed, "the command failed: b: A",
		},
		"nothing in it": {`<Obj RefId="0"/>`, ErrFailed, "the command failed"},
		"a text":        {`<S>what</S>`, ErrFailed, "the command failed: what"},
		"lines and colours": {
			record("A_x000A_B", "0", "X", "one_x000D__x000A_ two_x001B_[31m _x202E_three", ""),
			ErrFailed, "the command failed: one two[31m three: A B",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := errorOf(mustDecode(t, c.record), "get-foo")
			if !errors.Is(e, c.want) {
				t.Errorf("got %v, want %v", e, c.want)
			}
			if got := e.Error(); got != c.line {
				t.Errorf("got %q, want %q", got, c.line)
			}
		})
	}
}

func TestErrorIsOneLine(t *testing.T) {
	for _, more := range []int{0, 12345} {
		e := errorOf(mustDecode(t, record("A", "0", "X", strings.Repeat("ü_x000A_", 100_000), "")), "")
		e.More = more
		text := e.Error()
		if utf8.RuneCountInString(text) > maxLine || strings.Contains(text, "\n") || !strings.Contains(text, "…") {
			t.Errorf("%d characters: %q", utf8.RuneCountInString(text), text)
		}
		if more > 0 && !strings.HasSuffix(e.Error(), " (and 12345 more)") {
			t.Errorf("%q", e.Error())
		}
	}
}

func TestLimit(t *testing.T) {
	for text, want := range map[string]string{"": "", "üüü": "üüü", "üüüü": "üü…"} {
		if got := markup.Cut(text, 3); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestStderr(t *testing.T) {
	const head = "#< CLIXML\r\n"
	const open = `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">`
	for name, c := range map[string]struct{ text, want string }{
		"plain text": {"The system cannot find it.\r\n", "The system cannot find it.\r\n"},
		"nothing":    {"", ""},
		"errors of several lines": {
			head + open + `<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Object</T></TN><MS>` +
				`<I64 N="SourceId">1</I64><PR N="Record"><AV>Preparing modules.</AV><Nil/><T>Completed</T></PR></MS></Obj><S S="Error">Get-Foo : no such thing_x000D__x000A_</S>` +
				`<S S="Error">At line:1 char:1_x000D__x000A_</S><S S="warning">careful</S></Objs>`,
			"Get-Foo : no such thing\r\nAt line:1 char:1\r\n",
		},
		"progress alone": {head + open + `<Obj S="progress" RefId="0"/></Objs>`, ""},
		"two blocks and words between": {
			"before\n" + head + open + `<S S="Error">a</S></Objs>` + "between\n" + head + open + `<S S="error">b</S></Objs>` + "\nafter",
			"before\nabetween\nb\nafter",
		},
		"two documents in a block":   {head + open + `<S S="Error">a</S></Objs>` + "\r\n" + open + `<S S="Error">b</S></Objs>`, "a\r\nb"},
		"words of another program":   {head + "not found\r\n" + open + `<S S="Error">a</S></Objs>`, "not found\r\na"},
		"one of two can be read":     {head + open + `<S S="Error">a</S></Objs>` + open + `</S></Objs>`, "a" + open + `</S></Objs>`},
		"another code page":          {head + open + "<S S=\"Error\">f\x81r</S></Objs>", "f\ufffdr"},
		"cut off":                    {head + open + `<S S="Error">a</S>`, head + open + `<S S="Error">a</S>`},
		"no document":                {head, head},
		"what cannot be read stays":  {head + open + `<S S="Error">&a;</S></Objs>`, head + open + `<S S="Error">&a;</S></Objs>`},
		"a head within what is said": {head + open + `<S S="Error">#&lt; CLIXML</S></Objs>`, "#< CLIXML"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Stderr(c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzStderr(f *testing.F) {
	f.Add("a#< CLIXML\r\n<Objs><S S=\"Error\">b</S></Objs>c")
	f.Add("#< CLIXML<Objs></Objs><Objs")
	f.Fuzz(func(t *testing.T, text string) {
		if got := Stderr(text); !strings.Contains(text, "#< CLIXML") && got != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}
