package wsman

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// builtin returns a class that every Windows has.
func builtin(h estate.Host, class string) (table, bool) {
	classes := map[string]func(estate.Host) []row{
		"Win32_Service":               services,
		"Win32_OperatingSystem":       one(operatingSystem),
		"Win32_ComputerSystem":        one(computerSystem),
		"Win32_ComputerSystemProduct": one(product),
		"Win32_Volume":                volumes,
		"Win32_QuickFixEngineering":   func(estate.Host) []row { return nil },
	}
	for name, rows := range classes {
		if !strings.EqualFold(name, class) {
			continue
		}
		t := table{namespace: cimv2, class: name, rows: rows(h), columns: hotfixColumns()}
		if name == "Win32_Service" {
			// Columns are there without a single service too.
			t.columns = slices.Sorted(maps.Keys(service(h, "", estate.Service{})))
			t.element = subclass
		} else if len(t.rows) > 0 {
			t.columns = slices.Sorted(maps.Keys(t.rows[0]))
		}
		return t, true
	}
	return table{}, false
}

func one(read func(estate.Host) row) func(estate.Host) []row {
	return func(h estate.Host) []row { return []row{read(h)} }
}

func hotfixColumns() []string {
	return []string{
		"CSName", "Caption", "Description", "FixComments", "HotFixID", "InstallDate", "InstalledBy", "InstalledOn",
		"Name", "ServicePackInEffect", "Status",
	}
}

func services(h estate.Host) []row {
	names := slices.SortedFunc(maps.Keys(h.Services), func(a, b string) int {
		return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
	})
	rows := make([]row, 0, len(names))
	for _, name := range names {
		rows = append(rows, service(h, name, h.Services[name]))
	}
	return rows
}

// subclass is the class of the one service that is of a class of its own.
func subclass(r row) string {
	if r["Name"] == "TermService" {
		return "Win32_TerminalService"
	}
	return "Win32_Service"
}

func service(h estate.Host, name string, s estate.Service) row {
	running := s.State != "" && s.State != "Stopped"
	path := cmp.Or(s.Path, `C:\Windows\system32\svchost.exe -k netsvcs -p`)
	kind := cmp.Or(s.Type, "Own Process")
	pid := s.PID
	if pid == 0 && running {
		pid = processID(h, name, kind, path)
	}
	if !running {
		pid = 0
	}
	exit := s.ExitCode
	if s.SpecificExitCode != 0 && exit == 0 {
		exit = 1066 // ERROR_SERVICE_SPECIFIC_ERROR
	}
	r := row{
		"AcceptPause": false, "AcceptStop": running, "Caption": cmp.Or(s.Display, name), "CheckPoint": 0,
		"CreationClassName": "Win32_Service", "DelayedAutoStart": s.Delayed, "Description": cmp.Or(s.Display, name),
		"DesktopInteract": false, "DisplayName": cmp.Or(s.Display, name), "ErrorControl": "Normal",
		"ExitCode": exit, "InstallDate": nil, "Name": name, "PathName": path, "ProcessId": pid,
		"ServiceSpecificExitCode": s.SpecificExitCode, "ServiceType": kind, "Started": running,
		"StartMode": cmp.Or(s.Mode, "Auto"), "StartName": cmp.Or(s.Account, "LocalSystem"),
		"State": cmp.Or(s.State, "Stopped"), "Status": "OK", "SystemCreationClassName": "Win32_ComputerSystem",
		"SystemName": computer(h), "TagId": 0, "WaitHint": 0,
	}
	if h.OS.Build < 14393 {
		delete(r, "DelayedAutoStart") // WMI knows it since Server 2016
	}
	return r
}

// processID makes a number that stays until the next boot; services of one
// lsass.exe share it.
func processID(h estate.Host, name, kind, path string) int {
	sum := fnv.New32a()
	shared := kind == "Share Process" && strings.Contains(path, "lsass.exe")
	if shared {
		name = path
	}
	_, _ = sum.Write([]byte(h.Name + "/" + name + "/" + h.OS.Boot.UTC().String()))
	return 400 + 4*int(sum.Sum32()%3000)
}

func operatingSystem(h estate.Host) row {
	now := time.Now().UTC().Truncate(time.Microsecond).Add(h.OS.Clock)
	return row{
		"BootDevice": `\Device\HarddiskVolume1`, "BuildNumber": version(h)[strings.LastIndexByte(version(h), '.')+1:],
		"BuildType": "Multiprocessor Free", "CSCreationClassName": "Win32_ComputerSystem", "CSDVersion": nil,
		"CSName": computer(h), "Caption": h.OS.Caption, "CodeSet": "1252", "CountryCode": "1",
		"CreationClassName": "Win32_OperatingSystem", "CurrentTimeZone": 0, "Debug": false, "Description": "",
		"Distributed": false, "EncryptionLevel": 256, "FreePhysicalMemory": 11534336, "FreeVirtualMemory": 13631488,
		"InstallDate": time.Date(2024, 3, 5, 9, 21, 7, 0, time.UTC), "LastBootUpTime": h.OS.Boot.UTC().Add(h.OS.Clock),
		"LocalDateTime": now, "Locale": "0409", "MUILanguages": []any{"en-US"}, "Manufacturer": "Microsoft Corporation",
		"Name":               h.OS.Caption + `|C:\Windows|\Device\Harddisk0\Partition3`,
		"NumberOfProcesses":  len(h.Services) + 40,
		"NumberOfUsers":      1,
		"OSArchitecture":     "64-bit",
		"OSLanguage":         1033,
		"OSType":             18,
		"OperatingSystemSKU": sku(h), "Organization": "", "Primary": true, "ProductType": 3, "RegisteredUser": "Windows User",
		"SerialNumber": "00454-40000-00001-AA" + h.OS.UUID[:min(3, len(h.OS.UUID))], "ServicePackMajorVersion": 0,
		"ServicePackMinorVersion": 0, "Status": "OK", "SystemDevice": `\Device\HarddiskVolume3`,
		"SystemDirectory": `C:\Windows\system32`, "SystemDrive": "C:", "TotalVirtualMemorySize": 19922944,
		"TotalVisibleMemorySize": 16777216, "Version": version(h), "WindowsDirectory": `C:\Windows`,
	}
}

// sku is the number of the edition: 7 Standard, 8 Datacenter.
func sku(h estate.Host) int {
	if strings.Contains(h.OS.Edition, "Datacenter") {
		return 8
	}
	return 7
}

func computerSystem(h estate.Host) row {
	r := row{
		"BootupState": "Normal boot", "Caption": computer(h), "CreationClassName": "Win32_ComputerSystem",
		"DNSHostName": strings.ToLower(computer(h)), "Domain": cmp.Or(domain(h), "WORKGROUP"), "DomainRole": 3,
		"HypervisorPresent": true, "Manufacturer": "VMware, Inc.", "Model": "VMware7,1", "Name": computer(h),
		"NumberOfLogicalProcessors": 4, "NumberOfProcessors": 2, "PartOfDomain": true, "PrimaryOwnerName": "Windows User",
		"Roles": []any{"LM_Workstation", "LM_Server", "NT", "Server_NT"}, "Status": "OK", "SystemType": "x64-based PC",
		"TotalPhysicalMemory": int64(17179332608), "UserName": nil, "Workgroup": nil,
	}
	if domain(h) == "" {
		r["DomainRole"], r["PartOfDomain"], r["Workgroup"] = 2, false, "WORKGROUP"
	}
	return r
}

func product(h estate.Host) row {
	return row{
		"Caption": "Computer System Product", "Description": "Computer System Product",
		"IdentifyingNumber": "VMware-" + strings.ToLower(strings.ReplaceAll(h.OS.UUID, "-", " ")), "Name": "VMware7,1",
		"SKUNumber": nil, "UUID": h.OS.UUID, "Vendor": "VMware, Inc.", "Version": "None",
	}
}
