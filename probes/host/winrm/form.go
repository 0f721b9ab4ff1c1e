package winrm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"
)

// Forms are the messages of which every visit has the same, but for what is a host's own.
// The library makes each once, with holes, and every host's is made by filling them: its tree
// of elements for each message was a twelfth of what a host's memory came to. The zero
// value has none yet; several sessions may use it.
type Forms struct {
	mu   sync.Mutex
	made map[string][]string // pieces; every second one is the number of a hole
}

// filled is a form that was filled in.
type filled string

func (f filled) String() string { return string(f) }

// The holes of forms, in the order of what fills them; that of the message's identity is
// always the first.
const (
	holeID = iota
	holeURL
	holeShell
	holeLast // what the message is about
)

const holeOpen, holeClose = "{{", "}}" // are in no message of ours, but for what fills holes

func hole(number int) string { return holeOpen + strconv.Itoa(number) + holeClose }

// fill makes a message by its form.
func (f *Forms) fill(name string, blank func() message, values ...string) message {
	pieces := f.pieces(name, blank)
	values = append([]string{messageID()}, values...)
	var b strings.Builder
	length := 0
	for _, p := range pieces {
		length += len(p)
	}
	for _, v := range values {
		length += len(v)
	}
	b.Grow(length)
	for i, p := range pieces {
		if i%2 == 1 {
			n, _ := strconv.Atoi(p) // as hole wrote it
			p = values[n]
		}
		b.WriteString(p)
	}
	return filled(b.String())
}

func (f *Forms) pieces(name string, blank func() message) []string {
	if f == nil {
		return cut(blank())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.made == nil {
		f.made = map[string][]string{}
	}
	if f.made[name] == nil {
		f.made[name] = cut(blank())
	}
	return f.made[name]
}

// cut cuts a message at its holes.
func cut(m message) []string {
	text := m.String()
	text = strings.Replace(text, between(text, "MessageID>", "<"), hole(holeID), 1)
	var pieces []string
	for {
		before, rest, found := strings.Cut(text, holeOpen)
		pieces = append(pieces, before)
		if !found {
			return pieces
		}
		number, after, _ := strings.Cut(rest, holeClose)
		pieces, text = append(pieces, number), after
	}
}

// createShell asks for a shell whose environment carries the payload. The
// library's own Create loads the user's profile and sets no variables.
// The shell's name is a hint, which servers since 2012 take.
func (s *Session) createShell(name string, env map[string]string) message {
	var variables strings.Builder
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&variables, "<rsp:Variable Name=\"%s\">%s</rsp:Variable>\n", escape(name), escape(env[name]))
	}
	return s.options.Forms.fill("create", blankShell, escape(s.url), name, variables.String())
}

func blankShell() message {
	m := headed(hole(holeURL), actCreate, cmdShell, func(h *soap.SoapHeader) {
		h.AddOption(soap.NewHeaderOption("WINRS_NOPROFILE", "TRUE"))
		h.AddOption(soap.NewHeaderOption("WINRS_CODEPAGE", "65001"))
	})
	shell := m.CreateBodyElement("Shell", soap.DOM_NS_WIN_SHELL)
	shell.SetAttr("ShellId", hole(holeShell))
	// The schema is a sequence: the order counts.
	m.CreateElement(shell, "Environment", soap.DOM_NS_WIN_SHELL).SetContent(hole(holeLast))
	m.CreateElement(shell, "IdleTimeOut", soap.DOM_NS_WIN_SHELL).SetContent(idleShell)
	m.CreateElement(shell, "InputStreams", soap.DOM_NS_WIN_SHELL).SetContent(shellStdin)
	m.CreateElement(shell, "OutputStreams", soap.DOM_NS_WIN_SHELL).SetContent(shellStdout)
	return m
}

// start runs a script, which is encoded, in a PowerShell of its own.
func (sh *shell) start(encoded string) message {
	return sh.session.options.Forms.fill("start", func() message {
		return winrm.NewExecuteCommandRequest(hole(holeURL), hole(holeShell), "powershell.exe",
			[]string{"-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand", hole(holeLast)},
			parameters(operation))
	}, escape(sh.session.url), sh.id, encoded)
}

// ask asks for a command's output.
func (sh *shell) ask() message {
	return sh.session.options.Forms.fill("ask", func() message {
		return winrm.NewGetOutputRequest(hole(holeURL), hole(holeShell), hole(holeLast), shellStdout, parameters(poll))
	}, escape(sh.session.url), sh.id, sh.command)
}

// deletion ends a shell.
func (sh *shell) deletion() message {
	return sh.session.options.Forms.fill("delete", func() message {
		return winrm.NewDeleteShellRequest(hole(holeURL), hole(holeShell), parameters(operation))
	}, escape(sh.session.url), sh.id)
}
