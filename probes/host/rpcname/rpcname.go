// Package rpcname knows the interfaces of RPC that are written by a name.
package rpcname

import "slices"

// Interface is an interface that has a name here. All of these have a port of TCP where their
// service runs (MS-RPCE appendix and the documents of each protocol).
type Interface struct{ Name, UUID, Version, Doc string }

// All are those that have a name, sorted by it.
func All() []Interface {
	return []Interface{
		{"clusapi", "b97db8b2-4c63-11cf-bff6-08002be23f2f", "3.0", "failover cluster"},
		{"dfsr", "897e2e5f-93f3-4376-9c9c-fd2277495c27", "1.0", "DFS replication"},
		{"dhcp", "6bffd098-a112-3610-9833-46c3f874532d", "1.0", "DHCP server"},
		{"dnsserver", "50abc2a4-574d-40b3-9d66-ee4fd5fba076", "5.0", "DNS server"},
		{"drsuapi", "e3514235-4b06-11d1-ab04-00c04fc2dcd2", "4.0", "replication of the directory"},
		{"eventlog", "f6beaff7-1e19-4fbb-9f8f-b89e2018337c", "1.0", "event log"},
		{"icertpassage", "91ae6020-9e3c-11cf-8d7c-00aa00c091be", "0.0", "certification authority"},
		{"lsarpc", "12345778-1234-abcd-ef00-0123456789ab", "0.0", "local security authority"},
		{"netlogon", "12345678-1234-abcd-ef00-01234567cffb", "1.0", "secure channels"},
		{"nspi", "f5cc5a18-4264-101a-8c59-08002b2f8426", "56.0", "address book"},
		{"samr", "12345778-1234-abcd-ef00-0123456789ac", "1.0", "accounts"},
		{"spoolss", "12345678-1234-abcd-ef00-0123456789ab", "1.0", "print spooler"},
		{"svcctl", "367abb81-9844-35f1-ad32-98f038001003", "2.0", "service control manager"},
		{"taskscheduler", "86d35949-83c9-4044-b424-db363231fd0c", "1.0", "task scheduler"},
	}
}

// Named is the interface of that name.
func Named(name string) (k Interface, found bool) {
	all := All()
	i := slices.IndexFunc(all, func(k Interface) bool { return k.Name == name })
	if i < 0 {
		return Interface{}, false
	}
	return all[i], true
}
