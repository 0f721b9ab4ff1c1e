// Package linux answers the questions that kinds ask of Windows on a Linux host, as far
// as there is an answer: one script of the plain shell tells what systemd, the package
// manager and the kernel's own files say, and its text becomes the rows that CIM would
// give.
//
// What a host has no counterpart of is answered with host.ErrNoClass, and a part of the
// script that failed costs the questions that need it and no others. Rows hold, beside
// what was asked for, OSType 36 (LINUX, of CIM_OperatingSystem) and the like, by which a
// kind sees where it is.
package linux

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
)

//go:embed script.sh
var script string

// Command runs the script, which comes on standard input, from whatever shell an account
// has.
const Command = "sh"

// ErrNoAnswers means that standard output has none of the script's marks, or not the last
// one: it did not run, or not to its end.
var ErrNoAnswers = errors.New("no answers in the output")

// part is one part of the script.
type part string

// The parts.
const (
	partSystem    part = "system"
	partClock     part = "clock"
	partIdentity  part = "identity"
	partHardware  part = "hardware"
	partUnits     part = "units"
	partUnitFiles part = "unitfiles"
	partVolumes   part = "volumes"
	partPorts     part = "ports"
	partOwners    part = "owners"
	partProcesses part = "processes"
	partPackages  part = "packages"
	partReboot    part = "reboot"
)

// Script is the script's text for some questions, and the marks of its answers.
func Script(questions []host.Question) (text string, marks Marks) {
	parts := []string{string(partSystem)}
	for _, q := range questions {
		for _, p := range needs(q) {
			if !slices.Contains(parts, string(p)) {
				parts = append(parts, string(p))
			}
		}
	}
	marks = Marks{id: "postpatch-" + rand.Text()}
	var b strings.Builder
	fmt.Fprintf(&b, "id=%s\nparts=%q\n", marks.id, strings.Join(parts, " "))
	for line := range strings.Lines(script) {
		if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			b.WriteString(line)
		}
	}
	return b.String(), marks
}

// Marks stand around what a host tells.
type Marks struct{ id string }

// Told is what a host has told, by the part.
type Told struct{ parts map[part]section }

// section is what one part has told.
type section struct {
	lines []string
	err   error
}

// What a host may tell of one thing, so that a hostile one fills no memory.
const (
	mostLines = 100_000 // of a part
	longest   = 16 << 10
)

// Read takes the output apart. Its error wraps ErrNoAnswers where the script did not run
// to its end; whatever stands before it, or between the parts, is no answer.
func Read(marks Marks, output []byte) (Told, error) {
	told := Told{parts: map[part]section{}}
	prefix := []byte("#" + marks.id + " ")
	var at part
	var now section
	for len(output) > 0 {
		line, rest, _ := bytes.Cut(output, []byte("\n"))
		output = rest
		line = bytes.TrimRight(line, "\r")
		mark, is := bytes.CutPrefix(line, prefix)
		words := strings.SplitN(string(mark), " ", 4)
		switch {
		case is && words[0] == "done":
			return told, nil
		case is && words[0] == "begin" && len(words) == 2:
			at, now = part(words[1]), section{}
		case is && words[0] == "end" && len(words) >= 3 && part(words[1]) == at && at != "":
			now.err = failure(words[2], slices.Concat(words[3:], []string{""})[0], now.err)
			told.parts[at], at = now, ""
		case at != "":
			now.add(line)
		}
	}
	return told, ErrNoAnswers
}

func (s *section) add(line []byte) {
	switch {
	case s.err != nil:
	case len(s.lines) == mostLines:
		s.err = fmt.Errorf("it told more than %d lines", mostLines)
	case len(line) > longest:
		s.err = fmt.Errorf("it told a line of %d characters", len(line))
	default:
		s.lines = append(s.lines, strings.ToValidUTF8(string(line), "\uFFFD"))
	}
}

// exitLacks is the exit code of a part that the host does not have, exitTime that of
// timeout.
const (
	exitLacks = "69"
	exitTime  = "124"
)

// failure is why a part failed; nil where it did not.
func failure(code, words string, before error) error {
	words = markup.Line(words)
	switch {
	case before != nil:
		return before
	case code == "0":
		return nil
	case code == exitLacks:
		return fmt.Errorf("%w: %s", host.ErrNoClass, words)
	case code == exitTime:
		return errors.New("the host took more than 40 s to tell it")
	case words == "":
		return fmt.Errorf("exit code %s, without a word", markup.Line(code))
	}
	if strings.Contains(words, "Permission denied") {
		return fmt.Errorf("%w: %s", host.ErrDenied, words)
	}
	return errors.New(words)
}

// of returns the lines of a part that are not empty.
func (t Told) of(p part) ([]string, error) {
	lines, err := t.all(p)
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return line == "" }), err
}

// all returns every line of a part.
func (t Told) all(p part) ([]string, error) {
	s, there := t.parts[p]
	switch {
	case !there:
		return nil, fmt.Errorf("the host told nothing of its %s", p)
	case s.err != nil:
		return nil, s.err
	}
	return s.lines, nil
}

// setting is the value of a line NAME=value of a part, without quotes.
func (t Told) setting(p part, name string) string {
	for _, line := range t.parts[p].lines {
		value, is := strings.CutPrefix(line, name+"=")
		if !is {
			continue
		}
		value = strings.TrimSpace(value)
		if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = strings.NewReplacer(`\"`, `"`, `\$`, `$`, `\\`, `\`, "\\`", "`").Replace(value[1 : len(value)-1])
		}
		return markup.Line(value)
	}
	return ""
}

// IsWindows says whether the shell runs on Windows, as Cygwin's and Git's do.
func (t Told) IsWindows() bool {
	kernel := strings.ToUpper(t.setting(partSystem, "kernel"))
	for _, prefix := range []string{"CYGWIN", "MINGW", "MSYS", "WINDOWS", "UWIN"} {
		if strings.HasPrefix(kernel, prefix) {
			return true
		}
	}
	return false
}

// Kernel is the name of what runs there: "Linux".
func (t Told) Kernel() string { return t.setting(partSystem, "kernel") }

// text and number make cells.
func text(s string) host.Cell { return host.Cell{Text: markup.Line(s)} }

func number(n int64) host.Cell { return host.Cell{Text: strconv.FormatInt(n, 10)} }

func truth(is bool) host.Cell { return host.Cell{Text: strconv.FormatBool(is)} }

func list(all []string) host.Cell {
	if all == nil {
		all = []string{}
	}
	return host.Cell{List: all}
}
