package winrm

import (
	"context"
	"errors"
	"net"

	"postpatch/probes/host/winrm/auth"
)

// byDomain is a logon that the host has a domain controller verify, as if it
// were a step of its own.
const byDomain = "logon by domain"

// broken words what can go wrong with any message on its way, by the step that
// it was sent in: what answered before does explain a silence.
func broken(during string, err error) Step {
	step := Step{State: Failed}
	fault, isFault := errors.AsType[*Fault](err)
	switch what, way, found := auth.Refusal(err); {
	case found:
		step.Saw, step.Cause, step.Cure = "refused", what, way
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		step.Saw = "no answer in time"
		step.Cause, step.Cure = silence(during)
	case hungUp(err):
		step.Saw = "the host closed the connection without a word"
		step.Cause, step.Cure = ending(during)
	case isFault && fault.Kind == Quota:
		step.Saw = fault.Error()
		step.Cause = "the account has reached a limit of WinRM there, often by shells that others have left open"
		step.Cure = "end them (winrm enumerate shell lists them, Remove-WSManInstance shell @{ShellId=\"ID\"} ends one), " +
			"or raise the limit in winrm/config/winrs"
	case isFault && fault.Kind == NotWSMan, !isFault && isStrange(err):
		step.Saw = clean(err.Error())
		if isFault {
			step.Saw = fault.Error()
		}
		step.Cause = "what answers there is not WinRM, or something on the way changes what it says"
		step.Cure = "look at what listens on the port, and for a proxy between here and the host"
	default:
		step.Saw = clean(err.Error())
		step.Cause, step.Cure = "not known", "the host's log Microsoft-Windows-WinRM/Operational has its side of it"
	}
	return step
}

// silence says why a host may not answer. To restart WinRM ends the shells of
// everybody: it is for a service that nothing else explains.
func silence(during string) (cause, cure string) {
	switch during {
	case byDomain:
		return "the host has a domain controller verify the account, and its way there is slow or shut",
			"on the host: Test-ComputerSecureChannel, and nltest /sc_query:DOMAIN; the controller may be rebooting too"
	case "logon":
		return "the host answers strangers and not the account: LSASS or WinRM are busy there, as after a reboot",
			"wait, and run doctor again; then look at the System and Security logs there"
	case "access", "wmi":
		return slowWMI, waitForWMI
	case "quotas":
		return "the service WinRM answers queries and hangs over its own configuration",
			"run doctor again in some minutes; if it stays so, Restart-Service WinRM, which ends everybody's shells there"
	case "powershell":
		return "powershell.exe starts slowly, as it does while .NET builds its native images after a patch, " +
				"or a security product holds it",
			"wait, and run doctor again with a longer --timeout; then look at powershell.exe there and at the product's log; " +
				stillByWMI
	default:
		return "the port is open, and nothing behind it speaks: the WinRM service may hang or still be starting",
			"give it a few minutes after a reboot, then restart the service there: Restart-Service WinRM"
	}
}

// ending says why a host may end the connection in place of an answer.
func ending(during string) (cause, cure string) {
	switch during {
	case byDomain:
		return "the host gives up the logon, maybe for want of a domain controller; or a proxy in between carries none",
			"on the host: Test-ComputerSecureChannel, and Get-Service WinRM; look for a proxy on the way"
	case "logon":
		return "the host answers strangers and ends the logon: WinRM is stopping, or a proxy in between carries no logon",
			"try again in a minute; on the host: Get-Service WinRM; look for a proxy on the way"
	case "access", "wmi":
		return "WMI or a provider of it has ended over the query, or the service WinRM is just stopping",
			"run doctor again; on the host: Get-Service WinRM, Winmgmt, and the log Microsoft-Windows-WMI-Activity/Operational"
	case "quotas":
		return "the service WinRM is just stopping, or has ended over its own configuration",
			"run doctor again in a minute; on the host: Get-Service WinRM"
	case "powershell":
		return "the shell has ended: WinRM is just stopping, MaxMemoryPerShellMB is used up, or a security product ended it",
			"run doctor again; the logs of WinRM and of the product there tell which; " + stillByWMI
	default:
		return "the service is just starting or stopping, or a proxy or load balancer stands in front of it",
			"try again in a minute; on the host: Get-Service WinRM, and netsh http show iplisten"
	}
}

func isTimeout(err error) bool {
	timeout, is := errors.AsType[net.Error](err)
	return is && timeout.Timeout()
}
