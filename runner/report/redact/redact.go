// Package redact hands a stream on in which hosts, accounts, addresses and domains have
// other names, the same ones everywhere, so that a report can be shown to strangers.
package redact

import (
	"fmt"

	"postpatch/runner/report"
)

// Note stands at the head of a redacted report.
const Note = "hosts, accounts, addresses and domains have other names here (--redact); what people and hosts wrote " +
	"in their own words may still tell who is meant: read it before you share it"

// New returns a handler that gives to the stream with its names replaced, when it
// finishes: a host can be named in the text of another before it was met itself, so that
// all of it has to be known first. Until then it is kept in memory, compressed. What is no
// text stays as it is, and so do outcomes, kinds and verdicts. Names get their numbers from
// the key, which has those of this stream afterwards.
func New(to report.Handler, key *Key) report.Handler {
	return &handler{to: to, finder: newFinder(key)}
}

type handler struct {
	to     report.Handler
	finder *finder
	spool  spool
}

// Start implements report.Handler.
func (h *handler) Start(r report.Run) error {
	walk{h.finder.learn}.run(&r)
	return h.spool.put(r)
}

// Host implements report.Handler.
func (h *handler) Host(host report.Host) error {
	walk{h.finder.learn}.host(new(host))
	return h.spool.put(host)
}

// Finish implements report.Handler.
func (h *handler) Finish(s report.Summary) error {
	walk{h.finder.learn}.summary(new(s))
	if err := h.spool.put(s); err != nil {
		return err
	}
	if err := h.tell(); err != nil {
		return err
	}
	h.spool = spool{}
	return nil
}

// tell plays what was kept, under other names.
func (h *handler) tell() error {
	h.finder.seal()
	change := walk{h.finder.replace}
	from, err := h.spool.read()
	if err != nil {
		return err
	}
	defer from.close()
	var run report.Run
	if err := from.next(&run); err != nil {
		return err
	}
	change.run(&run)
	run.Notes = append([]string{Note}, run.Notes...)
	if err := h.to.Start(run); err != nil {
		return err
	}
	for range h.spool.kept - 2 {
		var host report.Host
		if err := from.next(&host); err != nil {
			return err
		}
		change.host(&host)
		if err := h.to.Host(host); err != nil {
			return err
		}
	}
	var sum report.Summary
	if err := from.next(&sum); err != nil {
		return fmt.Errorf("reading what was kept for redaction: %w", err)
	}
	change.summary(&sum)
	return h.to.Finish(sum)
}
