package exchangestate

import (
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/winsvc"
)

func servicesPart() part {
	return part{
		name: "services", read: readServices,
		asks: func(probe) []host.Question { return []host.Question{allServices()} },
		specs: []probes.ReadingSpec{
			{
				Name: "automatic", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset}, Severity: fact.Fail,
				Doc: "Exchange's services, and those that its setup stops, that start by themselves. What is missing now is " +
					"what has to be set to automatic again.",
			},
			{
				Name: "manual", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset}, Severity: fact.Note,
				Doc: "Those of them that are started by hand; what is missing now was manual.",
			},
			{
				Name: "disabled", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
				Doc: "Those of them that are disabled: an update that fails leaves them so.",
			},
			{
				Name: "restore", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
				Doc: "How Microsoft has them restored, where some are disabled.",
			},
		},
	}
}

// allServices asks for all, since WMI takes no condition with so many names.
func allServices() host.WQL { return winsvc.Question() }

// stopped are the services that Exchange's setup stops and disables while it works, beside
// those whose names begin with MSExchange. Source: the log of ServiceControl.ps1 in reports
// of updates that failed.
func stopped() []string {
	return []string{
		"HostControllerService", "FMS", "WSBExchange", "MSComplianceAudit", "SearchExchangeTracing", "ADAM_MSExchange",
		"W3SVC", "IISADMIN", "WAS", "AppHostSvc", "NetTcpPortSharing", "WinMgmt", "RemoteRegistry", "pla", "BITS",
		"wuauserv", "MpsSvc", "RpcEptMapper", "EventLog", "TrustedInstaller", "SNMP",
	}
}

func isTheirs(name string) bool {
	return strings.HasPrefix(named.Fold(name), named.Fold("MSExchange")) ||
		slices.ContainsFunc(stopped(), func(other string) bool { return strings.EqualFold(name, other) })
}

// restoring is what Microsoft's articles on such updates advise.
const restoring = `Bin\ServiceControl.ps1 AfterPatch in Exchange's folder sets and starts them as they were before; ` +
	`what they were also stands in C:\ExchangeSetupLogs\ServiceState.xml`

func readServices(v visit) {
	rows, ok := v.Some("the services", allServices())
	if !ok {
		return
	}
	all, whole := map[string][]string{}, true
	for _, row := range rows {
		name := named.Within(gather.Text(row, "Name"), exchangehost.MostName)
		mode := strings.ToLower(gather.Text(row, "StartMode"))
		switch {
		case !isTheirs(name):
		case mode == "auto", mode == "manual", mode == "disabled":
			all[mode] = append(all[mode], name)
		default:
			whole = false
			v.Failf("the start mode of "+name, "want Auto, Manual or Disabled, got %q",
				named.Within(mode, exchangehost.MostName))
		}
	}
	if !whole {
		return // what is not in a set would look as if it had left it
	}
	v.Add("", "automatic", fact.SetOf(all["auto"]...))
	v.Add("", "manual", fact.SetOf(all["manual"]...))
	v.Add("", "disabled", fact.SetOf(all["disabled"]...))
	if len(all["disabled"]) > 0 {
		v.Add("", "restore", fact.Text(restoring))
	}
}
