package draft

import (
	"slices"
	"strings"
)

// role is what a host is for, by the pack that knows it.
type role struct {
	pack string
	// sign says by what a host shows that it has the role; "" where it has not.
	sign func(Seen) string
	// vars are what the pack wants to be told, as far as it can be seen.
	vars func(Seen) told
	// ask is what the reader knows better than the program.
	ask string
}

// roles are all that are recognised, in the order of a suite.
func roles() []role {
	return []role{
		{pack: "domain-controller", sign: service("NTDS"), vars: directoryVars},
		{pack: "dns-server", sign: service("DNS"), vars: zoneVars},
		{pack: "dhcp-server", sign: service("DHCPServer")},
		{pack: "exchange", sign: service("MSExchangeIS", "MSExchangeTransport"), vars: exchangeVars},
		{pack: "sql-server", sign: sqlService},
		{pack: "iis", ask: "its page is /, vars: {page: …} names a better one", sign: func(s Seen) string {
			if s.service("MSExchangeIS") { // whose own pack looks at it
				return ""
			}
			return service("W3SVC")(s)
		}},
		{pack: "hyperv-host", sign: service("vmms")},
		{pack: "failover-cluster", sign: service("ClusSvc")},
		{pack: "rds-host", sign: sessions},
		{pack: "print-server", sign: sharedQueues},
		{pack: "file-server", sign: shares},
	}
}

func service(names ...string) func(Seen) string {
	return func(s Seen) string {
		for _, name := range names {
			if s.service(name) {
				return "the service " + name + " starts by itself"
			}
		}
		return ""
	}
}

func feature(names ...string) func(Seen) string {
	return func(s Seen) string {
		for _, name := range names {
			if s.has(name) {
				return "the feature " + name + " is installed"
			}
		}
		return ""
	}
}

func sqlService(s Seen) string {
	if names := sqlInstances(s); len(names) > 0 {
		return "the service " + names[0] + " starts by itself"
	}
	return ""
}

// sqlInstances are the services of instances of SQL Server.
func sqlInstances(s Seen) []string {
	var all []string
	for _, name := range s.items("services", "start_mode", "auto") {
		if strings.EqualFold(name, "MSSQLSERVER") || strings.HasPrefix(strings.ToUpper(name), "MSSQL$") {
			all = append(all, name)
		}
	}
	return all
}

func sharedQueues(s Seen) string {
	if queues := s.items("printer", "shared", "true"); len(queues) > 0 {
		return "it shares " + strings.TrimPrefix(queues[0], "printer/") + " and prints"
	}
	return ""
}

// shares are those that somebody has made for people.
func shares(s Seen) string {
	for _, name := range s.items("share", "type", "disk") {
		system := slices.ContainsFunc([]string{
			"SYSVOL", "NETLOGON", "address", "WsusContent", "UpdateServicesPackages",
		}, func(own string) bool { return strings.EqualFold(own, name) })
		if !system && !strings.HasSuffix(name, "$") && !strings.HasPrefix(name, "CertEnroll") {
			return "it shares " + name
		}
	}
	return ""
}

// sessions says by what a host shows that people work on it, or that it leads them there.
func sessions(s Seen) string {
	if s.value("rds", "", "mode") == "application server" {
		return "it is a session host"
	}
	return feature("AppServer", "Remote-Desktop-Services", "SessionDirectory", "Licensing")(s)
}
