package redact

import "regexp"

// patterns are what names look like.
type patterns struct {
	url, share, mail, sid, guid, mac, hash, reversed *regexp.Regexp
	components, dn, login, folder, quotedUser        *regexp.Regexp
	quotedHost, quotedDomain, lookup, machine, made  *regexp.Regexp
	ownerFlag, storeFlag, hostsFlag, plainUser       *regexp.Regexp
}

func newPatterns() patterns {
	const user = `\p{L}\p{N}_.$@-`
	return patterns{
		url:      regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*)://([^/\s"'<>\\?#,;]+)`),
		share:    regexp.MustCompile(`\\{2,}(?:\?\\{1,2}(?i:UNC)\\{1,2})?([^\\/\s"'<>|:*?,;]+)`),
		mail:     regexp.MustCompile(`([\p{L}\p{N}._%+$-]+)@([\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*)`),
		sid:      regexp.MustCompile(`(?i)\bS-1-(?:5-21(?:-\d+){1,3}|12-1(?:-\d+){1,4}|5-83-1(?:-\d+){1,4})`),
		guid:     regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
		mac:      regexp.MustCompile(`(?i)\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b`),
		hash:     regexp.MustCompile(`(?i)\b[0-9a-f]{32,}\b|\b(?:[0-9a-f]{2}[: -]){15,}[0-9a-f]{2}\b`),
		reversed: regexp.MustCompile(`(?i)((?:[0-9a-f/-]{1,7}\.)+)(in-addr|ip6)\.arpa\b`),
		components: regexp.MustCompile(
			`(?i)\bDC\s*=\s*([^,;+="'\s]+)(?:\s*,\s*DC\s*=\s*([^,;+="'\s]+)){0,20}`),
		dn: regexp.MustCompile(`(?i)\b(CN|OU|O|L|ST|S|STREET|SN|G|GN|UID|SERIALNUMBER)\s*=\s*` +
			`("[^"]*"|[^,;+"\r\n]+)`),
		login: regexp.MustCompile(`([\p{L}\p{N}][\p{L}\p{N}._-]*)(\\{1,2})([` + user + `]+)`),
		folder: regexp.MustCompile(
			`(?i)([\\/])(?:users|home|documents and settings|profiles)[\\/]{1,2}([^\\/\s"'<>|:,;]+)`),
		quotedUser: regexp.MustCompile("(?i)\\b(?:user|account|login|logon|username|principal|member|mailbox|" +
			"(?:log ?on|runs?|running|executed) as)" +
			"(?: name)?\\s*[:=]?\\s*['\"`\u2018\u2019\u201c\u201e\u00ab]\\s?([^'\"`\u2018\u2019\u201c\u201d\u00bb\\\\/]{1,64})" +
			"['\"`\u2018\u2019\u201c\u201d\u00bb]"),
		plainUser: regexp.MustCompile(`(?i)\b(?:user|account|login)\s+((?:[\p{L}\p{N}]+[_.-])+[\p{L}\p{N}]+\$?|\p{L}+\d+)`),
		quotedHost: regexp.MustCompile(
			`(?i)\b(?:asking|host|server|computer|machine|node)\s+["']([^"'\s\\/]+)["']`),
		quotedDomain: regexp.MustCompile(`(?i)\b(?:domain|realm|workgroup)\s+["']([^"'\s\\/]+)["']`),
		lookup:       regexp.MustCompile(`\blookup ([^\s:]+)`),
		machine:      regexp.MustCompile(`\b([A-Z][A-Z0-9_-]*[0-9-][A-Z0-9_-]*)\$`),
		made: regexp.MustCompile(`(?i)\b(?:DESKTOP|LAPTOP|WIN|EC2AMAZ|MININT|IP)-` +
			`(?:[A-Z0-9]{7,11}|(?:\d{1,3}-){3}\d{1,3})\b`),
		ownerFlag: regexp.MustCompile(`--owner[ =](?:'((?:[^']|'\\'')*)'|([^\s']+))`),
		storeFlag: regexp.MustCompile(`--store[ =](?:'((?:[^']|'\\'')*)'|([^\s']+))`),
		hostsFlag: regexp.MustCompile(`(?:--hosts[ =]|\bdoctor )(?:'((?:[^']|'\\'')*)'|([^\s']+))`),
	}
}
