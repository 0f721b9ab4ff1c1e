package wsman

import (
	"fmt"
	"hash/fnv"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

const (
	standardCimv2 = "root/StandardCimv2"
	terminal      = "root/cimv2/TerminalServices"
	policyResults = "root/rsop/computer"
)

// memberClass returns a class of a plain member server; instances that the estate
// writes of a class stand in its place. What the host knows says whether it has the
// namespace at all. Sources of columns and numbers: the classes' pages in
// Microsoft's documentation.
func memberClass(h estate.Host, namespace, class string) (t table, found, known bool) {
	classes := map[string]func(estate.Host) []row{
		cimv2 + ":Win32_Process":                       processes,
		cimv2 + ":Win32_PnPEntity":                     devices,
		cimv2 + ":Win32_OptionalFeature":               features,
		cimv2 + ":Win32_Share":                         administrativeShares,
		cimv2 + ":Win32_Printer":                       printers,
		standardCimv2 + ":MSFT_PrinterDriver":          printerDrivers,
		terminal + ":Win32_TerminalServiceSetting":     one(terminalSetting),
		terminal + ":Win32_TSGeneralSetting":           one(terminalListener),
		policyResults + ":RSOP_ExtensionStatus":        policyParts,
		standardCimv2 + ":MSFT_NetAdapter":             one(netAdapter),
		standardCimv2 + ":MSFT_NetIPInterface":         netInterfaces,
		standardCimv2 + ":MSFT_NetIPAddress":           netAddresses,
		standardCimv2 + ":MSFT_NetRoute":               netRoutes,
		standardCimv2 + ":MSFT_DNSClientServerAddress": netServers,
		standardCimv2 + ":MSFT_DNSClient":              netClients,
		standardCimv2 + ":MSFT_DNSClientGlobalSetting": one(netSearchList),
		standardCimv2 + ":MSFT_NetConnectionProfile":   one(netProfile),
		standardCimv2 + ":MSFT_NetFirewallProfile":     netFirewall,
		standardCimv2 + ":MSFT_NetTCPConnection":       netListeners,
		standardCimv2 + ":MSFT_NetUDPEndpoint":         netEndpoints,
		standardCimv2 + ":MSFT_NetTCPSetting":          one(netPorts),
	}
	for name, rows := range classes {
		space, bare, _ := strings.Cut(name, ":")
		if !strings.EqualFold(space, namespace) {
			continue
		}
		known = true
		if strings.EqualFold(bare, class) && (!isNetwork(bare) || !ownNetwork(h)) {
			t, found = table{namespace: space, class: bare, rows: rows(h)}, true
			t.columns = slices.Sorted(maps.Keys(t.rows[0])) // each of them has a row
		}
	}
	return t, found, known
}

// isNetwork says whether a class is one of those that tell of one network together.
func isNetwork(class string) bool {
	return strings.HasPrefix(class, "MSFT_Net") || strings.HasPrefix(class, "MSFT_DNS")
}

// ownNetwork says whether the estate tells of a host's network: adapters of its
// own and addresses of the lab's would be no network.
func ownNetwork(h estate.Host) bool {
	for name := range h.WMI {
		if _, bare, _ := strings.Cut(name, ":"); isNetwork(bare) {
			return true
		}
	}
	return false
}

// numberOf makes a number that belongs to a text for good.
func numberOf(text string) uint32 {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(strings.ToLower(text)))
	return sum.Sum32()
}

const lsass = "lsass.exe"

// processes are those of Windows itself, and one for each service that runs, but
// for those that share lsass.exe.
func processes(h estate.Host) []row {
	rows := []row{runningProgram(h, "System Idle Process", 0), runningProgram(h, "System", 4)}
	pids := map[string]int{lsass: 0}
	for _, name := range []string{
		"Registry", "smss.exe", "csrss.exe", "wininit.exe", "csrss.exe", "winlogon.exe", "services.exe", "fontdrvhost.exe",
		"dwm.exe", "LogonUI.exe", "WmiPrvSE.exe",
	} {
		rows = append(rows, runningProgram(h, name, 88+4*len(rows)))
	}
	for _, s := range services(h) {
		pid, _ := s["ProcessId"].(int)
		if pid == 0 {
			continue
		}
		name := program(s["PathName"])
		if name == lsass {
			pids[lsass] = pid
			continue
		}
		rows = append(rows, runningProgram(h, name, pid))
	}
	if pids[lsass] == 0 {
		pids[lsass] = 88 + 4*len(rows)
	}
	return append(rows, runningProgram(h, lsass, pids[lsass]))
}

// program is the file that a service's command line starts.
func program(commandLine any) string {
	text, _ := commandLine.(string)
	if quoted, is := strings.CutPrefix(text, `"`); is {
		text, _, _ = strings.Cut(quoted, `"`)
	} else if end := strings.Index(strings.ToLower(text), ".exe"); end >= 0 {
		text = text[:end+len(".exe")]
	}
	return path.Base(strings.ReplaceAll(text, `\`, "/"))
}

// runningProgram is a process that has grown to its size: that is the same after each boot.
func runningProgram(h estate.Host, name string, pid int) row {
	size := int64(numberOf(name)%60+4) << 20
	r := row{
		"Caption": name, "CommandLine": nil, "CreationClassName": "Win32_Process",
		"CreationDate": h.OS.Boot.UTC().Add(20 * time.Second), "CSName": computer(h), "Description": name,
		"ExecutablePath": `C:\Windows\System32\` + name, "Handle": fmt.Sprint(pid), "HandleCount": 200 + numberOf(name)%900,
		"Name": name, "ParentProcessId": 4, "PrivatePageCount": size, "Priority": 8, "ProcessId": pid, "SessionId": 0,
		"ThreadCount": 12, "VirtualSize": 8 * size, "WorkingSetSize": size + size/2,
	}
	if !strings.HasSuffix(name, ".exe") {
		r["ExecutablePath"] = nil
	}
	return r
}

func devices(estate.Host) []row {
	var rows []row
	for _, d := range [][3]string{
		{`ACPI_HAL\PNP0C08\0`, "Microsoft ACPI-Compliant System", "System"},
		{`ROOT\VOLMGR\0000`, "Volume Manager", "System"},
		{`PCI\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01\FF565000F3F6000000`, "vmxnet3 Ethernet Adapter", "Net"},
		{`PCI\VEN_15AD&DEV_07C0&SUBSYS_07C015AD&REV_02\FF005056F3F6000000`, "VMware PVSCSI Controller", "SCSIAdapter"},
		{`SCSI\DISK&VEN_VMWARE&PROD_VIRTUAL_DISK\5&22BE343F&0&000000`, "VMware Virtual disk SCSI Disk Device", "DiskDrive"},
	} {
		rows = append(rows, row{
			"Caption": d[1], "ConfigManagerErrorCode": 0, "ConfigManagerUserConfig": false, "Description": d[1],
			"DeviceID": d[0], "Name": d[1], "PNPClass": d[2], "PNPDeviceID": d[0], "Present": true, "Status": "OK",
		})
	}
	return rows
}

func features(estate.Host) []row {
	var rows []row
	for _, name := range []string{
		"ServerCore-FullServer", "Server-Shell", "Server-Gui-Mgmt", "NetFx4ServerFeatures", "NetFx4", "Windows-Defender",
		"MicrosoftWindowsPowerShellRoot", "MicrosoftWindowsPowerShell", "Printing-PrintToPDFServices-Features",
	} {
		rows = append(rows, row{"Caption": name, "Name": name, "InstallDate": nil, "InstallState": 1, "Status": nil})
	}
	for _, name := range []string{"IIS-WebServerRole", "DNS-Server-Full-Role", "DHCPServer", "TelnetClient"} {
		rows = append(rows, row{"Caption": name, "Name": name, "InstallDate": nil, "InstallState": 2, "Status": nil})
	}
	return rows
}

// administrativeShares are those that Windows makes by itself.
func administrativeShares(estate.Host) []row {
	share := func(name, path, description string, kind int64) row {
		return row{
			"AccessMask": nil, "AllowMaximum": true, "Caption": description, "Description": description,
			"InstallDate": nil, "MaximumAllowed": nil, "Name": name, "Path": path, "Status": "OK", "Type": kind,
		}
	}
	const disk, ipc = 2147483648, 2147483651
	return []row{
		share("ADMIN$", `C:\Windows`, "Remote Admin", disk), share("C$", `C:\`, "Default share", disk),
		share("IPC$", "", "Remote IPC", ipc),
	}
}

const toPDF = "Microsoft Print To PDF"

func printers(h estate.Host) []row {
	return []row{{
		"Caption": "Microsoft Print to PDF", "Default": true, "DeviceID": "Microsoft Print to PDF", "DriverName": toPDF,
		"ExtendedPrinterStatus": 2, "Local": true, "Name": "Microsoft Print to PDF", "Network": false,
		"PortName": "PORTPROMPT:", "PrinterState": 0, "PrinterStatus": 3, "Shared": false, "ShareName": nil,
		"Status": "Unknown", "SystemName": computer(h), "WorkOffline": false,
	}}
}

func printerDrivers(h estate.Host) []row {
	version := int64(10)<<48 | int64(h.OS.Build)<<16 | 1
	return []row{
		{"Name": toPDF, "PrinterEnvironment": "Windows x64", "DriverVersion": version, "MajorVersion": 4},
		{
			"Name": "Remote Desktop Easy Print", "PrinterEnvironment": "Windows x64", "DriverVersion": version,
			"MajorVersion": 3,
		},
	}
}

// terminalSetting is of a server that is administered by Remote Desktop, and has
// no users on it.
func terminalSetting(h estate.Host) row {
	return row{
		"AllowTSConnections": 1, "LicensingType": 1, "Logons": 0, "ServerName": computer(h), "SessionBrokerDrainMode": 0,
		"SingleSession": 1, "TerminalServerMode": 0, "UserPermission": 0,
	}
}

func terminalListener(h estate.Host) row {
	return row{
		"MinEncryptionLevel": 2, "SecurityLayer": 2, "SSLCertificateSHA1Hash": thumbprint("remote desktop " + h.Name),
		"SSLCertificateSHA1HashType": 1, "TerminalName": "RDP-Tcp", "TerminalProtocol": "Microsoft RDP 8.0",
		"Transport": "tcp", "UserAuthenticationRequired": 1,
	}
}

func policyParts(estate.Host) []row {
	return []row{
		{"displayName": "Group Policy Infrastructure", "extensionGuid": "{00000000-0000-0000-0000-000000000000}", "error": 0},
		{"displayName": "Registry", "extensionGuid": "{35378EAC-683F-11D2-A89A-00C04FBBCFA2}", "error": 0},
		{"displayName": "Security", "extensionGuid": "{827D319E-6EAC-11D2-A4EA-00C04F79F83A}", "error": 0},
	}
}
