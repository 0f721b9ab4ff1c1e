package wsman

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
)

func TestVolumes(t *testing.T) {
	h := estate.Host{Name: "fs01", WMI: map[string][]map[string]any{"win32_volume": {
		{"Name": `c:\`, "freespace": 4096},
		{"Name": `D:\`, "filesystem": "ReFS"},
		{"Name": `D:\Mounts\Logs\`, "FileSystem": "NTFS", "DeviceID": "own"},
	}}}
	got, columns, err := run(h, cimv2, "SELECT Name,DriveLetter,FileSystem,FreeSpace,Capacity FROM Win32_Volume"+
		" WHERE DriveType=3")
	if err != nil || len(columns) != 5 {
		t.Fatal(columns, err)
	}
	var texts []string
	for _, r := range got.rows {
		var cells []string
		for _, column := range columns {
			cells = append(cells, cell(r.get(column)).Text)
		}
		texts = append(texts, strings.Join(cells, " "))
	}
	efi, _ := got.rows[1].get("DeviceID").(string)
	// Capacity, DriveLetter, FileSystem, FreeSpace, Name
	want := []string{
		`136365211648 C: NTFS 4096 c:\`, "100663296  FAT32 72351744 " + efi, ` D: ReFS  D:\`,
		`  NTFS  D:\Mounts\Logs\`,
	}
	if d := cmp.Diff(want, texts); d != "" {
		t.Errorf("volumes (-want +got):\n%s", d)
	}
	ids := map[any]bool{}
	for _, r := range got.rows {
		ids[r.get("DeviceID")] = true
	}
	if len(ids) != 4 || !ids["own"] || !strings.HasPrefix(efi, `\\?\Volume{`) {
		t.Errorf("ids %v", ids)
	}
	// The built-in rows stay as they were, and without an estate's rows too.
	bare, _, err := run(estate.Host{Name: "fs01"}, cimv2, "SELECT * FROM Win32_Volume")
	if err != nil || len(bare.rows) != 2 || bare.rows[0].get("FreeSpace") != 98234507264 {
		t.Errorf("%v, %v", bare.rows, err)
	}
	if !slices.IsSorted(bare.columns) || len(bare.columns) != len(volumeColumns()) {
		t.Errorf("columns %v", bare.columns)
	}
	if _, _, err := run(h, cimv2, "SELECT HealthStatus FROM Win32_Volume"); err == nil {
		t.Error("Win32_Volume has a column of MSFT_Volume")
	}
}
