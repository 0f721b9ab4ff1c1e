package winrm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
)

// languageScript tells how much PowerShell lets scripts do, and which one it is.
// It keeps to what every language mode but NoLanguage allows: variables, their
// properties, and text.
const languageScript = `"$($ExecutionContext.SessionState.LanguageMode) $($PSVersionTable.PSVersion)"`

const (
	slowStart    = 20 * time.Second
	oldestScript = 3 // the PowerShell that collectors need
	stillByWMI   = "checks that ask WMI alone work without it"
)

// powerShell is the step "powershell": the whole way that collectors go. One
// shell carries first a line that runs anywhere, to tell the host's limits, and
// then a collector as it is always sent.
func (x *examiner) powerShell(ctx context.Context) Step {
	question := host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`}, "values": {"UBR"},
	}}
	env, boot, err := packed.Pack([]host.Question{question})
	if err != nil {
		return broken("powershell", err)
	}
	sh, err := x.session.openShell(ctx, env)
	if err != nil {
		return x.noShell("shell", err)
	}
	step, err := x.inShell(ctx, sh, boot, packed.MarksOf(env))
	sh.remove(ctx, err)
	return step
}

// inShell runs both scripts. The error is what ended the last of them.
func (x *examiner) inShell(ctx context.Context, sh *shell, boot string, marks packed.Marks) (Step, error) {
	start := time.Now()
	first, err := sh.execute(ctx, packed.EncodeCommand(languageScript))
	if err != nil {
		return x.noOutput(sh, err), err
	}
	took := time.Since(start)
	mode, version, ok := readLanguage(first.stdout.Bytes())
	if !ok {
		return blocked(first), nil
	}
	saw := fmt.Sprintf("version %s, %s", version, mode)
	second, err := sh.execute(ctx, boot)
	if err != nil {
		return x.noOutput(sh, err), err
	}
	found, err := packed.DecodeAnswers(marks, second.stdout.Bytes())
	if err != nil || len(found) != 1 || found[0].Error != "" {
		step := noCollector(mode, version, second)
		step.Saw = saw
		if err == nil && len(found) == 1 {
			step.Cause = "the collector itself failed: " + clean(found[0].Error)
		}
		return step, nil
	}
	step := Step{Saw: saw + ", collectors run"}
	if len(found[0].Rows) == 1 {
		step.Saw += ", UBR " + clean(found[0].Rows[0].Get("UBR").Text)
	}
	if took > slowStart {
		step.State = Note
		step.Saw += ", took " + round(took).String() + " to start"
		step.Cause = "PowerShell starts slowly: after .NET was patched its native images are built anew for some time"
		step.Cure = "wait, or run on the host: %windir%\\Microsoft.NET\\Framework64\\v4.0.30319\\ngen executeQueuedItems"
	}
	return step, nil
}

// readLanguage reads the line that languageScript writes: "FullLanguage 5.1.17763.6".
func readLanguage(stdout []byte) (mode, version string, ok bool) {
	const most = 4 << 10
	stdout = stdout[:min(len(stdout), most)]
	m := regexp.MustCompile(`(?m)^(\w+Language) ([0-9][0-9.]*)\r?$`).FindSubmatch(stdout)
	if m == nil {
		return "", "", false
	}
	return string(m[1]), string(m[2]), true
}

// noOutput is noShell of a shell that is there.
func (x *examiner) noOutput(sh *shell, err error) Step {
	if sh.command == "" {
		return x.noShell("command", err)
	}
	return x.noShell("output", err)
}

// noShell says why there is no shell, or no command in it, or no output of that:
// the thing.
func (x *examiner) noShell(thing string, err error) Step {
	fault, _ := errors.AsType[*Fault](err)
	step := Step{State: Failed}
	switch {
	case isKind(err, AccessDenied):
		step.Saw = "no " + thing + ": access denied"
		step.Cause = "the account may query, and may not " + map[string]string{
			"shell": "open a shell", "command": "run a command in a shell", "output": "read what a command writes",
		}[thing]
		step.Cure = "make it a local administrator, or give it Execute in winrm configSDDL default; " + stillByWMI
	case isKind(err, TimedOut):
		step.Saw = "no " + thing + ": " + fault.Error()
		step.Cause, step.Cure = silence("powershell")
	case isKind(err, ShellGone):
		step.Saw = "no " + thing + ": " + fault.Error()
		step.Cause, step.Cure = ending("powershell")
	case belongsToQuestion(err) && x.shut:
		step.Saw = "no " + thing + ": " + fault.Error()
		step.Cause = "the host does not open remote shells"
		step.Cure = `winrm set winrm/config/winrs @{AllowRemoteShellAccess="true"}; ` + stillByWMI
	case belongsToQuestion(err):
		step.Saw = "no " + thing + ": " + fault.Error()
		step.Cause = "not known"
		step.Cure = "look on the host at the log Microsoft-Windows-WinRM/Operational, and at winrm get winrm/config/winrs " +
			"(AllowRemoteShellAccess); " + stillByWMI
	default:
		return broken("powershell", err)
	}
	return step
}

// blocked says why PowerShell did not even write one line. What cmd.exe says is
// in the host's language; its English is told apart, and shown in any.
func blocked(out *output) Step {
	said := out.said()
	step := Step{State: Failed, Saw: fmt.Sprintf("exit code %d, it said %q", out.code, said)}
	has := func(text string) bool { return strings.Contains(strings.ToLower(said), text) }
	const ninethousand = 9009 // cmd.exe's own code for a program that it does not find
	switch {
	case has("group policy"), has("blocked by"):
		step.Cause = "AppLocker or a software restriction policy blocks powershell.exe for this account"
		step.Cure = "allow it for the account there (Get-AppLockerPolicy -Effective -Xml); " + stillByWMI
	case has("is not recognized as an internal"), out.code == ninethousand:
		step.Cause = "powershell.exe is not on the path of a remote shell: blocked, removed, or a broken PATH"
		step.Cure = "winrs -r:HOST \"where powershell\" tells; mend PATH there or the policy; " + stillByWMI
	case has("access is denied"):
		step.Cause = "the account may not start powershell.exe: its permissions there, or a security product"
		step.Cure = "look at icacls of powershell.exe there and at the product's log; " + stillByWMI
	case has("in this language mode"):
		step.Cause = "a policy allows PowerShell no script at all (NoLanguage)"
		step.Cure = "lift it for the account; " + stillByWMI
	default:
		step.Cause = "PowerShell does not run one line there: it is broken, out of memory, or held off by a security product"
		step.Cure = "winrs -r:HOST powershell -NoProfile -Command 1 tries it by hand; " + stillByWMI
	}
	return step
}

// noCollector says why a collector does not run where PowerShell does.
func noCollector(mode, version string, out *output) Step {
	step := Step{State: Failed}
	major, _, _ := strings.Cut(version, ".")
	number, _ := strconv.Atoi(major)
	switch {
	case mode != "FullLanguage":
		step.Cause = "WDAC or AppLocker keeps PowerShell in " + mode + ", where collectors cannot run"
		step.Cure = "exempt the account by AppLocker's script rules, or the host by its policy; " + stillByWMI
	case number < oldestScript:
		step.Cause = "PowerShell " + version + " is too old: collectors need 3"
		step.Cure = "install Windows Management Framework 5.1 there; " + stillByWMI
	default:
		step.Cause = fmt.Sprintf("one line runs and a collector does not: exit code %d, it said %q", out.code, out.said())
		step.Cure = "a security product may block packed scripts: look at its log there (Defender: event 1116); " + stillByWMI
	}
	return step
}
