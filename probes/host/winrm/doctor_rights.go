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

// access is the step "access": may the account ask at all?
func (x *examiner) access(ctx context.Context) Step {
	_, err := x.session.enumerate(ctx, host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"CSName"}})
	fault, _ := errors.AsType[*Fault](err)
	switch {
	case fault != nil && fault.Status == http.StatusUnauthorized: // the connection was forgotten, and then the account
		return x.refusedLogon(err)
	case isKind(err, AccessDenied):
		return Step{
			State: Failed, Saw: "access denied: " + whatItSaid(err),
			Cause: "the account is right, and may not query WMI over WinRM",
			Cure: grantQuery + "; a local administrator other than the built-in one needs LocalAccountTokenFilterPolicy = 1, " +
				"and a new membership a new logon",
		}
	case err != nil && !belongsToQuestion(err):
		return broken(err)
	case err != nil: // WMI itself has a step of its own
		return Step{Saw: "the account may query"}
	default:
		return Step{Saw: "the account may query WMI"}
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
	switch {
	case belongsToQuestion(err), err == nil && len(rows) == 0:
		step := Step{
			State: Failed, Saw: "no operating system in root/cimv2",
			Cause: "WMI's repository or its provider is broken there",
			Cure:  "winmgmt /verifyrepository on the host, then winmgmt /salvagerepository; Restart-Service Winmgmt",
		}
		if err != nil {
			step.Saw = clean(err.Error())
		}
		return step
	case err != nil:
		return broken(err)
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
