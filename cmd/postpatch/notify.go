package main

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/runner/report/notify"
	"postpatch/suites"
)

// telling are the flags that say whether owners are told of a verdict, and how.
type telling struct {
	notify   bool
	channels string
}

func (t *telling) flags(f *pflag.FlagSet, a app) {
	f.BoolVar(&t.notify, "notify", false, "tell each suite's channel its part of the verdict, as --channels has it")
	f.StringVar(&t.channels, "channels", a.getenv("POSTPATCH_CHANNELS"),
		"file of channels and their webhooks (env POSTPATCH_CHANNELS); see postpatch explain notify")
}

// words are the flags as a command line has them.
func (t *telling) words() []string {
	if !t.notify {
		return nil
	}
	return append([]string{"--notify"}, flagWords(flagValue{"--channels", t.channels, ""})...)
}

// notifier gathers what the channels are told of a run. It is nil where nobody is.
type notifier struct {
	app
	channels map[string]*channelPart // by name
	names    []string                // in order
	ofSuite  map[string]string
	run      report.Run
	whole    report.Summary
	finished bool
}

// channelPart is what one channel is told.
type channelPart struct {
	name, form string
	webhook    webhook
	suites     []string
	hosts      int
	tally      *runner.Tally
	digest     notify.Digest
}

// notifier reads where the channels of the suites lead, before anything is sent to a host.
// What is wrong with the file is a mistake; a channel that cannot be reached is told, and
// holds up no verify.
func (t *telling) notifier(ctx context.Context, a app, j job) (*notifier, error) {
	switch {
	case !t.notify:
		return nil, nil //nolint:nilnil // nobody is told, and nothing is wrong
	case t.channels == "":
		return nil, errors.New("--notify: give the file of channels with --channels; " +
			"`postpatch explain notify` tells how to write one")
	}
	trust := func(info fs.FileInfo) error { return ownersToChange(t.channels, info) }
	channels, problems := suites.LoadChannels(t.channels, trust, secretSource(ctx, a))
	if len(problems) > 0 {
		return nil, tellProblems(a, problems)
	}
	n := &notifier{app: a, channels: map[string]*channelPart{}, ofSuite: map[string]string{}}
	for _, s := range j.set.Suites {
		if s.Notify == "" {
			continue
		}
		channel, err := channels.For(s)
		if err != nil {
			a.talk("warning: nobody is told of suite %s: %s\n", s.Name, report.CleanLine(err.Error()))
			continue
		}
		n.ofSuite[s.Name] = channel.Name
		if known := n.channels[channel.Name]; known != nil {
			known.suites = append(known.suites, s.Name)
			continue
		}
		part := &channelPart{name: channel.Name, form: channel.Type, suites: []string{s.Name}}
		n.channels[channel.Name], n.names = part, append(n.names, channel.Name)
		secret, err := channels.Webhook(channel)
		if err == nil {
			part.webhook, err = newWebhook(secret)
		}
		if part.webhook.err = err; err != nil {
			a.talk("warning: channel %s cannot be told: %s\n", channel.Name, report.CleanLine(err.Error()))
		}
	}
	if len(n.channels) == 0 {
		a.talk("warning: --notify: no suite names a channel that there is, so nobody is told\n")
	}
	return n, nil
}

// Start implements report.Handler.
func (n *notifier) Start(r report.Run) error {
	n.run = r
	for _, part := range n.channels {
		part.tally = runner.NewTally(r.Started)
	}
	return nil
}

// Host implements report.Handler.
func (n *notifier) Host(h report.Host) error {
	for _, of := range report.PartsBy(h, func(c report.Check) string { return n.ofSuite[c.Suite] }) {
		if part := n.channels[of.Owner]; part != nil {
			part.hosts++
			part.tally.Add(of.Host)
			part.digest.Add(of.Host)
		}
	}
	return nil
}

// Finish implements report.Handler. It sends nothing: the verdict is told first.
func (n *notifier) Finish(s report.Summary) error {
	n.whole, n.finished = s, true
	return nil
}

// message is what a channel is told. Of a channel whose suites came to no check there is
// none: they were left out by the operator's choice.
func (n *notifier) message(part *channelPart) (m notify.Message, ok bool) {
	s := part.tally.Summary(n.whole.Finished)
	m = notify.Message{
		Run: n.run, Channel: part.name, Suites: part.suites, Finished: n.whole.Finished, Whole: n.whole,
		Part: report.OwnerSummary{
			Hosts: part.hosts, Verdict: s.Verdict, Reason: s.Reason, ExitCode: s.ExitCode, Counts: s.Counts,
			Unknown: s.Counts[report.Unknown], Unseen: s.Unseen,
		},
	}
	for _, count := range s.Counts {
		m.Part.Checks += count
	}
	m.Run.Notes = slices.Concat(m.Run.Notes, s.Notes)
	m.Items, m.More = part.digest.Items()
	return m, m.Part.Checks > 0
}

// tellAtOnce is how many channels are told at the same time, and tellTime how long all
// of it may take.
const (
	tellAtOnce = 4
	tellTime   = 2 * time.Minute
)

// send tells the channels. What goes wrong is told, and changes no exit code.
func (n *notifier) send(ctx context.Context, s sender) {
	if n == nil || !n.finished {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	work := func(yield func(func() (error, error)) bool) {
		for _, name := range n.names {
			part := n.channels[name]
			if !yield(func() (error, error) { return n.sendTo(ctx, s, part), nil }) {
				return
			}
		}
	}
	i := 0
	_ = runner.InOrder(tellAtOnce, work, func(err error) error { // of which none is an error
		if err != nil {
			n.talk("warning: channel %s was not told: %s\n", n.names[i], report.CleanLine(err.Error()))
		}
		i++
		return nil
	})
}

// sendTo tells one channel. Whatever happens, the verdict stays what it is.
func (n *notifier) sendTo(ctx context.Context, s sender, part *channelPart) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("making or sending its message crashed")
		}
	}()
	m, ok := n.message(part)
	if !ok {
		return nil
	}
	render := notify.JSON
	switch part.form {
	case "teams":
		render = notify.Teams
	case "slack":
		render = notify.Slack
	}
	return s.post(ctx, part.webhook, render(m))
}
