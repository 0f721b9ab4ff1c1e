package exchangecmdlet

import (
	"maps"
	"slices"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/internal/exchangehost"
)

// command is one of Exchange's own tests: where it is, how it is called and what its
// objects hold. Sources: the commands' pages in MicrosoftDocs/office-docs-powershell and,
// for columns that they do not name, the scripts in the CSS-Exchange repository.
type command struct {
	name   string
	in     string // the versions that have it
	server string // the parameter that names the server
	probe  string // the one that names a probe; empty for none
	usual  string // the probe where the suite names none; empty where it has to
	more   map[string][]string
	shape  shape
	// mailbox says that it logs in to the test mailbox, extest_…, unless a credential is
	// given, which a session never is.
	mailbox bool
	instead string // what to use in the versions that lack it
}

// shape says which properties of its objects tell what.
type shape struct {
	item    []string // what tells rows apart; the first that a row has
	moves   bool     // rows are of databases, which move between servers: they are one item
	result  string
	latency string
	problem string
	stopped string
}

const all = "2010 2013 2016 2019 SE"

func commands() []command {
	client := func(name string) command {
		return command{
			name: name, in: all, server: "ClientAccessServer", mailbox: true,
			more: map[string][]string{"TrustAnySSLCertificate": {"$true"}},
			shape: shape{
				item: []string{"Scenario"}, result: "Result", latency: "Latency", problem: "Error",
			},
		}
	}
	owa := client("Test-OwaConnectivity")
	owa.in, owa.instead = exchangehost.V2010, `exchange: owa, or Invoke-MonitoringProbe OWA.Protocol\OwaSelfTestProbe`
	return []command{
		{
			name: "Test-MapiConnectivity", in: all, server: "Server",
			shape: shape{item: []string{"Database"}, moves: true, result: "Result", latency: "Latency", problem: "Error"},
		},
		{
			name: "Test-ExchangeSearch", in: all, server: "Server",
			more: map[string][]string{"IndexingTimeoutInSeconds": {"60"}},
			shape: shape{
				item: []string{"Database"}, moves: true, result: "ResultFound", latency: "SearchTimeInSeconds", problem: "Error",
			},
		},
		owa,
		client("Test-WebServicesConnectivity"),
		client("Test-PopConnectivity"),
		client("Test-ImapConnectivity"),
		client("Test-ActiveSyncConnectivity"),
		client("Test-EcpConnectivity"),
		client("Test-CalendarConnectivity"),
		{
			name: "Test-ServiceHealth", in: all, server: "Server",
			shape: shape{item: []string{"Role"}, result: "RequiredServicesRunning", stopped: "ServicesNotRunning"},
		},
		{
			name: "Test-ReplicationHealth", in: all, server: "Identity",
			shape: shape{item: []string{"Check"}, result: "Result", problem: "Error"},
		},
		{
			name: "Test-Mailflow", in: all, server: "Identity", more: map[string][]string{"ExecutionTimeout": {"60"}},
			shape: shape{result: "TestMailflowResult", latency: "MessageLatencyTime"},
		},
		{
			name: "Test-SmtpConnectivity", in: all, server: "Identity",
			shape: shape{item: []string{"ReceiveConnector", "EndPoint"}, result: "StatusCode", problem: "Details"},
		},
		{
			name: "Test-OutlookConnectivity", in: "2013 2016 2019 SE", server: "RunFromServerId", probe: "ProbeIdentity",
			usual: `OutlookMapiHttp.Protocol\OutlookMapiHttpSelfTestProbe`, shape: probeShape(),
			instead: "Test-MapiConnectivity",
		},
		{
			name: "Invoke-MonitoringProbe", in: "2013 2016 2019 SE", server: "Server", probe: "Identity", shape: probeShape(),
			instead: "Test-OwaConnectivity and the like",
		},
	}
}

// probeShape is that of a probe of managed availability.
func probeShape() shape { return shape{result: "ResultType", problem: "Error"} }

// lacks says whether a version is known to have no such command.
func (c command) lacks(version string) bool {
	return version != "" && !slices.Contains(strings.Fields(c.in), version)
}

// notIn is what is told of a command that a version lacks.
func (c command) notIn(version string) string {
	return "not available in " + version + ": use " + c.instead
}

// properties are all that its shape reads.
func (s shape) properties() []string {
	var names []string
	for _, name := range append(slices.Clone(s.item), s.result, s.latency, s.problem, s.stopped) {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// question asks for a run of it.
func (c command) question(probe, server string) host.Cmdlet {
	q := exchangehost.Command(c.name, c.server, server, c.shape.properties()...)
	maps.Copy(q.Params, c.more)
	if c.probe != "" {
		q.Params[c.probe] = []string{probe}
	}
	return q
}

// What a result comes to.
const (
	success = "success"
	failure = "failure"
	nothing = "nothing to test"
	skipped = "skipped by the command"
)

// outcomeOf knows the words of results: the names of enumerations, and the English ones
// that Exchange writes in their place to a session that asks in English, as ours do.
// Sources: the pages of the commands, and CasTransactionResultEnum, ReplicationCheckResult,
// SmtpConnectivityStatusCode and the ResultType of probes. Any other word is neither.
func outcomeOf(word string) (outcome string, known bool) {
	switch strings.ToLower(strings.Trim(word, "* ")) {
	case "success", "passed", "succeeded", "true":
		return success, true
	case "failure", "failed", "false", "error", "warning", "unabletocomplete", "unable to connect", "transient error",
		"permanent error", "external error", "timedout", "poisoned", "abandoned", "rejected", "quarantined":
		return failure, true
	case "skipped", "nottested", "not tested":
		return skipped, true
	default:
		return "", false
	}
}
