package exchangestate_test

import (
	"errors"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func set(of, row, column, text string) []probetest.Change {
	return []probetest.Change{probetest.Set(of, row, column, text)}
}

func TestNoiseIsSilent(t *testing.T) {
	healthy().Passes(t, map[string][]probetest.Change{
		"the databases were moved while it was patched": {
			probetest.Set("CopyStatus", `DB01\EX01`, "Status", "Healthy"),
			probetest.Set("CopyStatus", `DB01\EX01`, "ActiveDatabaseCopy", "EX02"),
			probetest.Set("CopyStatus", `DB02\EX01`, "Status", "Mounted"),
			probetest.Set("CopyStatus", `DB02\EX01`, "ActiveDatabaseCopy", "EX01"),
		},
		"logs came in meanwhile":         set("CopyStatus", `DB02\EX01`, "CopyQueueLength", "12"),
		"a lagged copy has more to wait": set("CopyStatus", `LAG\EX01`, "ReplayQueueLength", "9500"),
		"queues have other numbers": {
			probetest.Set("Get-Queue", `EX01\17`, "Identity", `EX01\2`),
			probetest.Set("Get-Queue", `EX01\19`, "Identity", `EX01\3`),
		},
		"a smart host's queue is gone, and one to a stranger retries": {
			probetest.Drop("Get-Queue", `EX01\18`),
			probetest.Add("Get-Queue", "Identity", `EX01\21`, "DeliveryType", "DnsConnectorDelivery", "Status", "Retry",
				"MessageCount", "1", "NextHopDomain", "gone.example", "LastError", "451"),
		},
		"shadow copies pile up":             set("Get-Queue", "ShadowRedundancy", "MessageCount", "5000"),
		"an empty queue retries":            {probetest.Set("Get-Queue", `EX01\17`, "Status", "Retry"), probetest.Set("Get-Queue", `EX01\17`, "MessageCount", "0")},
		"the engine has updated itself":     {probetest.Add("exchange", "Part", "engine", "Name", "2112330099")},
		"another case":                      set("Get-MailboxServer", "", "DatabaseAvailabilityGroup", "dag1"),
		"the answers come in another order": {probetest.Turn("")},
		"a new health set":                  {probetest.Add("Get-HealthReport", "HealthSet", "New", "AlertValue", "Healthy")},
		"an inactive component that may be": set("ComponentState", "ProvisioningRps", "State", "Active"),
	})
}

func TestWhatAPatchBreaks(t *testing.T) {
	healthy().Tells(t, map[string]runnertest.Story{
		"a setup that failed has left its requester": {
			After: []probetest.Change{
				probetest.Set("ComponentState", "ServerWideOffline", "State", "Inactive"),
				probetest.List("ComponentState", "ServerWideOffline", "LocalStates",
					"@{Requester=Maintenance; State=Active}\n@{Requester=Functional; State=Inactive}"),
				probetest.Set("ComponentState", "HubTransport", "State", "Inactive"),
				probetest.Set("ComponentState", "HubTransport", "ServerWideOfflineIsOffline", "true"),
			},
			Want: []string{
				"regressed failing", "component/HubTransport component: regressed active -> inactive",
				"component/ServerWideOffline component: regressed active -> inactive",
			},
		},
		"the endpoint is dead, and the registry tells why": {
			After: []probetest.Change{
				probetest.Refuse("Microsoft.Exchange", errors.New("connection refused")),
				probetest.Set("exchange", "HubTransport", "Value", "1:0:638000000000000000"),
			},
			Want: []string{"failed failing", "component/HubTransport requested: failed  -> inactive"},
		},
		"the endpoint is dead, and nothing else is known": {
			After: []probetest.Change{probetest.Refuse("Microsoft.Exchange", errors.New("connection refused"))},
			Want:  []string{"unknown"},
		},
		"the account has lost its role": {
			After: []probetest.Change{probetest.Refuse("Get-Queue", host.ErrNoCommand)},
			Want:  []string{"unknown"},
		},
		"a health set does not recover": {
			After: set("Get-HealthReport", "OWA.Protocol", "AlertValue", "Unhealthy"),
			Want:  []string{"regressed failing", "health/OWA.Protocol alert: regressed healthy -> unhealthy"},
		},
		"a health set was unhealthy before": {
			Before: set("Get-HealthReport", "FIPS", "AlertValue", "Unhealthy"),
			After:  set("Get-HealthReport", "FIPS", "AlertValue", "Unhealthy"),
			Want:   []string{"pre-existing", "health/FIPS alert: pre-existing unhealthy -> unhealthy"},
		},
		"a copy fails": {
			After: set("CopyStatus", `DB02\EX01`, "Status", "FailedAndSuspended"),
			Want:  []string{"regressed failing", "copy/DB02/EX01 copy: regressed healthy -> failedandsuspended"},
		},
		"a copy is gone": {
			After: []probetest.Change{probetest.Drop("CopyStatus", `DB02\EX01`)},
			Want: []string{
				"regressed failing", "copy/DB02/EX01: drifted there -> gone",
				"copy/DB02/EX01 activation_suspended: regressed false -> ", "copy/DB02/EX01 copy: regressed healthy -> ",
				"copy/DB02/EX01 copy_queue: regressed 0 -> ", "copy/DB02/EX01 replay_queue: regressed 2 -> ",
			},
		},
		"a copy may no longer become active, and is far behind": {
			After: []probetest.Change{
				probetest.Set("CopyStatus", `DB02\EX01`, "ActivationSuspended", "true"),
				probetest.Set("CopyStatus", `DB02\EX01`, "CopyQueueLength", "4000"),
			},
			Want: []string{
				"regressed failing", "copy/DB02/EX01 activation_suspended: regressed false -> true",
				"copy/DB02/EX01 copy_queue: regressed 0 -> 4000",
			},
		},
		"mail stays in the submission queue": {
			After: set("Get-Queue", `EX01\Submission`, "MessageCount", "2300"),
			Want:  []string{"regressed failing", "queue/Submission messages: regressed 3 -> 2300"},
		},
		"a database takes no mail, and a queue was suspended": {
			After: []probetest.Change{
				probetest.Set("Get-Queue", `EX01\17`, "Status", "Retry"),
				probetest.Set("Get-Queue", `EX01\18`, "Status", "Suspended"),
			},
			Want: []string{"drifted failing", "retrying: drifted  -> db01", "suspended: drifted  -> [10.20.0.99]"},
		},
		"maintenance was not ended": {
			After: []probetest.Change{
				probetest.Set("Get-MailboxServer", "", "DatabaseCopyAutoActivationPolicy", "Blocked"),
				probetest.Set("Get-MailboxServer", "", "DatabaseCopyActivationDisabledAndMoveNow", "true"),
				probetest.Set("MSCluster_Node", "EX01", "State", "2"),
			},
			Want: []string{
				"regressed failing", "activation_policy: regressed unrestricted -> blocked",
				"cluster_node: regressed up -> paused", "moved_away: regressed false -> true",
			},
		},
		"the other node is paused, which is its own matter": {
			After: set("MSCluster_Node", "EX02", "State", "2"),
			Want:  []string{"passed"},
		},
		"services were left disabled": {
			After: []probetest.Change{
				probetest.Set("Win32_Service", "MSExchangeIS", "StartMode", "Disabled"),
				probetest.Set("Win32_Service", "W3SVC", "StartMode", "Disabled"),
			},
			Want: []string{
				"drifted failing",
				"automatic: drifted IISADMIN, MSExchangeADTopology, MSExchangeIS, MSExchangeTransport, W3SVC -> " +
					"IISADMIN, MSExchangeADTopology, MSExchangeTransport",
				"disabled: drifted  -> MSExchangeIS, W3SVC",
			},
		},
		"a build that Microsoft took back": {
			After: set("exchange", "15.2.1544.11", "Version", "15.2.1544.13"),
			Want: []string{
				"regressed failing", "build: drifted 15.2.1544.11 -> 15.2.1544.13",
				"known_bad: regressed no -> the update of November 2024 stops transport rules after some hours, " +
					"mended in 15.2.1544.14",
			},
		},
		"the engine of New Year 2022": {
			Before: set("exchange", "15.2.1544.11", "Version", "15.2.986.14"),
			After: []probetest.Change{
				probetest.Set("exchange", "15.2.1544.11", "Version", "15.2.986.14"),
				probetest.Set("exchange", "2112330010", "Name", "2201010001"),
			},
			Want: []string{
				"regressed failing",
				"known_bad: pre-existing the update of November 2021 redirects OWA in a circle, mended in 15.2.986.15 -> " +
					"the update of November 2021 redirects OWA in a circle, mended in 15.2.986.15",
				"engine_fits: regressed true -> false",
			},
		},
		"the same engine on a build that takes it": {
			After: set("exchange", "2112330010", "Name", "2201010001"),
			Want:  []string{"passed"},
		},
		"the Auth certificate has ended": {
			After: set("Get-ExchangeCertificate", "AA11", "NotAfter", "2026-11-22T10:00:00Z"),
			Want: []string{
				"regressed failing", "certificate/Auth auth_days_left: regressed 1096 days -> -1 days",
			},
		},
		"the server does not have the Auth certificate": {
			After: []probetest.Change{probetest.Drop("Get-ExchangeCertificate", "AA11")},
			Want: []string{
				"regressed failing", "certificate/Auth held: regressed true -> false",
			},
		},
		"old certificates were tidied away": {
			After: []probetest.Change{
				probetest.Drop("Get-ExchangeCertificate", "A000"), probetest.Drop("Get-ExchangeCertificate", "B000"),
			},
			Want: []string{"passed"},
		},
		"a certificate in use ends": {
			After: set("Get-ExchangeCertificate", "DD44", "NotAfter", "2026-11-25T20:00:00Z"),
			Want: []string{
				"regressed failing", "certificate/IIS/EX01 days_left: regressed 731 days -> 3 days",
				"certificate/SMTP/EX01 days_left: regressed 731 days -> 3 days",
			},
		},
		"a service uses a certificate no more": {
			After: set("Get-ExchangeCertificate", "DD44", "Services", "SMTP"),
			Want: []string{
				"regressed failing", "certificate/IIS bound: drifted BB22, DD44 -> BB22",
				"certificate/IIS/EX01 days_left: regressed 731 days -> ",
			},
		},
		"the new one has no key": {
			After: set("Get-ExchangeCertificate", "BB22", "HasPrivateKey", "false"),
			Want:  theOldOne(),
		},
		"the new one is not valid yet": {
			After: set("Get-ExchangeCertificate", "BB22", "NotBefore", "2026-11-25T20:00:00Z"),
			Want:  theOldOne(),
		},
		"one that the server signed itself takes nobody's place": {
			After: set("Get-ExchangeCertificate", "BB22", "IsSelfSigned", "true"),
			Want:  theOldOne(),
		},
		"what was known of certificates and is not now": {
			After: set("Get-ExchangeCertificate", "AA11", "NotAfter", "bald"),
			Want:  []string{"unknown"},
		},
	})
}

// theOldOne is told where nothing has taken the place of a certificate that has ended.
func theOldOne() []string {
	lines := []string{"regressed failing"}
	for _, service := range []string{"IMAP", "POP", "SMTP"} {
		more := map[bool]string{true: ", DD44"}[service == "SMTP"]
		lines = append(lines, "certificate/"+service+" bound: drifted BB22"+more+" -> B000, BB22"+more)
	}
	for _, service := range []string{"IMAP", "POP", "SMTP"} {
		lines = append(lines, "certificate/"+service+"/mail.example.org days_left: regressed 98 days -> -267 days")
	}
	return lines
}
