// Package local asks a Windows machine from within: the program runs on the very machine
// that it looks at, and needs neither WinRM nor an account.
//
// # Which source answers what
//
// The service control manager answers Win32_Service, as long as only columns are asked
// for that it has and the condition does but name services: it is faster than WMI, and
// tells what other implementations of WMI leave out. Each part of a service is read by
// itself: what one level of QueryServiceConfig2 does not tell is null in that column,
// and the service is there. A service whose configuration may not be read has nulls for
// how it starts, as whom and by which command.
//
// WMI answers every other query, over COM (IWbemServices), by the type that it says a
// property has: so numbers are unsigned where they should be, and times times. The
// scripting interface, which most programs use, says neither reliably everywhere, and
// its enumerators cannot be told to come back after a time.
//
// The registry answers the collectors registry and servicekeys, by the rules of the
// scripts that answer them elsewhere; pendingreboot comes from the file system and WMI.
// So services, the system's version, hotfixes, registry and a pending reboot start no
// process. All other collectors and the owners' scripts run in one powershell.exe, as
// over WinRM (package packed). It has the user's own environment and nothing of this
// program's, in which there may be secrets, and it ends with all that it started.
//
// Commands of Exchange are asked by its snap-in, within the same PowerShell (package snapin): no session to its own
// endpoint is needed on the server itself, and only what reads is asked. Other commands are not asked here: the
// endpoints that take them are WinRM's.
//
// # How it has been tried
//
// Against Wine's service control manager, WMI and registry, and not on Windows.
package local

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/snapin"
)

// Options say how a machine is asked.
type Options struct {
	Packer *packed.Packer // nil keeps nothing between sessions
}

// Session is a host.Session with the machine that the program runs on.
type Session struct {
	host    string
	sources sources
	closed  bool
}

var (
	_ host.Session = (*Session)(nil)
	_ host.Teller  = (*Session)(nil)
)

// sources are what a machine is asked by. A nil one is not there.
type sources struct {
	packer   *packed.Packer
	registry registry
	services func(ctx context.Context, want parts) ([]service, error)
	query    func(ctx context.Context, q host.WQL) ([]host.Row, error)
	pending  func(ctx context.Context) ([]host.Row, error) // collector pendingreboot
	// powerShell runs an encoded command with the variables, and returns its output.
	powerShell func(ctx context.Context, env map[string]string, encoded string) (output, error)
	close      func()
}

// output is what a process has written, and how it ended.
type output struct {
	stdout, stderr []byte
	code           int
}

// Open prepares a session. Its error wraps host.ErrNotTried on other systems than
// Windows.
func Open(ctx context.Context, o Options) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("opening the machine itself: %w", err)
	}
	name, err := Name()
	if err != nil {
		return nil, fmt.Errorf("opening the machine itself: %w", err)
	}
	from, err := machine()
	if err != nil {
		return nil, fmt.Errorf("opening the machine itself: %w", err)
	}
	from.packer = o.Packer
	return &Session{host: name, sources: from}, nil
}

// Name is the longest of the machine's names, by which others know it, too; localhost where it has
// no other.
func Name() (string, error) {
	names, err := Names()
	if err != nil {
		return "", err
	}
	return longest(names), nil
}

// longest is the longest name behind the first, than which any is better.
func longest(names []string) string {
	best := names[0]
	for _, name := range names[1:] {
		if best == names[0] || len(name) > len(best) {
			best = name
		}
	}
	return best
}

// How implements host.Teller.
func (s *Session) How() string { return "on the machine itself" }

// Close implements host.Session.
func (s *Session) Close(context.Context) error {
	if !s.closed && s.sources.close != nil {
		s.sources.close()
	}
	s.closed = true
	return nil
}

// Ask implements host.Session. Only when ctx is over is the error for all questions: no
// source is the others' trouble.
func (s *Session) Ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	if s.closed {
		return host.Answers{}, errors.New("asking the machine itself: the session is closed")
	}
	var answers host.Answers
	var left []host.Question
	exchange := snapin.Commands{Because: "the machine itself is asked"}
	for _, q := range host.Merge(questions) {
		if c, is := q.(host.Cmdlet); is && snapin.Takes(c) {
			exchange.Add(c, s.host)
			continue
		}
		rows, native, err := s.native(ctx, q)
		if over := ctx.Err(); over != nil {
			return host.Answers{}, fmt.Errorf("asking the machine itself: %w", over)
		}
		if !native {
			left = append(left, q)
			continue
		}
		answers.Put(q, host.Answer{Rows: rows, Err: err})
	}
	if q, asked := exchange.Question(); asked {
		left = append(left, q) // last, since it may take long
	}
	if len(left) > 0 {
		if err := s.sources.askByScript(ctx, left, &answers); err != nil {
			return host.Answers{}, fmt.Errorf("asking the machine itself: %w", err)
		}
	}
	exchange.Answer(&answers)
	return answers, nil
}

// errCmdlet is the answer to what only an endpoint of WinRM takes.
var errCmdlet = fmt.Errorf("%w: the machine itself is asked, and such commands go to an endpoint of "+
	"WinRM: run this check over the network", host.ErrNotTried)

// native answers what needs no process.
func (s *Session) native(ctx context.Context, q host.Question) (rows []host.Row, native bool, err error) {
	from := s.sources
	switch q := q.(type) {
	case host.WQL:
		if allowed, ok := answersServices(q); ok {
			services, err := from.services(ctx, partsOf(q.Columns))
			if err != nil {
				return nil, true, err
			}
			return serviceRows(q, services, allowed), true, nil
		}
		rows, err = from.query(ctx, q)
		return rows, true, err
	case host.Cmdlet:
		return nil, true, errCmdlet
	case host.Collector:
		switch q.Name {
		case "registry":
			rows, err = registryRows(from.registry, q)
			return rows, true, err
		case "servicekeys":
			rows, err = from.serviceKeys(ctx)
			return rows, true, err
		case "pendingreboot":
			rows, err = from.pending(ctx)
			return rows, true, err
		}
	}
	return nil, false, nil
}

// serviceKeys answers the collector of that name. Without states every service is told
// to have none, which says that they are not known.
func (s sources) serviceKeys(ctx context.Context) ([]host.Row, error) {
	states := map[string]uint32{}
	if services, err := s.services(ctx, parts{}); err == nil {
		for _, service := range services {
			states[strings.ToLower(service.name)] = service.status.state
		}
	}
	return serviceKeyRows(s.registry, states)
}
