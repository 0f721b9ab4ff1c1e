package winrm

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/psrp"
)

// errNoSnapIn is what the commands of a host are answered with that has no Exchange.
var errNoSnapIn = fmt.Errorf("%w: no snap-in of Exchange is registered on the host, and the credentials file says "+
	"winrm: {exchange: snapin}", host.ErrNotTried)

// bySnapIn says whether a command is asked by Exchange's snap-in, inside the script
// that answers everything else.
func (s *Session) bySnapIn(c host.Cmdlet) bool {
	return s.options.SnapIn && strings.EqualFold(c.Endpoint, onlyExchange)
}

// snapIn are the commands that go so: one question for all, since they share what is
// loaded once.
type snapIn struct {
	cmdlets  []host.Cmdlet
	question host.Collector
	unasked  []unasked
}

type unasked struct {
	cmdlet host.Cmdlet
	why    error
}

// add takes a command on, unless it cannot be asked. Name is the host's own.
func (s *snapIn) add(c host.Cmdlet, name string) {
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
	for param, values := range naming(c, name).Params {
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

// askable says why a command cannot be asked. At the endpoint Exchange's roles keep an
// account from what may change something. The snap-in minds no roles, so nothing else
// than reading is asked of it.
func askable(c host.Cmdlet) error {
	if err := psrp.Check(c); err != nil {
		return err
	}
	if !regexp.MustCompile(`(?i)^((get|test)-\w+|invoke-monitoringprobe)$`).MatchString(c.Name) {
		return fmt.Errorf("%q is not asked by the snap-in of Exchange: it may change something", clean(c.Name))
	}
	return nil
}

// answer gives every command the answer that it would have had over its endpoint.
func (s *snapIn) answer(answers *host.Answers) {
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
			err = errNoSnapIn
		case "failure":
			err = fmt.Errorf("loading the snap-in of Exchange: %s", clean(text))
		case "late":
			late[index] = errors.New(clean(text))
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
