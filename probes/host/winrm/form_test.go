package winrm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"
)

// What is made by a form is what the library makes, but for the message's identity.
func TestForms(t *testing.T) {
	const url = `http://h:5985/wsman?a&b`
	const odd = `a{{3}}&"<ü`
	s := &Session{url: url, options: Options{Forms: new(Forms)}}
	env := map[string]string{"P1": "abc=", "A": odd, "B": ""}
	sh := &shell{session: s, id: escape(odd), command: escape("{{1}}")}
	made := func(name string) message {
		m := s.begin(actCreate, cmdShell,
			soap.NewHeaderOption("WINRS_NOPROFILE", "TRUE"), soap.NewHeaderOption("WINRS_CODEPAGE", "65001"))
		shell := m.CreateBodyElement("Shell", soap.DOM_NS_WIN_SHELL)
		shell.SetAttr("ShellId", name)
		environment := m.CreateElement(shell, "Environment", soap.DOM_NS_WIN_SHELL)
		for _, name := range []string{"A", "B", "P1"} {
			variable := m.CreateElement(environment, "Variable", soap.DOM_NS_WIN_SHELL)
			variable.SetAttr("Name", escape(name))
			variable.SetContent(escape(env[name]))
		}
		m.CreateElement(shell, "IdleTimeOut", soap.DOM_NS_WIN_SHELL).SetContent(idleShell)
		m.CreateElement(shell, "InputStreams", soap.DOM_NS_WIN_SHELL).SetContent(shellStdin)
		m.CreateElement(shell, "OutputStreams", soap.DOM_NS_WIN_SHELL).SetContent(shellStdout)
		return m
	}
	for name, pair := range map[string][2]func() message{
		"create": {func() message { return s.createShell("NAME", env) }, func() message { return made("NAME") }},
		"start": {func() message { return sh.start("c=") }, func() message {
			return winrm.NewExecuteCommandRequest(escape(url), sh.id, "powershell.exe",
				[]string{"-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand", "c="},
				parameters(operation))
		}},
		"ask": {sh.ask, func() message {
			return winrm.NewGetOutputRequest(escape(url), sh.id, sh.command, shellStdout, parameters(poll))
		}},
		"delete": {sh.deletion, func() message { return winrm.NewDeleteShellRequest(escape(url), sh.id, parameters(operation)) }},
	} {
		known := map[string]bool{}
		for _, forms := range []*Forms{s.options.Forms, s.options.Forms, nil} {
			s.options.Forms = forms
			want, got := pair[1]().String(), pair[0]().String()
			id := between(got, "MessageID>", "<")
			if known[id] || len(id) != len("uuid:")+36 {
				t.Errorf("%s: the identity %q", name, id)
			}
			known[id] = true
			want = strings.Replace(want, between(want, "MessageID>", "<"), id, 1)
			// The library writes an empty element so, and nobody asks for the difference.
			want = strings.ReplaceAll(want, `<rsp:Variable Name="B"/>`, "<rsp:Variable Name=\"B\"></rsp:Variable>\n")
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
		}
		s.options.Forms = new(Forms)
	}
}

func BenchmarkMessages(b *testing.B) {
	for name, forms := range map[string]*Forms{"forms": new(Forms), "each anew": nil} {
		b.Run(name, func(b *testing.B) {
			s := &Session{url: "http://h:5985/wsman", options: Options{Forms: forms}}
			sh := &shell{session: s, id: "A-1", command: "B-2"}
			env := map[string]string{"P1": strings.Repeat("abcd", 1000)}
			b.ReportAllocs()
			for b.Loop() {
				for _, m := range []message{s.createShell("A-1", env), sh.start("c="), sh.ask(), sh.deletion()} {
					if m.String() == "" {
						b.Fatal("nothing")
					}
				}
			}
		})
	}
}
