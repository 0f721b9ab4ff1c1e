package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"postpatch/probes/host"
)

// Step is one step of an examination. Its texts are single lines; what the host said in
// them is made fit to be shown.
type Step struct {
	Name            string
	Failed, Skipped bool
	Took            time.Duration
	Saw             string
	Cause, Cure     string // of a failure
}

// The steps, each of which needs those before it.
const (
	stepPort   = "port"
	stepKey    = "host key"
	stepLogon  = "logon"
	stepSystem = "system"
)

// Examine goes the whole way into a host, and tells each step as it ends. It logs on once.
// The error is ctx's, or says that the options cannot be: nothing was sent then.
func Examine(ctx context.Context, o Options, timeout time.Duration, tell func(Step)) error {
	s := &Session{}
	var err error
	if s.options, err = o.complete(); err != nil {
		return err
	}
	x := &examiner{Session: s, timeout: timeout, tell: tell}
	s.trust, err = newTrust(s.options)
	if errors.Is(err, ErrHostKey) { // of this host alone nothing is known
		x.fail(stepKey, 0, err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = s.Close(ctx) }()
	if x.enter(ctx) {
		x.system(ctx)
	}
	return context.Cause(ctx)
}

type examiner struct {
	*Session
	timeout time.Duration
	tell    func(Step)
}

// enter tells of the port, the host's key and the logon, which come in one go.
func (x *examiner) enter(ctx context.Context) bool {
	ctx, stop := context.WithTimeoutCause(ctx, x.timeout, fmt.Errorf("not done within %s", x.timeout))
	defer stop()
	var dialed time.Time
	start, dial := time.Now(), x.options.Dial
	x.options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		dialed = time.Now()
		return conn, err
	}
	err := x.connect(ctx)
	port := strconv.Itoa(x.options.Port)
	if err != nil && errors.Is(err, host.ErrNoAnswer) {
		x.fail(stepPort, time.Since(start), err)
		return false
	}
	x.tell(Step{Name: stepPort, Took: dialed.Sub(start), Saw: port + " is open"})
	if err != nil && x.trust.took == "" { // also what hangs up, or is no SSH
		x.fail(stepKey, time.Since(dialed), err)
		return false
	}
	x.tell(Step{Name: stepKey, Saw: x.trust.took})
	if err != nil {
		x.fail(stepLogon, time.Since(dialed), err)
		return false
	}
	x.tell(Step{Name: stepLogon, Took: time.Since(dialed), Saw: x.options.Credential.User + ", " + x.how})
	return true
}

// system tells what runs there, and by what it is asked.
func (x *examiner) system(ctx context.Context) {
	ctx, stop := context.WithTimeoutCause(ctx, x.timeout, fmt.Errorf("not done within %s", x.timeout))
	defer stop()
	start := time.Now()
	question := host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"Caption", "BuildNumber", "Version"}}
	answers, err := x.ask(ctx, []host.Question{question})
	var rows []host.Row
	if err == nil {
		rows, err = answers.To(question)
	}
	if err == nil && len(rows) != 1 {
		err = fmt.Errorf("want one system, got %d", len(rows))
	}
	if err != nil {
		x.fail(stepSystem, time.Since(start), err)
		return
	}
	x.tell(Step{
		Name: stepSystem, Took: time.Since(start),
		Saw: fmt.Sprintf("%s, %s, asked by %s",
			clean(rows[0].Get("Caption").Text), clean(rows[0].Get("BuildNumber").Text), x.by),
	})
}

// fail tells of a step that does not work, and of those that need it.
func (x *examiner) fail(name string, took time.Duration, err error) {
	saw, cure := "it does not work", "see the sshd there: its log, AllowUsers, and that it runs"
	switch {
	case errors.Is(err, host.ErrNoAnswer):
		saw, cure = strconv.Itoa(x.options.Port)+" does not answer", "run sshd there, and let "+strconv.Itoa(x.options.Port)+
			" through its firewall"
	case errors.Is(err, ErrHostKey):
		saw, cure = "not the host's", "compare the key on the host itself, and correct known_hosts or host_keys"
	case errors.Is(err, host.ErrNotTried):
		saw, cure = "nothing was shown", "correct the entry of the credentials file"
	case errors.Is(err, host.ErrRefused):
		saw, cure = x.options.Credential.User+" was refused", "correct the account, or its key, here or there"
	case errors.Is(err, host.ErrNoPowerShell):
		saw, cure = "PowerShell does not run", "let the account run powershell.exe there (AppLocker, WDAC, PATH)"
	}
	x.tell(Step{Name: name, Failed: true, Took: took, Saw: saw, Cause: err.Error(), Cure: cure})
	skip := false
	for _, step := range []string{stepPort, stepKey, stepLogon, stepSystem} {
		if skip {
			x.tell(Step{Name: step, Skipped: true, Saw: "needs " + name})
		}
		skip = skip || step == name
	}
}
