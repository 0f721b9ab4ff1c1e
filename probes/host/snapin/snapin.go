// Package snapin puts commands of Exchange to its snap-in, within the script that asks a host all else: where
// its own endpoint cannot be reached, or is not to be. The snap-in minds no roles of Exchange's, so nothing but
// reading is asked of it.
package snapin

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
	"postpatch/probes/host/winrm/psrp"
)

// Takes says whether a command is one of Exchange's, which the snap-in has.
func Takes(c host.Cmdlet) bool { return strings.EqualFold(c.Endpoint, "Microsoft.Exchange") }

// Commands are commands that are asked so: one question for all, since they share what is
// loaded once.
type Commands struct {
	// Because says who wants it so, for a host that has no such snap-in: "the credentials file says so".
	Because string

	cmdlets  []host.Cmdlet
	question host.Collector
	unasked  []unasked
}

type unasked struct {
	cmdlet host.Cmdlet
	why    error
}

// Add takes a command on, unless it cannot be asked. Name is the host's own.
func (s *Commands) Add(c host.Cmdlet, name string) {
	if err := askable(c); err != nil {
		s.unasked = append(s.unasked, unasked{c, err})
		return
	}
	if s.question.Name == "" {
		s.question = host.Collector{Name: "snapin", Args: map[string][]string{}}
	}
	args, index := s.question.Args, strconv.Itoa(len(s.cmdlets))
	s.cmdlets = append(s.cmdlets, c)
	args["cmdlet"] = append(args["cmdlet"], c.Name)
	args[index+" properties"] = c.Properties
	for param, values := range c.On(name).Params {
		typed := make([]string, 0, len(values))
		for _, value := range values {
			typed = append(typed, psrp.Typed(value))
		}
		args[index+" -"+param] = typed
	}
	for _, name := range c.Switches {
		args[index+" -"+name] = []string{psrp.Typed("$true")}
	}
}

// askable says why a command cannot be asked: at the endpoint it is Exchange's roles that keep an
// account from what may change something.
func askable(c host.Cmdlet) error {
	if err := psrp.Check(c); err != nil {
		return err
	}
	if !regexp.MustCompile(`(?i)^((get|test)-\w+|invoke-monitoringprobe)$`).MatchString(c.Name) {
		return fmt.Errorf("%q is not asked by the snap-in of Exchange: it may change something", markup.Line(c.Name))
	}
	return nil
}

// Question is the one for all of them; there is none where no command can be asked.
func (s *Commands) Question() (q host.Collector, asked bool) { return s.question, len(s.cmdlets) > 0 }

// Answer gives every command the answer that it would have had over its endpoint.
func (s *Commands) Answer(answers *host.Answers) {
	for _, r := range s.unasked {
		answers.Put(r.cmdlet, host.Answer{Err: r.why})
	}
	if len(s.cmdlets) == 0 {
		return
	}
	rows, err := answers.To(s.question)
	err = errors.Unwrap(err) // the question is ours alone
	written := map[string][]psrp.Written{}
	late := map[string]error{}
	for _, row := range rows {
		index, text := row.Get("Index").Text, row.Get("Text").Text
		switch stream := row.Get("Stream").Text; stream {
		case "loaded":
		case "absent":
			err = fmt.Errorf("%w: no snap-in of Exchange is registered on the host, and %s", host.ErrNotTried, s.Because)
		case "failure":
			err = fmt.Errorf("loading the snap-in of Exchange: %s", markup.Line(text))
		case "late":
			late[index] = errors.New(markup.Line(text))
		default:
			written[index] = append(written[index], psrp.Written{Stream: psrp.Stream(stream), CLIXML: text})
		}
	}
	for i, c := range s.cmdlets {
		index := strconv.Itoa(i)
		switch {
		case err != nil:
			answers.Put(c, host.Answer{Err: err})
		case late[index] != nil:
			answers.Put(c, host.Answer{Err: fmt.Errorf("running %s: %w", c.Name, late[index])})
		default:
			answers.Put(c, psrp.AnswerOf(c, written[index]))
		}
	}
}
