package redact

import "strings"

// class says what a text is known to be by the place where it stands.
type class int

const (
	free     class = iota // anything
	hostName              // the name of a host, all of it
	hosts                 // names of hosts, among other things
	targets               // what is asked from outside: hosts, ports, names of records
	account               // names of accounts
	suffixes              // names of domains
	version               // four numbers with dots are none of an address
	title                 // a name that people gave
	serial                // digits that identify
	owner
	store
	command // a command line
)

// classOf is the class of a reading's values. Readings that are not named here are free:
// names are found in them by what they look like, or since they are known from elsewhere.
func classOf(kind, reading string) class {
	switch reading {
	case "account", "service_account", "identity":
		return account
	case "version", "product_version", "resource_version", "file_version", "build", "engine":
		return version
	case "cert_serial", "serial":
		return serial
	case "cert_subject", "cert_issuer", "issuer", "site":
		return title
	case "node", "active_on", "server_name", "primary", "wsus_server", "computer_rename", "ntp_servers", "time_source",
		"dns_servers", "gateways", "forwarders", "masters", "link_source":
		return hosts
	case "suffix", "suffixes":
		return suffixes
	}
	switch kind + "." + reading {
	case "adds.partners", "adds.failing", "dhcp.partner", "domain.dc", "cluster.owner", "cluster.name", "hyperv.clustered",
		"ldap.dns_host", "os.name", "tls.names", "wsus.database", "rdp.computer", "ntp.reference", "dhcp_answer.server",
		"dhcp_answer.routers", "dhcp_answer.offered":
		return hosts
	case "domain.domain", "dhcp_answer.domain":
		return suffixes
	case "adcs.ca", "ldap.domain", "ldap.contexts", "tls.chain":
		return title
	}
	return free
}

// itemsOf is the class of a kind's items.
func itemsOf(kind string) class {
	switch kind {
	case "ping", "tcp", "tls", "path", "dns", "ldap", "smtp", "imap", "pop3", "ntp", "udp", "rdp":
		return targets
	}
	return free
}

// itemPrefix is how much of an item says that a host follows: node/N1, replica/AG1/SQL02.
func itemPrefix(item string) int {
	begin, rest, found := strings.Cut(item, "/")
	if !found {
		return 0
	}
	switch begin {
	case "node", "vm", "failover":
		return len(begin) + 1
	case "replica":
		return strings.LastIndexByte(item, '/') + 1
	case "remote": // of a group's copy at another server: remote/AG1/SQL02/Orders
		if group := strings.IndexByte(rest, '/'); group >= 0 {
			return len(begin) + 1 + group + 1
		}
	}
	return 0
}

// isCommon says whether a word in lower case is one that stands in many texts and tells of
// nobody: it is replaced where it is a name for certain, and nowhere else.
func isCommon(words map[string]bool, word string) bool {
	return words[word]
}

func commonWords() map[string]bool {
	all := map[string]bool{}
	for word := range strings.FieldsSeq(commonText) {
		all[word] = true
	}
	return all
}

// commonText are words of English, of administration and of this program. Names of people
// and firms do not belong here.
const commonText = `
a an and any are as at be been before by can do does for from had has have how if in into is it its just may
me more most my new no not now of off old on one only or other our out over own same see since so some such
than that the their them then there these they this time to too under until up us was we well were what when
where which while who why will with within without would yes you your first last next second third

aaaa absent access account accounts action active adcs address addresses adds admin administrator
administrators agent agents alert all allow answer answered api app application applications apps archive auth
auto autodiscover automatic backup backups bad baseline basic batch block boot box build builtin caa cache
cert certificate certificates check checks cim class client clients cloud cluster cname code com common
company component computer computers config configuration connection console control controller copy core corp
count cpu crm current customer data database databases date db dba dc default demo deny dept desktop dev
developer device devices dhcp directory disabled disk dmz dns dns_servers dnsserver docs domain domains down
drive driver edge empty enabled engine enterprise erp error event eventlog events everyone example exchange
expected ext external failed failover false farm fax feature file files filter firewall first fixed folder
forest form forms free fs ftp full function gateway gc global good group groups guest guests gw health healthy
help helpdesk hint home host hosts hotfix http https hyperv id idle iis imap inet info inside installed
instance int intern internal internet intra intranet invalid inventory issue it item job jobs kdc kerberos key
lab lan laptop ldap level library license licensing link list listener live loc local localhost localservice
localsystem log login logon logs mail mailbox mailflow main maintenance manager manual master media member
memory message messages method mgmt microsoft mode model monitor monitoring msdb msmq mssql mssqlserver mx my
name names net netlogon network networkservice node node1 node2 none note ns nt ntp null office ok online open
operator operators order orders org os outside owner package page part partner password patch path pc pending
phone ping plan pool pop pop3 port portal ports power powershell preprod pri primary print printer printers
priv private process prod product production profile program project protocol proxy ps ptr public publisher qa
query queue queues radius rdp rds read reader ready realm reboot recovery registry release remote replica report reports
resource restore result role root router rpc rule run running sa sales sample scan scanner schema scope script
scripts search secondary secret security self server servers service services session set settings setup share
shared sharepoint shares shop site sites smb smtp snapshot snmp soa software source spool spooler sql sqlserver srv
staff stage staging standard start started state static status stop stopped storage store sub submission suite
support switch sync system systems table task tasks tcp team teams temp template templates terminal test
testing text tls tool tools trace track transport true trust txt type udp unit unknown update updates user
users utility value verify version view virtual vm vms volume vpn wan warning watch web website wifi win
window windows winrm wks work worker workers workgroup workstation world write wsus www x x64 x86 zone
`
