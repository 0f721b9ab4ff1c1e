// Package winrm carries questions to a Windows host over WinRM: WS-Man
// enumeration alone when only WMI is asked, one PowerShell process otherwise, and
// PowerShell's remoting for endpoints that take nothing but commands.
//
// masterzen/winrm makes the messages. The connection is our own, because its
// transports swallow errors, cancel late and seal half: conn is one connection,
// transport sends one message after the other over it, entry proves the account
// by a mechanism of auth, and sealed puts messages into their seal. What comes
// back is read by markup, once and within bounds. Examine goes the same way step
// by step, to tell why a host cannot be asked.
package winrm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/snapin"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/host/winrm/markup"
)

// Session is a host.Session over one connection, and one more to the web server
// of an Exchange host when its endpoint is asked.
type Session struct {
	host      string
	url       string
	transport *transport
	left      []message // what the host should still be told when the session ends
	closed    bool
	options   Options
	exchange  *Session // to Exchange's own endpoint, once it was asked
}

var (
	_ host.Session = (*Session)(nil)
	_ host.Teller  = (*Session)(nil)
)

// Open prepares a session. It sends nothing: the first message is the first
// question, so a host that is down is noticed by Ask.
func Open(ctx context.Context, o Options) (*Session, error) {
	s, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("opening WinRM on %q: %w", o.Host, err)
	}
	return s, nil
}

func open(ctx context.Context, o Options) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	t, err := newTransport(o)
	if err != nil {
		return nil, err
	}
	return &Session{host: o.Host, url: t.url.String(), transport: t, options: o}, nil
}

// How implements host.Teller.
func (s *Session) How() string {
	t := s.transport
	if !t.answered {
		return ""
	}
	how := "WinRM by "
	switch {
	case t.entry.method == Certificate:
		how += "certificate"
	case t.entry.mechanism == nil:
		how += "Basic"
	case t.used.Mechanism == "":
		return ""
	default:
		how += t.used.Mechanism
	}
	switch {
	case t.tls != nil && t.unbound:
		how += " in TLS, not tied to its certificate, whose signature has no hash"
	case t.tls != nil:
		how += " in TLS"
	case t.entry.mechanism != nil:
		how += ", sealed"
	default:
		how += ", readable on the way"
	}
	if t.used.Why != "" {
		how += ": " + clean(t.used.Why)
	}
	return how
}

// Used says by which mechanism the account was proved, and why by that one; it
// is empty before the first message and where nothing is proved to a
// connection.
func (s *Session) Used() auth.Used { return s.transport.used }

// Ask implements host.Session. An answer's own error is a *Fault or wraps
// host.ErrNoPowerShell where the host said why.
func (s *Session) Ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	if s.closed {
		return host.Answers{}, fmt.Errorf("asking %q over WinRM: the session is closed", s.host)
	}
	answers, err := s.ask(ctx, host.Merge(questions))
	if err != nil {
		return host.Answers{}, fmt.Errorf("asking %q over WinRM: %w", s.host, err)
	}
	return answers, nil
}

// Close implements host.Session. What an Ask that was cut short has left on the
// host is ended here, within ctx and two seconds at most: an Ask returns at once
// when its own is over. A host that has said nothing in all that time is not asked
// any longer: what there may be ends by its idle time.
func (s *Session) Close(ctx context.Context) error {
	s.closed = true
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	if !s.transport.answered {
		s.left = nil
	}
	if len(s.left) > 0 {
		host.Yield(ctx) // it did not obey the first time
	}
	for _, m := range s.left {
		if _, err := s.post(ctx, m); err != nil && !hostSaidSo(err) {
			break // what cannot be told ends by its idle time there
		}
	}
	s.left = nil
	s.transport.close()
	if s.exchange != nil {
		return s.exchange.Close(ctx)
	}
	return nil
}

// tell sends messages that end something on the host, or leaves them to Close
// when there is no time left or no way. Whether the host obeys does not count: all that is
// ended so also ends by itself.
func (s *Session) tell(ctx context.Context, messages ...message) {
	if ctx.Err() != nil {
		s.left = append(s.left, messages...)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	for i, m := range messages {
		if _, err := s.post(ctx, m); err != nil && !hostSaidSo(err) {
			s.left = append(s.left, messages[i:]...)
			return
		}
	}
}

// ask chooses the plan: one script for everything as soon as one question needs
// PowerShell, because mixed plans cost more messages than either, or queries
// alone would cost more than a host should be asked. Commands for endpoints that
// take nothing else go their own way, after the others; those that go by Exchange's
// snap-in are the last of the script, since they may take long.
func (s *Session) ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	var cmdlets []host.Cmdlet
	var others []host.Question
	inside := snapin.Commands{Because: "the credentials file says winrm: {exchange: snapin}"}
	for _, q := range questions {
		cmdlet, is := q.(host.Cmdlet)
		switch {
		case !is:
			others = append(others, q)
		case !s.options.SnapIn || !snapin.Takes(cmdlet):
			cmdlets = append(cmdlets, cmdlet)
		default:
			inside.Add(cmdlet, s.host)
		}
	}
	if q, asked := inside.Question(); asked {
		others = append(others, q)
	}
	reading := ctx
	if len(cmdlets) > 0 { // they take long
		reading = host.WithoutTurn(ctx)
	}
	answers, err := s.askHost(reading, others, CostOf(others).Script)
	if err != nil {
		return answers, err
	}
	inside.Answer(&answers)
	if err := s.askCmdlets(ctx, cmdlets, &answers); err != nil && len(others) == 0 {
		return answers, err
	}
	return answers, nil
}

// mostMessages is what all questions of a host may cost. A script costs five, as
// long as its output fits into one reply.
const mostMessages = 6

// messagesOf is what a query costs: Windows puts one instance into its first
// reply, and most often all others into the next.
func messagesOf(q host.WQL) int {
	switch strings.ToLower(q.Class) {
	case "win32_operatingsystem", "win32_computersystem", "win32_computersystemproduct", "win32_bios", "win32_timezone":
		return 1 // has one instance
	default:
		return 2
	}
}

func (s *Session) askHost(ctx context.Context, questions []host.Question, script bool) (host.Answers, error) {
	var noPowerShell error
	if script {
		answers, err := s.askByScript(ctx, questions)
		if err == nil || !hostSaidSo(err) && !errors.Is(err, packed.ErrTooMuch) {
			return answers, err
		}
		noPowerShell = fmt.Errorf("%w: %w", host.ErrNoPowerShell, err)
	}
	return s.askByQuery(ctx, questions, noPowerShell)
}

// askByQuery enumerates every query; no process starts on the host. Collectors
// are answered with noPowerShell.
func (s *Session) askByQuery(ctx context.Context, questions []host.Question, noPowerShell error) (host.Answers, error) {
	var answers host.Answers
	for _, q := range questions {
		query, is := q.(host.WQL)
		if !is {
			answers.Put(q, host.Answer{Err: noPowerShell})
			continue
		}
		rows, err := s.enumerate(ctx, query)
		if err != nil && !belongsToQuestion(err) {
			return answers, err
		}
		answers.Put(q, host.Answer{Rows: rows, Err: err})
	}
	return answers, nil
}

// post sends one message.
func (s *Session) post(ctx context.Context, m message) (string, error) {
	return s.transport.send(ctx, m.String())
}

// clean makes a host's text fit to be shown on one line.
func clean(text string) string { return markup.Line(text) }
