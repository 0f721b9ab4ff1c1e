// Package notify makes the message by which the owner of some checks is told what a run
// came to for them, in the forms that chats and other receivers want. It sends nothing.
package notify

import (
	"time"

	"postpatch/runner/report"
)

// Message is what one channel is told of a run.
type Message struct {
	Run      report.Run
	Channel  string
	Suites   []string // those that name the channel
	Finished time.Time
	// Part is what the run comes to for their checks alone, Whole the run's verdict.
	Part  report.OwnerSummary
	Whole report.Summary
	Items []Item // what is not well, the worst first
	More  int    // items that are not told
}

// Item is something that is not well, with the hosts of which it is true.
type Item struct {
	Outcome report.Outcome `json:"outcome"`
	Failing bool           `json:"failing"`         // it makes the run fail
	Subject string         `json:"check,omitempty"` // "" for what is said of a host as a whole
	Text    string         `json:"text"`
	Why     string         `json:"why,omitempty"`
	Owner   string         `json:"owner,omitempty"`
	Place   string         `json:"place,omitempty"` // file and line of the suite
	Hosts   []string       `json:"hosts"`           // the first few
	Count   int            `json:"host_count"`      // of all
}

// The limits, in characters, of what is told.
const (
	mostItems = 20
	mostHosts = 5
	mostWords = 200 // of a text
	mostName  = 80
	mostNotes = 5

	mostSubject = 120
)

func line(s string) string { return brief(s, mostWords) }

func name(s string) string { return brief(s, mostName) }

func brief(s string, limit int) string { return report.Brief(s, limit) }

// clean makes all texts of a message harmless to look at, and short.
func (m Message) clean() Message {
	m.Run.Command, m.Run.Name, m.Run.Plan = name(m.Run.Command), name(m.Run.Name), name(m.Run.Plan)
	m.Run.Part, m.Run.Tool = line(m.Run.Part), name(m.Run.Tool)
	if m.Run.Baseline != nil {
		b := *m.Run.Baseline
		b.Name = name(b.Name)
		m.Run.Baseline = &b
	}
	m.Channel, m.Part.Verdict, m.Whole.Verdict = name(m.Channel), name(m.Part.Verdict), name(m.Whole.Verdict)
	m.Part.Reason, m.Whole.Reason = line(m.Part.Reason), line(m.Whole.Reason)
	m.Run.Notes = few(m.Run.Notes, mostNotes, line)
	m.Suites = few(m.Suites, mostHosts, name)
	if n := len(m.Items) - mostItems; n > 0 {
		m.Items, m.More = m.Items[:mostItems], m.More+n
	}
	items := make([]Item, len(m.Items))
	for i, it := range m.Items {
		it.Outcome, it.Owner = report.Outcome(name(string(it.Outcome))), name(it.Owner)
		it.Subject = brief(it.Subject, mostSubject)
		it.Text, it.Why, it.Place = line(it.Text), line(it.Why), name(it.Place)
		it.Hosts = few(it.Hosts, mostHosts, name)
		items[i] = it
	}
	m.Items = items
	return m
}

func few(all []string, most int, clean func(string) string) []string {
	var some []string
	for _, s := range all[:min(len(all), most)] {
		some = append(some, clean(s))
	}
	return some
}

// fewer drops the last item or, where there is none, the last note, and says whether
// there was one.
func (m *Message) fewer() bool {
	switch n := len(m.Items); {
	case n > 0:
		m.Items, m.More = m.Items[:n-1], m.More+1
	case len(m.Run.Notes) > 0:
		m.Run.Notes = m.Run.Notes[:len(m.Run.Notes)-1]
	default:
		return false
	}
	return true
}

// within renders a message with as many of its items as a limit in bytes has room for.
func within(limit int, m Message, render func(Message) []byte) []byte {
	m = m.clean()
	for {
		text := render(m)
		if len(text) <= limit || !m.fewer() {
			return text
		}
	}
}
