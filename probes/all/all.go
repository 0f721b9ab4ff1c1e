// Package all names every kind of check; only the program itself and tests
// import it.
package all

import (
	"postpatch/probes"

	"postpatch/probes/adcs"
	"postpatch/probes/adds"
	"postpatch/probes/certificate"
	"postpatch/probes/cim"
	"postpatch/probes/cluster"
	"postpatch/probes/device"
	"postpatch/probes/dhcp"
	"postpatch/probes/dhcpanswer"
	"postpatch/probes/disk"
	"postpatch/probes/dns"
	"postpatch/probes/dnsserver"
	"postpatch/probes/domain"
	"postpatch/probes/eventlog"
	"postpatch/probes/exchange"
	"postpatch/probes/exchangeclient"
	"postpatch/probes/exchangecmdlet"
	"postpatch/probes/exchangestate"
	"postpatch/probes/feature"
	"postpatch/probes/file"
	"postpatch/probes/http"
	"postpatch/probes/hyperv"
	"postpatch/probes/iis"
	"postpatch/probes/imap"
	"postpatch/probes/mailflow"
	"postpatch/probes/msmq"
	"postpatch/probes/network"
	"postpatch/probes/ntp"
	"postpatch/probes/os"
	"postpatch/probes/pendingreboot"
	"postpatch/probes/ping"
	"postpatch/probes/pop3"
	"postpatch/probes/powershell"
	"postpatch/probes/printer"
	"postpatch/probes/process"
	"postpatch/probes/radius"
	"postpatch/probes/rdp"
	"postpatch/probes/rds"
	"postpatch/probes/registry"
	"postpatch/probes/service"
	"postpatch/probes/services"
	"postpatch/probes/share"
	"postpatch/probes/smtp"
	"postpatch/probes/snmp"
	"postpatch/probes/sql"
	"postpatch/probes/task"
	"postpatch/probes/tcp"
	"postpatch/probes/udp"
	"postpatch/probes/updates"
	"postpatch/probes/wsus"
)

// Kinds is the table of kinds, in alphabetical order. A new kind is a new
// folder and a line here.
func Kinds() []probes.Kind {
	return []probes.Kind{
		adcs.Kind,
		adds.Kind,
		certificate.Kind,
		cim.Kind,
		cluster.Kind,
		device.Kind,
		dhcp.Kind,
		dhcpanswer.Kind,
		disk.Kind,
		dns.Kind,
		dnsserver.Kind,
		domain.Kind,
		eventlog.Kind,
		exchange.Kind,
		exchangeclient.Kind,
		exchangecmdlet.Kind,
		exchangestate.Kind,
		feature.Kind,
		file.Kind,
		http.Kind,
		hyperv.Kind,
		iis.Kind,
		imap.Kind,
		mailflow.Kind,
		msmq.Kind,
		network.Kind,
		ntp.Kind,
		os.Kind,
		pendingreboot.Kind,
		ping.Kind,
		pop3.Kind,
		powershell.Kind,
		printer.Kind,
		process.Kind,
		radius.Kind,
		rdp.Kind,
		rds.Kind,
		registry.Kind,
		service.Kind,
		services.Kind,
		share.Kind,
		smtp.Kind,
		snmp.Kind,
		sql.Kind,
		task.Kind,
		tcp.Kind,
		udp.Kind,
		updates.Kind,
		wsus.Kind,
	}
}
