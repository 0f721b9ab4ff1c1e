package main

import (
	"fmt"
	"strings"
	"time"

	"postpatch/probes/host/winrm"
	"postpatch/runner/report"
)

// doctorView prints the steps of one host.
type doctorView struct {
	app
	host   string
	begun  bool
	failed string   // the first step that does not work
	notes  []string // steps with a note
	skips  []string // skipped steps that were not printed yet
	waits  string   // what they wait for
}

// The columns of a step: its mark, its name, what it saw.
const (
	markColumn = 2
	nameColumn = markColumn + 6
	sawColumn  = nameColumn + 12
)

func (v *doctorView) step(s winrm.Step) {
	if !v.begun {
		v.begun = true
		v.tell("%s\n", report.CleanLine(v.host))
	}
	if s.State == winrm.Skipped {
		v.skips, v.waits = append(v.skips, s.Name), s.Saw
		return
	}
	v.flush()
	mark := map[winrm.State]string{winrm.OK: "ok", winrm.Note: "note", winrm.Failed: "FAIL"}[s.State]
	v.line(mark, s.Name, s.Saw+" ("+short(s.Took)+")")
	switch s.State {
	case winrm.Failed:
		if v.failed == "" {
			v.failed = s.Name
		}
	case winrm.Note:
		v.notes = append(v.notes, s.Name)
	default:
		return
	}
	v.reason("cause", s.Cause)
	v.reason("cure", s.Cure)
}

// flush prints the steps that were skipped: they all say the same.
func (v *doctorView) flush() {
	if len(v.skips) == 0 {
		return
	}
	v.tell("%*s%-6s%s: %s\n", markColumn, "", "skip", strings.Join(v.skips, ", "), report.CleanLine(v.waits))
	v.skips = nil
}

// line prints one step, wrapped at the width of the terminal.
func (v *doctorView) line(mark, name, text string) {
	head := fmt.Sprintf("%*s%-6s%-12s", markColumn, "", mark, report.CleanLine(name))
	v.wrapped(head, text)
}

func (v *doctorView) reason(word, text string) {
	if text != "" {
		v.wrapped(fmt.Sprintf("%*s%-12s", nameColumn, "", word), text)
	}
}

func (v *doctorView) wrapped(head, text string) {
	// What is narrower than a word or two is not worth the wrapping.
	room := max(v.width-sawColumn, 30)
	lines := wrapWords(report.CleanLine(text), room)
	v.tell("%s%s\n", head, strings.Join(lines, "\n"+strings.Repeat(" ", sawColumn)))
}

// wrapWords breaks a text between its words. A longer word has a line of its own.
func wrapWords(text string, room int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > room {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// verdict is the last line of a host.
func (v *doctorView) verdict(took time.Duration) {
	v.flush()
	text := "all steps work"
	word := "OK"
	if v.failed != "" {
		word, text = "FAIL", v.failed+" does not work"
	}
	if len(v.notes) > 0 {
		text += fmt.Sprintf(", %s (%s)", count(len(v.notes), "note"), strings.Join(v.notes, ", "))
	}
	v.tell("VERDICT  %-4s  %s: %s   %s\n", word, report.CleanLine(v.host), text, short(took))
}

// short is a time without a space in it.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1ms"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	default:
		return d.Round(100 * time.Millisecond).String()
	}
}
