package wsman

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

// files tells of Windows' own files, which have the host's build as their version:
// every program and library of Windows' main folders is there, a pattern finds
// some, and nothing else is.
func files(h estate.Host, q packed.Question) []host.Row {
	var rows []map[string]any
	for _, asked := range q.Arg("path") {
		path := expandVariables(asked)
		folder := path[:strings.LastIndexByte(path, '\\')+1]
		absent := map[string]any{"asked": asked, "there": false}
		switch {
		case !regexp.MustCompile(`^[A-Za-z]:\\`).MatchString(path):
			rows = append(rows, map[string]any{"asked": asked, "problem": "it is no full path of this host: " + path})
		case isFolder(path):
			rows = append(rows, map[string]any{
				"asked": asked, "name": nil, "there": true, "folder": true, "modified": installed(),
			})
		case strings.Contains(path, "*"):
			before := len(rows)
			for _, found := range windowsFiles() {
				if isLike(found, []string{path}) && strings.EqualFold(found[:strings.LastIndexByte(found, '\\')+1], folder) {
					rows = append(rows, windowsFile(h, q, asked, found))
				}
			}
			if len(rows) == before {
				rows = append(rows, absent)
			}
		case isFolder(folder) && isProgram(path):
			r := windowsFile(h, q, asked, path)
			r["name"] = nil
			rows = append(rows, r)
		default:
			rows = append(rows, absent)
		}
	}
	return cells(rows)
}

// expandVariables puts in what every process on Windows has in its environment.
func expandVariables(path string) string {
	known := map[string]string{
		"systemroot": `C:\Windows`, "windir": `C:\Windows`, "systemdrive": "C:", "programfiles": `C:\Program Files`,
		"programfiles(x86)": `C:\Program Files (x86)`, "programdata": `C:\ProgramData`, "public": `C:\Users\Public`,
		"commonprogramfiles": `C:\Program Files\Common Files`,
	}
	return regexp.MustCompile(`%[^%]+%`).ReplaceAllStringFunc(path, func(variable string) string {
		if value, is := known[strings.ToLower(strings.Trim(variable, "%"))]; is {
			return value
		}
		return variable
	})
}

func isFolder(path string) bool {
	known := []string{
		`C:`, `C:\Windows`, `C:\Windows\System32`, `C:\Windows\System32\drivers`, `C:\Windows\SysWOW64`, `C:\Program Files`,
		`C:\Program Files (x86)`, `C:\Program Files\Common Files`, `C:\ProgramData`, `C:\Users`, `C:\Users\Public`,
	}
	return slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, strings.TrimRight(path, `\`)) })
}

func isProgram(path string) bool {
	inWindows := strings.HasPrefix(strings.ToLower(path), `c:\windows\`)
	return inWindows && isLike(path, []string{"*.exe", "*.dll", "*.sys"})
}

// windowsFiles are those that a pattern finds.
func windowsFiles() []string {
	const system = `C:\Windows\System32\`
	return []string{
		`C:\Windows\explorer.exe`, `C:\Windows\regedit.exe`, system + "kernel32.dll", system + "lsass.exe",
		system + "ntdll.dll", system + "ntoskrnl.exe", system + "services.exe", system + "spoolsv.exe",
		system + "svchost.exe", system + "win32k.sys", system + `drivers\http.sys`, system + `drivers\ntfs.sys`,
		system + `drivers\srv2.sys`, system + `drivers\tcpip.sys`,
	}
}

func installed() time.Time { return time.Date(2024, 3, 5, 9, 21, 7, 0, time.UTC) }

// windowsFile is one that the last patch brought.
func windowsFile(h estate.Host, q packed.Question, asked, path string) map[string]any {
	r := map[string]any{
		"asked": asked, "name": path[strings.LastIndexByte(path, '\\')+1:], "there": true, "folder": false,
		"size": 20480 + numberOf(path)%2_000_000, "version": fmt.Sprintf("10.0.%d.%d", h.OS.Build, h.OS.UBR),
		"product": fmt.Sprintf("10.0.%d.%d", h.OS.Build, h.OS.UBR), "modified": installed(),
	}
	if first(q.Arg("hash")) == "true" {
		content := fmt.Sprintf("%s %d.%d", strings.ToLower(path), h.OS.Build, h.OS.UBR)
		r["sha256"] = fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	}
	return r
}
