package wsman

import (
	"fmt"
	"hash/fnv"
	"maps"
	"strings"

	"postpatch/probes/lab/estate"
)

// volumes are those that every Windows has: the one it runs from, and the EFI
// partition without a letter.
func volumes(h estate.Host) []row {
	system := volume(row{
		"Name": `C:\`, "FileSystem": "NTFS", "Capacity": 136365211648, "FreeSpace": 98234507264,
		"BootVolume": true, "PageFilePresent": true, "DirtyBitSet": false,
	})
	efi := volume(row{
		"Name": "EFI of " + h.Name, "FileSystem": "FAT32", "Capacity": 100663296, "FreeSpace": 72351744,
		"SystemVolume": true, "DirtyBitSet": false,
	})
	efi["Name"], efi["Caption"] = efi["DeviceID"], efi["DeviceID"]
	for _, v := range []row{system, efi} {
		v["SystemName"] = computer(h)
	}
	return []row{system, efi}
}

// volume makes a row of Win32_Volume of the columns that are given; what follows
// from the name need not be. Null are all others, as Windows leaves them. Source:
// the class's page in Microsoft's documentation.
func volume(given row) row {
	v := row{}
	for _, column := range volumeColumns() {
		v[column] = nil
	}
	name, _ := given.get("Name").(string)
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(strings.ToLower(name)))
	v["Name"], v["Caption"], v["DriveType"], v["Automount"] = name, name, 3, true
	v["DeviceID"] = fmt.Sprintf(`\\?\Volume{%08x-0000-0000-0000-100000000000}\`, sum.Sum32())
	if len(name) == 3 && strings.HasSuffix(name, `:\`) {
		v["DriveLetter"] = name[:2]
	}
	lay(v, given)
	return v
}

// lay lays columns, spelled in any case, over a row that has them all.
func lay(v, given row) {
	for column, value := range given {
		for known := range v {
			if strings.EqualFold(known, column) {
				column = known
			}
		}
		v[column] = value
	}
}

// extendVolumes lays the estate's own volumes over those that are there, by name
// in any case, and adds the others.
func extendVolumes(have []row, rows []map[string]any) []row {
	all := append([]row{}, have...)
	for _, r := range rows {
		name, _ := row(r).get("Name").(string)
		found := false
		for i, v := range all {
			if was, _ := v["Name"].(string); strings.EqualFold(was, name) {
				all[i], found = maps.Clone(v), true
				lay(all[i], r)
			}
		}
		if !found {
			all = append(all, volume(r))
		}
	}
	return all
}

func volumeColumns() []string {
	return []string{
		"Access", "Automount", "Availability", "BlockSize", "BootVolume", "Capacity", "Caption", "Compressed",
		"ConfigManagerErrorCode", "ConfigManagerUserConfig", "CreationClassName", "Description", "DeviceID",
		"DirtyBitSet", "DriveLetter", "DriveType", "ErrorCleared", "ErrorDescription", "ErrorMethodology", "FileSystem",
		"FreeSpace", "IndexingEnabled", "InstallDate", "Label", "LastErrorCode", "MaximumFileNameLength", "Name",
		"NumberOfBlocks", "PNPDeviceID", "PageFilePresent", "PowerManagementCapabilities", "PowerManagementSupported",
		"Purpose", "QuotasEnabled", "QuotasIncomplete", "QuotasRebuilding", "SerialNumber", "Status", "StatusInfo",
		"SupportsDiskQuotas", "SupportsFileBasedCompression", "SystemCreationClassName", "SystemName", "SystemVolume",
	}
}
