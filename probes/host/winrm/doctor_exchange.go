package winrm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/psrp"
)

// whoIsThere reads a little of the directory, as every command of Exchange does.
func whoIsThere() host.Cmdlet {
	return host.Cmdlet{
		Endpoint: onlyExchange, Name: "Get-ExchangeServer", Properties: []string{"Name", "AdminDisplayVersion"},
		Params: map[string][]string{"Identity": {host.Self}},
	}
}

// exchange is the step "exchange", of an account whose entry says to ask Exchange by
// its snap-in. That is worth a note where it works.
func (x *examiner) exchange(ctx context.Context) Step {
	start := time.Now()
	question := whoIsThere()
	answers, err := x.session.Ask(ctx, []host.Question{question})
	if err != nil {
		return broken("powershell", err)
	}
	rows, err := answers.To(question)
	switch err := errors.Unwrap(err); {
	case errors.Is(err, host.ErrNotTried):
		return Step{
			State: Note, Saw: "no snap-in of Exchange is registered there",
			Cause: "the host has no Exchange, and its entry in the credentials file says winrm: {exchange: snapin}",
			Cure:  "nothing, if it is to have none; checks that run Exchange's commands stay unknown there",
		}
	case isRecord(err):
		return Step{
			State: Failed, Saw: "the snap-in is loaded, and Get-ExchangeServer fails: " + clean(err.Error()),
			Cause: "mostly: the commands read Active Directory, and a domain controller takes no logon from there that came " +
				"over the network (the second hop)",
			Cure: "enter by Kerberos, and let the server delegate to the domain controllers (resource-based constrained " +
				"delegation); or leave exchange: snapin out of the entry, and Exchange's own endpoint is asked",
		}
	case err != nil:
		return Step{
			State: Failed, Saw: clean(err.Error()), Cause: "the snap-in does not load there, or not in time",
			Cure: "try it there by hand: Add-PSSnapin Microsoft.Exchange.Management.PowerShell.SnapIn; or leave " +
				"exchange: snapin out of the entry, and Exchange's own endpoint is asked",
		}
	}
	if len(rows) == 0 {
		return Step{
			State: Failed, Saw: "the snap-in is loaded, and knows no Exchange server",
			Cause: "it does not read the directory, or not as this account",
			Cure:  "leave exchange: snapin out of the entry, and Exchange's own endpoint is asked",
		}
	}
	step := Step{
		State: Note, Saw: fmt.Sprintf("the snap-in is loaded and reads the directory, all in %s", round(time.Since(start))),
		Cause: "winrm: {exchange: snapin} in the credentials file: Exchange's roles (RBAC) do not bind the account there, " +
			"its rights in Active Directory do, and Microsoft does not support the snap-in for this",
		Cure: "nothing, if it is meant so; without it Exchange's own endpoint is asked",
	}
	step.Saw += ": " + clean(rows[0].Get("Name").Text+", "+rows[0].Get("AdminDisplayVersion").Text)
	return step
}

// isRecord says whether a command itself has said what went wrong.
func isRecord(err error) bool {
	_, is := errors.AsType[*psrp.Error](err)
	return is
}
