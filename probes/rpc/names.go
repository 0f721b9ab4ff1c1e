package rpc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes"
	"postpatch/probes/internal/dcerpc"
)

// known is an interface that has a name here. All of these have a port of TCP where their
// service runs (MS-RPCE appendix and the documents of each protocol).
type known struct{ name, uuid, version, doc string }

func knowns() []known {
	return []known{
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

// parse reads an interface: a name, a UUID, or a UUID and a version.
func parse(written string) (dcerpc.Syntax, error) {
	text, version, versioned := strings.Cut(strings.ToLower(written), "/")
	if !versioned {
		version = "1.0"
	}
	if i := slices.IndexFunc(knowns(), func(k known) bool { return k.name == text }); i >= 0 && !versioned {
		text, version = knowns()[i].uuid, knowns()[i].version
	}
	id, err := dcerpc.ParseUUID(text)
	if err != nil {
		return dcerpc.Syntax{}, probes.Fieldf("interface", "want a UUID, or one of %s; got %q", names(), written)
	}
	first, second, _ := strings.Cut(version, ".")
	major, err := strconv.ParseUint(first, 10, 16)
	minor, wrong := strconv.ParseUint(second, 10, 16)
	if err != nil || wrong != nil {
		return dcerpc.Syntax{}, probes.Fieldf("interface", "want a version as in UUID/1.0, got %q", written)
	}
	return dcerpc.Syntax{ID: id, Major: uint16(major), Minor: uint16(minor)}, nil
}

func names() string {
	var all []string
	for _, k := range knowns() {
		all = append(all, k.name)
	}
	return strings.Join(all, ", ")
}

func notes() []string {
	return append(listed("The names"),
		"Any other interface is written by its UUID, of version 1.0, or as UUID/2.0.",
		"No account is shown, and nothing is called but the endpoint mapper.",
		"An interface answers where it lets itself be bound, which Windows allows to anybody.",
		"Where a policy has the mapper tell strangers nothing (RestrictRemoteClients), interfaces are unknown.",
	)
}

// listed are the names and what they stand for, a few in each sentence.
func listed(what string) []string {
	var all []string
	line := what + ": "
	for i, k := range knowns() {
		item := fmt.Sprintf("%s (%s)", k.name, k.doc)
		if len(line)+len(item) > 110 {
			all = append(all, strings.TrimSuffix(line, ", ")+".")
			line = "And "
		}
		line += item
		if i < len(knowns())-1 {
			line += ", "
		}
	}
	return append(all, line+".")
}
