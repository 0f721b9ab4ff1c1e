package winsvc

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// Waiting gathers the services that the boot has yet to start. The zero value has
// none.
type Waiting struct {
	items []string
	due   time.Time // when the last of them should have started
	early []string  // those that are started before the delayed ones
	over  time.Time // when the last of these should have started
}

// Add takes in a service that is Pending.
func (w *Waiting) Add(h Host, item string, s *Service) {
	by, _ := h.StartsBy(s)
	w.items = append(w.items, item)
	w.due = later(w.due, by)
	if !h.Key(s).Delayed {
		w.early, w.over = append(w.early, item), later(w.over, by)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Due tells of the whole host which items are not yet started, and until when
// that is no fault.
func (h Host) Due(w Waiting) []fact.Reading {
	readings := []fact.Reading{probes.Read("", "not_yet_started", fact.SetOf(w.items...))}
	if len(w.items) > 0 {
		readings = append(readings, probes.Read("", "due", fact.Time(w.due)))
	}
	return readings
}

// Open is what is not known of the services: what the registry did not tell, and
// whether those that the boot has yet to start will. Delayed ones start minutes
// later on every healthy host; of the others nobody may take a check for done that
// came before their time.
func (h Host) Open(w Waiting, services ...*Service) error {
	var all []error
	if h.keysErr != nil {
		all = append(all, fmt.Errorf("reading the services' keys in the registry: %w", h.keysErr))
	}
	all = append(all, unset(services), h.unread(services), h.tooEarly(w))
	all = slices.DeleteFunc(all, func(err error) bool { return err == nil })
	if len(all) == 0 {
		return nil
	}
	texts := make([]string, len(all))
	for i, err := range all {
		texts[i] = err.Error()
	}
	return &open{strings.Join(texts, "; "), all}
}

type open struct {
	text string
	errs []error
}

func (o *open) Error() string   { return o.text }
func (o *open) Unwrap() []error { return o.errs }

func (h Host) tooEarly(w Waiting) error {
	if len(w.early) == 0 {
		return nil
	}
	verb := "is"
	if len(w.early) > 1 {
		verb = "are"
	}
	return fmt.Errorf("%s %s not started yet, %d s after the boot: run this again after %s",
		listed(w.early), verb, int(h.now.Sub(h.boot).Seconds()), fact.Time(w.over))
}

// unset names the services of which the host tells how they are, and not how they are
// set up: the account may not read that of each.
func unset(services []*Service) error {
	var names []string
	for _, s := range services {
		if s.unset {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("the host does not tell how %s is set up: the account may not read that", listed(names))
}

// unread names the services whose keys the host could not read although it read
// others: what only the registry tells of them is not known.
func (h Host) unread(services []*Service) error {
	var names []string
	var first error
	for _, s := range services {
		if err := h.Key(s).err; err != nil {
			names, first = append(names, s.Name), cmp.Or(first, err)
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("reading the registry's keys of %s: %w", listed(names), first)
}

// listed bounds an error: a host may have a thousand services.
func listed(names []string) string {
	const most = 8
	texts := make([]string, 0, most+1)
	for _, name := range names[:min(len(names), most)] {
		texts = append(texts, named.Line(name))
	}
	if more := len(names) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(texts, ", ")
}

// keysProblem is why the keys could not be read. That PowerShell cannot run is none:
// Win32_Service alone tells enough for a check, and its owner knows.
func keysProblem(err error) error {
	if err == nil || errors.Is(err, host.ErrNoPowerShell) {
		return nil
	}
	return gather.Cause(err)
}
