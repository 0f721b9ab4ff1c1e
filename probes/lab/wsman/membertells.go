package wsman

import (
	"crypto/sha1" //nolint:gosec // what Windows calls a certificate by
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

// memberCollector returns how a plain member server answers a collector; nil for
// any other. Of a role whose service the estate gives to the host, only the estate
// can say more.
func memberCollector(h estate.Host, name string) func(estate.Host, packed.Question) []host.Row {
	roles := map[string]string{
		"msmq": "MSMQ", "wsus": "WsusService", "dhcp": "DHCPServer", "adcs": "CertSvc", "adds": "NTDS",
	}
	if service := roles[name]; service != "" {
		for own := range h.Services {
			if strings.EqualFold(own, service) {
				return nil
			}
		}
	}
	return map[string]func(estate.Host, packed.Question) []host.Row{
		"adcs": noRole, "adds": noRole, "dhcp": noRole, "exchange": noRole, "iis": webServer,
		"msmq": noHostRole, "wsus": noHostRole,
		"certificates": certificates, "domain": domainTells, "files": files, "shares": sharesTell, "tasks": tasks,
		"updatemissing": noMissing,
	}[name]
}

func noRole(estate.Host, packed.Question) []host.Row { return nil }

func noHostRole(estate.Host, packed.Question) []host.Row {
	return []host.Row{{"part": cell("host"), "present": cell(false), "now": cell(time.Now()), "service": cell(nil)}}
}

// webServer tells of IIS as its setup leaves it, on a host that has its service.
func webServer(h estate.Host, q packed.Question) []host.Row {
	at := slices.IndexFunc(services(h), func(r row) bool { return strings.EqualFold(r["Name"].(string), "W3SVC") })
	if at < 0 {
		return noHostRole(h, q)
	}
	state, started := services(h)[at]["State"].(string), "Stopped"
	if state == "Running" {
		started = "Started"
	}
	return cells([]map[string]any{
		{
			"part": "host", "present": true, "now": time.Now(), "w3svc": strings.ReplaceAll(state, " ", ""), "was": "Running",
			"ftpsvc": nil, "major": 10, "minor": 0,
		},
		{"part": "binding", "site": "Default Web Site", "protocol": "http", "binding": "*:80:", "flags": 0},
		{
			"part": "site", "name": "Default Web Site", "id": 1, "autostart": true, "protocols": []any{"http"},
			"state": started, "pool": "DefaultAppPool", "path": `%SystemDrive%\inetpub\wwwroot`, "config": "read",
		},
		{
			"part": "pool", "name": "DefaultAppPool", "autostart": true, "runtime": "v4.0",
			"identity": "ApplicationPoolIdentity", "user": "", "state": started,
		},
	})
}

func noMissing(_ estate.Host, q packed.Question) []host.Row {
	selection := map[string]int{"managed": 1, "microsoft_update": 2, "offline": 3}[first(q.Arg("source"))]
	return cells([]map[string]any{{
		"Part": "search", "Selection": selection, "ServiceID": "", "Result": 2, "Warnings": 0, "Total": 0,
	}})
}

func sharesTell(h estate.Host, _ packed.Question) []host.Row {
	state := strings.ReplaceAll(h.Services["LanmanServer"].State, " ", "")
	return []host.Row{{"part": cell("server"), "state": cell(state)}}
}

// domainTells is of a member whose secure channel holds, and whose domain
// controller has the same time.
func domainTells(h estate.Host, _ packed.Question) []host.Row {
	now, boot := time.Now().UTC(), h.OS.Boot.UTC()
	rows := []map[string]any{
		{"Part": "now", "Now": now},
		{
			"Part": "time", "Type": "NT5DS", "Servers": "time.windows.com,0x8", "PolicyType": nil, "PolicyServers": nil,
			"LastSample": nil,
		},
	}
	if domain(h) == "" {
		rows[1]["Type"] = "NTP"
		return cells(rows)
	}
	return cells(append(rows,
		map[string]any{"Part": "channel", "Holds": true},
		map[string]any{"Part": "site", "Site": "Default-First-Site-Name", "Fixed": nil},
		map[string]any{
			"Part": "dc", "Answers": true, "Name": "dc01." + strings.ToLower(domain(h)), "Time": now, "Before": now,
			"After": now, "Reason": nil,
		},
		map[string]any{"Part": "policy", "Start": boot.Add(time.Minute), "End": boot.Add(time.Minute + 12*time.Second)},
		map[string]any{"Part": "gpos", "Names": []any{"Default Domain Policy", "LocalGPO"}}))
}

// tasks are two that are there without anybody's doing, and one of Windows' own.
func tasks(_ estate.Host, q packed.Question) []host.Row {
	now := time.Now().UTC()
	var rows []map[string]any
	seen := 0
	for _, t := range []struct {
		path  string
		every time.Duration
	}{
		{`\MicrosoftEdgeUpdateTaskMachineCore`, 24 * time.Hour},
		{`\MicrosoftEdgeUpdateTaskMachineUA`, time.Hour},
		{`\Microsoft\Windows\Defrag\ScheduledDefrag`, 24 * time.Hour},
	} {
		seen++
		if isLike(t.path, q.Arg("except")) || !isLike(t.path, q.Arg("name")) {
			continue
		}
		last := now.Truncate(t.every)
		rows = append(rows, map[string]any{
			"kind": "task", "path": t.path, "state": 3, "enabled": true, "result": 0, "missed": 0, "last": last,
			"next": last.Add(t.every), "deletes": false, "error": "",
		})
	}
	return cells(append(rows, map[string]any{"kind": "end", "seen": seen, "told": len(rows), "cut": false}))
}

// isLike says whether one of the patterns means a name; * is any characters.
func isLike(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		exact := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
		return regexp.MustCompile(`(?is)^` + exact + `$`).MatchString(name)
	})
}

func thumbprint(of string) string { return fmt.Sprintf("%X", sha1.Sum([]byte(of))) } //nolint:gosec // no secret

// certificates tells of the stores that every Windows has: in My is one of the
// host's own, of the authority that is in Root.
func certificates(h estate.Host, q packed.Question) []host.Row {
	known := []string{
		"My", "Root", "CA", "AuthRoot", "Disallowed", "TrustedPublisher", "TrustedPeople", "Trust", "Remote Desktop",
	}
	root := "CN=Lab Root CA"
	begins := time.Date(2024, 3, 5, 9, 21, 7, 0, time.UTC)
	var rows []map[string]any
	for _, store := range q.Arg("store") {
		there := slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, store) })
		head := map[string]any{"store": store, "now": time.Now(), "there": there, "count": nil}
		rows = append(rows, head)
		if !there {
			continue
		}
		head["count"] = 0
		certificate := map[string]any{
			"store": store, "thumbprint": thumbprint(root), "subject": root, "issuer": root, "begins": begins,
			"expires": begins.AddDate(30, 0, 0), "key": false,
		}
		switch strings.ToLower(store) {
		case "my":
			name := strings.ToLower(fqdn(h))
			certificate["subject"], certificate["key"], certificate["thumbprint"] = "CN="+name, true, thumbprint(name)
			certificate["purposes"] = []any{"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}
			certificate["expires"] = begins.AddDate(20, 0, 0)
			if first(q.Arg("keys")) == "true" {
				certificate["opens"] = true
			}
			if len(name) < 120 { // one byte of length
				der := append([]byte{0x30, byte(len(name) + 2), 0x82, byte(len(name))}, name...)
				certificate["names"] = base64.StdEncoding.EncodeToString(der)
			}
		case "root":
		default:
			continue
		}
		head["count"] = 1
		rows = append(rows, certificate)
	}
	return cells(rows)
}
