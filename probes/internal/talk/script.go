package talk

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"postpatch/probes/internal/reach"
)

// Step is one of a script.
type Step struct {
	Text    string // as the suite writes it
	does    verb
	pattern *regexp.Regexp
	say     string
}

type verb int

const (
	hear verb = iota // lines until one matches
	find             // bytes until they match
	say
	secure
)

// Verbs are how steps begin.
func Verbs() []string { return []string{"expect", "bytes", "send", "raw", "tls"} }

// Parse reads the steps of a script.
func Parse(script []string) ([]Step, error) {
	const most = 50
	if len(script) > most {
		return nil, fmt.Errorf("want at most %d steps, got %d", most, len(script))
	}
	var steps []Step
	for _, text := range script {
		s, err := parseStep(text)
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func parseStep(text string) (Step, error) {
	word, rest, has := strings.Cut(text, " ")
	s := Step{Text: text}
	var err error
	switch word {
	case "expect", "bytes":
		if s.does = hear; word == "bytes" {
			s.does = find
		}
		if rest == "" {
			return Step{}, fmt.Errorf("%q: want a regular expression after %s", text, word)
		}
		if s.pattern, err = Pattern(rest); err != nil {
			return Step{}, fmt.Errorf("%q: %w", text, err)
		}
	case "send", "raw":
		s.does = say
		if s.say, err = Unescape(rest); err != nil {
			return Step{}, err
		}
		if word == "send" {
			s.say += "\r\n"
		} else if rest == "" {
			return Step{}, fmt.Errorf("%q: want what is sent after raw", text)
		}
	case "tls":
		if s.does = secure; has {
			return Step{}, fmt.Errorf("%q: nothing follows tls", text)
		}
	default:
		return Step{}, fmt.Errorf("%q: a step begins with one of %s", text, strings.Join(Verbs(), ", "))
	}
	return s, nil
}

// Failed is a step that did not come about.
type Failed struct {
	Number int // from 1; 0 of what is no step of a script
	Step   string
	State  string // how: no answer, ended, tls failed, too much
	Came   string // what was heard instead, fit to be shown
	Err    error
}

// How a step fails.
const (
	Ended   = "ended"    // the server closed the connection
	TooMuch = "too much" // the server says more than is heard
)

// Error implements error.
func (f *Failed) Error() string {
	text := f.Step + ": " + f.State
	if f.Number > 0 {
		text = fmt.Sprintf("step %d, %s", f.Number, text)
	}
	switch f.State {
	case reach.TLSFailed:
		return text + ": " + f.Err.Error()
	case TooMuch:
		text += ": " + f.Err.Error()
	}
	if f.Came != "" {
		return text + "; what came was " + f.Came
	}
	return text + "; nothing came"
}

// Unwrap returns the cause.
func (f *Failed) Unwrap() error { return f.Err }

// Run goes through the steps. Found is the last group that a pattern caught, and any says
// whether there was one. An error that is a *Failed is the server's doing.
func (c *Conversation) Run(ctx context.Context, steps []Step, name string) (found string, any bool, err error) {
	for i, s := range steps {
		came, groups, err := c.step(ctx, s, name)
		if err = reach.Cause(ctx, err); err != nil {
			state := stateOf(err)
			if state == "" {
				return "", false, fmt.Errorf("step %d, %s: %w", i+1, s.Text, err)
			}
			return "", false, &Failed{Number: i + 1, Step: s.Text, State: state, Came: came, Err: err}
		}
		if len(groups) > 1 {
			found, any = Show(latin(groups[1])), true
		}
	}
	return found, any, nil
}

// step does one, and tells what came where that was in vain.
func (c *Conversation) step(ctx context.Context, s Step, name string) (came string, groups []string, err error) {
	switch s.does {
	case say:
		return "", nil, c.Say(s.say)
	case secure:
		return "", nil, c.Secure(ctx, name)
	case find:
		groups, err = c.find(s.pattern)
		return Show(c.heard), groups, err
	default:
		var passed []byte
		for {
			line, err := c.Line()
			if err != nil {
				return Show(append(passed, c.heard...)), nil, err
			}
			if groups := s.pattern.FindStringSubmatch(Bytes([]byte(line))); groups != nil {
				return "", groups, nil
			}
			if len(passed) < mostShown {
				passed = append(append(passed, line...), '\n')
			}
		}
	}
}

// latin are the bytes of what Bytes made.
func latin(text string) []byte {
	var data []byte
	for _, r := range text {
		data = append(data, byte(r))
	}
	return data
}

// stateOf is how a step failed, where the server did it.
func stateOf(err error) string {
	_, excessive := errors.AsType[excess](err)
	switch {
	case errors.Is(err, ErrInjected):
		return reach.TLSFailed
	case excessive:
		return TooMuch
	case errors.Is(err, reach.ErrEnded):
		return Ended
	}
	switch state := reach.State(err); state {
	case reach.TLSFailed, reach.NoAnswer:
		return state
	case reach.Reset:
		return Ended
	default:
		return ""
	}
}
