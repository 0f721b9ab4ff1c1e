package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postpatch/probes/host/ssh"
	"postpatch/probes/host/winrm"
	"postpatch/runner"
	"postpatch/suites"
)

func newDoctor(a app) *cobra.Command {
	var d doctor
	cmd := &cobra.Command{
		Use:   "doctor HOST…",
		Short: "Find out, step by step, why a host cannot be asked over WinRM or SSH",
		Long: "Goes the whole way into each host and tells of every step what it saw, and of what does not work why\n" +
			"and what to do: name, address, port, TLS, Identify, logon, right, quotas, WMI, PowerShell, and the\n" +
			"snap-in of Exchange where the credentials file chooses it; over SSH port, host key, logon and what\n" +
			"answers there. It changes nothing there. It tries an\n" +
			"account once on each host, and a domain's on no other host after three have refused it. Exit code 0\n" +
			"when all steps work, 1 when one does not, 2 when nothing was tried.",
		Example: "  postpatch doctor sql01.corp.example.org --credentials patch.credentials.yaml\n" +
			"  postpatch doctor web01 --address 10.20.0.12 --timeout 20s",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error { return d.run(cmd.Context(), a, names) },
	}
	f := cmd.Flags()
	d.reachFlags(f, a)
	f.StringVar(&d.address, "address", "", "go to this address, whatever the DNS says; for one host")
	f.DurationVar(&d.timeout, "timeout", time.Minute, "the longest time of one step")
	f.StringVar(&d.json, "json", "", "write the steps as JSON to this file")
	return cmd
}

// doctor is what the flags say.
type doctor struct {
	inputs
	address string
	timeout time.Duration
	json    string
}

// examined is one host in the JSON file.
type examined struct {
	Host  string `json:"host"`
	Steps []step `json:"steps"`
}

// step is winrm.Step as the JSON file has it.
type step struct {
	Name  string  `json:"name"`
	State string  `json:"state"` // ok, note, failed, skipped
	Took  float64 `json:"took_ms"`
	Saw   string  `json:"saw"`
	Cause string  `json:"cause,omitempty"`
	Cure  string  `json:"cure,omitempty"`
}

func (d *doctor) run(ctx context.Context, a app, names []string) error {
	j := newJob(a)
	defer j.logins.Close()
	examinations, err := d.prepare(ctx, a, &j, names)
	if err != nil {
		return err
	}
	var out *atomicFile
	if d.json != "" {
		if out, err = createAtomic(d.json); err != nil {
			return err
		}
		defer out.discard()
	}
	var all []examined
	code := runner.ExitOK
	for i, e := range examinations {
		if i > 0 {
			a.tell("\n")
		}
		one, err := examine(ctx, a, e)
		if err != nil {
			return told(ctx, a, err)
		}
		all = append(all, one)
		for _, s := range one.Steps {
			if s.State == winrm.Failed.String() {
				code = runner.ExitBroken
			}
		}
	}
	if out != nil {
		if err := writeJSON(out, struct {
			Hosts    []examined `json:"hosts"`
			ExitCode int        `json:"exit_code"`
		}{all, code}); err != nil {
			return err
		}
		if err := out.commit(); err != nil {
			return err
		}
	}
	return exitWith(code)
}

// told ends a run that was cut short.
func told(ctx context.Context, a app, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		a.talk("interrupted\n")
		return exitError(runner.ExitInterrupted)
	}
	return err
}

func writeJSON(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(document)
}

// prepare reads all that is needed and tells what is wrong before anything is
// sent.
func (d *doctor) prepare(ctx context.Context, a app, j *job, names []string) ([]examination, error) {
	if d.timeout <= 0 {
		return nil, fmt.Errorf("--timeout %s: want more than nothing", d.timeout)
	}
	if d.address != "" && len(names) > 1 {
		return nil, fmt.Errorf("--address %s leads one host there, and there are %d", d.address, len(names))
	}
	if d.credentials == "" {
		return nil, errors.New("there is no --credentials file; `postpatch explain credentials` tells how to write one")
	}
	if problems := d.enter(ctx, a, j); len(problems) > 0 {
		return nil, tellProblems(a, problems)
	}
	if err := d.reach(j); err != nil {
		return nil, err
	}
	var examinations []examination
	var wrong []string
	for _, name := range names {
		e, err := d.examination(ctx, *j, name)
		if err != nil {
			wrong = append(wrong, err.Error())
		}
		examinations = append(examinations, e)
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("nothing was sent to any host:\n  %s", strings.Join(wrong, "\n  "))
	}
	return examinations, nil
}

// examination is one host's, over WinRM or over SSH.
type examination struct {
	host  string
	winrm winrm.Examination
	ssh   *ssh.Options // nil for WinRM
}

func (e examination) run(ctx context.Context, tell func(winrm.Step)) error {
	if e.ssh == nil {
		return winrm.Examine(ctx, e.winrm, tell)
	}
	return ssh.Examine(ctx, *e.ssh, e.winrm.Timeout, func(s ssh.Step) {
		state := winrm.OK
		switch {
		case s.Failed:
			state = winrm.Failed
		case s.Skipped:
			state = winrm.Skipped
		}
		tell(winrm.Step{Name: s.Name, State: state, Took: s.Took, Saw: s.Saw, Cause: s.Cause, Cure: s.Cure})
	})
}

func (d *doctor) examination(ctx context.Context, j job, name string) (examination, error) {
	if _, err := netip.ParseAddr(name); err != nil && (name == "" || strings.ContainsAny(name, ":/\\ \t\r\n")) {
		return examination{}, fmt.Errorf("%q is no host name; its port stands in the credentials file", name)
	}
	h := suites.Host{Name: name, Address: d.address}
	if s := j.credentials.WinRM(name); s.SSH != nil {
		o, err := sshOptions(h, j, *s.SSH)
		return examination{name, winrm.Examination{Timeout: d.timeout}, &o}, err
	}
	o, err := sessionOptions(h, j)
	if err != nil {
		return examination{}, err
	}
	s, err := winrm.Open(ctx, o) // sends nothing
	if err != nil {
		return examination{}, err
	}
	e := winrm.Examination{Options: o, Resolve: j.routes.Resolve, Timeout: d.timeout}
	return examination{name, e, nil}, s.Close(ctx)
}

// examine examines one host and prints each step as it ends.
func examine(ctx context.Context, a app, e examination) (examined, error) {
	one := examined{Host: e.host}
	v := &doctorView{app: a, host: e.host}
	start := time.Now()
	err := e.run(ctx, func(s winrm.Step) {
		one.Steps = append(one.Steps, step{
			s.Name, s.State.String(), float64(s.Took.Microseconds()) / 1000, s.Saw, s.Cause, s.Cure,
		})
		v.step(s)
	})
	if err != nil {
		return one, err
	}
	v.verdict(time.Since(start))
	return one, nil
}
