package winrm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"postpatch/probes/host"
)

const grantQuery = "make it a local administrator there, or a member of Remote Management Users and give it " +
	"Enable Account and Remote Enable on root in wmimgmt.msc"

// A host that is busy has WMI and nothing broken.
const (
	slowWMI    = "WMI takes long, as it does for some minutes after a reboot"
	waitForWMI = "wait, and run doctor again; then look for a busy WmiPrvSE.exe there"
)

// access is the step "access": may the account ask at all?
func (x *examiner) access(ctx context.Context) Step {
	_, err := x.session.enumerate(ctx, host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"CSName"}})
	fault, _ := errors.AsType[*Fault](err)
	if fault != nil && fault.Status == http.StatusUnauthorized { // the connection was forgotten, and then the account
		return x.refusedLogon(err)
	}
	return mayAsk(err)
}

// mayAsk words what the first query came to. Only an answer shows that the
// account may query, and that of a query which Windows has looked at and not
// understood. What else WMI says is for its own step: other things may work.
func mayAsk(err error) Step {
	switch {
	case err == nil:
		return Step{Saw: "the account may query WMI"}
	case isKind(err, BadQuery):
		return Step{Saw: "the account may query"}
	case isKind(err, AccessDenied):
		return noRight(err)
	case isKind(err, TimedOut):
		return Step{
			State: Note, Saw: "nobody has answered whether the account may query: " + clean(err.Error()),
			Cause: "WMI takes long", Cure: "see the step wmi",
		}
	case belongsToQuestion(err):
		return Step{
			State: Note, Saw: "not known whether the account may query: " + clean(err.Error()),
			Cause: "WMI fails, or what is behind it", Cure: "see the step wmi",
		}
	default:
		return broken("access", err)
	}
}

// noRight words that an account which the host has taken may not ask WMI.
func noRight(err error) Step {
	return Step{
		State: Failed, Saw: "access denied: " + whatItSaid(err),
		Cause: "the account is right, and may not query WMI over WinRM",
		Cure: grantQuery + "; a local administrator other than the built-in one needs LocalAccountTokenFilterPolicy = 1, " +
			"and a new membership a new logon",
	}
}

// whatItSaid is the host's own reason.
func whatItSaid(err error) string {
	text := err.Error()
	if i := strings.Index(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return strings.TrimSuffix(clean(text), ".")
}

// wmi is the step "wmi".
func (x *examiner) wmi(ctx context.Context) Step {
	const slow = 10 * time.Second
	start := time.Now()
	rows, err := x.session.enumerate(ctx, host.WQL{
		Class: "Win32_OperatingSystem", Columns: []string{"Caption", "LastBootUpTime", "LocalDateTime", "Version"},
	})
	took := time.Since(start)
	if step, ill := illWMI(rows, err); ill {
		return step
	}
	step := Step{Saw: clean(rows[0].Get("Caption").Text + " " + rows[0].Get("Version").Text)}
	boot, err := rows[0].Get("LastBootUpTime").Time()
	if err == nil {
		step.Saw += ", booted " + minute(boot)
	}
	if now, here := rows[0].Get("LocalDateTime").Time(); err == nil && here == nil && now.After(boot) {
		step.Saw += ", up " + span(now.Sub(boot))
	}
	if took > slow {
		step.State = Note
		step.Cause = "WMI takes long: it has just started, or a provider hangs"
		step.Cure = "wait some minutes after a reboot; then look for a busy WmiPrvSE.exe"
	}
	return step
}

// illWMI says why WMI tells nothing of its operating system. To salvage the
// repository changes the host: it is for one that has lost its classes, and not
// for one that is busy.
func illWMI(rows []host.Row, err error) (Step, bool) {
	if err == nil && len(rows) > 0 {
		return Step{}, false
	}
	step := Step{State: Failed, Saw: "no operating system in root/cimv2"}
	if err != nil {
		step.Saw = clean(err.Error())
	}
	switch {
	case err == nil, isKind(err, BadQuery):
		step.Cause = "WMI's repository or its provider is broken there"
		step.Cure = "winmgmt /verifyrepository on the host; where that finds it inconsistent, winmgmt /salvagerepository"
	case isKind(err, AccessDenied):
		step = noRight(err)
	case isKind(err, TimedOut):
		step.Cause, step.Cure = slowWMI, waitForWMI
	case belongsToQuestion(err):
		step.Cause = "WMI or the provider behind it fails there"
		step.Cure = "the host's log Microsoft-Windows-WMI-Activity/Operational tells which"
	default:
		step = broken("wmi", err)
	}
	return step, true
}

// span is a long time in its two biggest units.
func span(d time.Duration) string {
	switch days, hours := int(d.Hours())/24, int(d.Hours())%24; {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
}
