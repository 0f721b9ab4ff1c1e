package eventlog

import (
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/internal/wildcard"
)

// Names of providers of which the first value of an event tells what it is about,
// and others that come up several times.
const (
	scm              = "Service Control Manager"
	applicationError = "Application Error"
	was              = "Microsoft-Windows-WAS"
	esent            = "ESENT"
	kdc              = "Microsoft-Windows-Kerberos-Key-Distribution-Center"
	dnsServer        = "Microsoft-Windows-DNS-Server-Service"
	servicing        = "Microsoft-Windows-Servicing"
)

// pattern is provider/id; * stands for any characters of a provider, and for any
// id, which is 0 here.
type pattern struct {
	provider string
	id       int
}

func (p pattern) String() string {
	if p.id == 0 {
		return p.provider + "/*"
	}
	return p.provider + "/" + strconv.Itoa(p.id)
}

// parsePattern reads what stands behind the last slash as the id: providers have
// slashes too.
func parsePattern(text string) (p pattern, ok bool) {
	at := strings.LastIndex(text, "/")
	if at < 1 {
		return pattern{}, false
	}
	provider, id := strings.TrimSpace(text[:at]), strings.TrimSpace(text[at+1:])
	if provider == "" {
		return pattern{}, false
	}
	if id == "*" {
		return pattern{provider: provider}, true
	}
	n, err := strconv.Atoi(id)
	return pattern{provider, n}, err == nil && n > 0 && n < 1<<16 && strconv.Itoa(n) == id
}

func (p pattern) matches(e event) bool {
	return (p.id == 0 || p.id == e.id) && wildcard.Match(p.provider, e.provider)
}

func of(provider string, ids ...int) []pattern {
	all := make([]pattern, len(ids))
	for i, id := range ids {
		all[i] = pattern{provider, id}
	}
	return all
}

// graves are the events that mostly mean that something broke. Sources: Microsoft's
// articles on the updates that caused them (KB5021131 and KB5008380 for the KDC's 14
// and 18, KB5057784 for 21 and 45, KB5068222 for LsaSrv's 6167), and its pages on
// the event ids of WAS, DNS server, DFSR and SQL Server.
func graves() []pattern {
	return slices.Concat(
		starts(),
		of("disk", 7, 11, 51, 153),
		of("Ntfs", 55), of("Microsoft-Windows-Ntfs", 55),
		of("ReFS", 133, 146), of("Microsoft-Windows-ReFS", 133, 146),
		of(kdc, 14, 18, 21, 45), of("Kdcsvc", 14, 18, 21, 45), of("KDC", 14, 18, 21, 45),
		of("LsaSrv", 6167), of("NETLOGON", 5719, 5722, 5783),
		of("DFSR", 2213, 4012), of(dnsServer, 4013, 4015),
		of(was, 5002, 5009, 5189),
		of("MSSQL*", 912, 914, 915, 917, 918, 3417), // an upgrade script, master
		of("MSSQL*", 17120, 17182, 26023),           // a listener that did not start: its port is taken
		of("MSSQL*", 823, 824),                      // a page
		of("Microsoft-Filtering-FIPFS", 5300, 1106), of("FIPFS", 5300, 1106),
		failedStarts(), of(scm, 7031, 7032, 7034, 7046),
	)
}

// failedStarts are what the service control manager writes at each boot of what does not
// start, or ends at once: services and drivers that are unwell, blocked or left over. To
// them belong the timeouts 7009 and 7011, of a service that does not connect or answer.
func failedStarts() []pattern {
	return of(scm, 7000, 7001, 7003, 7009, 7011, 7022, 7023, 7024, 7026, 7038, 7041)
}

// starts are the events by which Windows tells, once it has started, that it crashed or
// was not shut down. Each start has no more than one: not how often one was written is
// of interest but whether another was.
func starts() []pattern {
	return slices.Concat(
		of("Microsoft-Windows-WER-SystemErrorReporting", 1001), of("BugCheck", 1001),
		of("Microsoft-Windows-Kernel-Power", 41), of("EventLog", 6008),
	)
}

// isOf says whether an event is one of those.
func isOf(all []pattern, e event) bool {
	return slices.ContainsFunc(all, func(p pattern) bool { return p.matches(e) })
}

// quiet are those among them that Windows writes, or may write, below the level
// error, and what it writes as information: that a service was installed or got another
// start type, and that a package could not be installed. Source of the last one's log:
// the manifest of Microsoft-Windows-Servicing, whose events have no level.
func quiet() []pattern {
	return slices.Concat(
		of("disk", 51, 153), of(kdc, 21, 45), of("Kdcsvc", 21, 45), of("KDC", 21, 45),
		of("LsaSrv", 6167), of("DFSR", 2213), of(dnsServer, 4013), of(was, 5009, 5189),
		of("ReFS", 146), of("Microsoft-Windows-ReFS", 146), of(scm, startTypeChanged, installed), of(servicing, 3),
	)
}

// The ids of events of the service control manager that tell of no fault.
const (
	startTypeChanged = 7040
	installed        = 7045
)

// graveProgram says whether a program is one whose crash is the server's.
func graveProgram(name string) bool {
	return slices.Contains(gravePrograms(), strings.ToLower(name))
}

func gravePrograms() []string {
	return []string{
		"lsass.exe", "w3wp.exe", "sqlservr.exe", "edgetransport.exe", "svchost.exe", "services.exe", "winlogon.exe",
		"dns.exe", "spoolsv.exe", "clussvc.exe", "rhs.exe", "vmms.exe", "store.exe",
		"microsoft.exchange.store.worker.exe", "microsoft.exchange.store.service.exe", "msexchangereplication.exe",
	}
}

// grave says whether an event mostly means that something broke. Services that
// each user has one of come and go with the users.
func grave(e event) bool {
	if strings.EqualFold(e.provider, applicationError) && e.id == 1000 {
		return graveProgram(e.detail)
	}
	_, ofUser := perUser(e.subject())
	return !ofUser && isOf(graves(), e)
}

// hum is what healthy servers write, at a boot above all.
type hum struct {
	pattern
	most int    // as often as this, and no more; 0 for any number
	text string // only with these characters in its text
}

// hums is the noise that is known.
func hums() []hum {
	var all []hum
	for _, p := range hummed() {
		all = append(all, hum{pattern: p})
	}
	for _, p := range hummedOnce() {
		all = append(all, hum{pattern: p, most: fewHums})
	}
	for _, text := range hummedTexts() {
		all = append(all, hum{pattern: pattern{esent, 455}, text: text})
	}
	return all
}

// hummedTexts are of what ESENT 455 is noise.
func hummedTexts() []string { return []string{"TileRepository", "TileDataLayer"} }

// hummed is what is noise however often.
func hummed() []pattern {
	return slices.Concat(
		of("Microsoft-Windows-DistributedCOM", 10016, 10010, 10005), of("DCOM", 10016, 10010, 10005),
		of("Microsoft-Windows-Kernel-EventTracing", 2, 3),
		of("Microsoft-Windows-Time-Service", 134, 36), of("W32Time", 134, 36),
		of("Microsoft-Windows-DNS-Client", 1014), of("Microsoft-Windows-DNS Client Events", 1014),
		of("Microsoft-Windows-DeviceSetupManager", 131, 200, 201, 202),
		of("Microsoft-Windows-Perflib", 1008, 1023), of("Perflib", 1008, 1023),
		of("Schannel", 36871, 36874, 36887, 36888),
		of("Microsoft-Windows-WinRM", 10154), of("Microsoft-Windows-CAPI2", 513),
	)
}

// hummedOnce is what a boot writes before the network or the directory is there, and
// others write all day: no more than one and another try is noise.
func hummedOnce() []pattern {
	return slices.Concat(
		of("Microsoft-Windows-GroupPolicy", 1055, 1129), of("NETLOGON", 5719, 5783), of(dnsServer, 4013),
	)
}

const fewHums = 2

func (h hum) covers(e event) bool {
	return h.matches(e) && (h.most == 0 || e.count <= h.most) &&
		strings.Contains(strings.ToLower(e.text), strings.ToLower(h.text))
}

// idles says whether an event only tells that a service stopped, or did not
// start, which does so on healthy servers too. Source: the services that the
// Icinga framework leaves out by default.
func idles(e event) bool {
	if !isOf(idleEvents(), e) {
		return false
	}
	name := strings.ToLower(e.subject())
	return slices.Contains(idlers(), name) ||
		slices.ContainsFunc(idlerParts(), func(part string) bool { return strings.Contains(name, part) })
}

func idleEvents() []pattern { return of(scm, 7000, 7009, 7011, 7023, startTypeChanged) }

func idlers() []string {
	return []string{
		"sppsvc", "mapsbroker", "remoteregistry", "trustedinstaller", "wbiosrvc", "cdpsvc", "shellhwdetection",
		"tiledatamodelsvc", "tieringengineservice", "bits", "wuauserv", "dosvc", "usosvc", "vss", "swprv", "stisvc",
		"waasmedicsvc", "staterepository", "appreadiness",
	}
}

// idlerParts stand in the names of updaters.
func idlerParts() []string {
	return []string{"clr_optimization_", "gupdate", "googleupdater", "edgeupdate"}
}
