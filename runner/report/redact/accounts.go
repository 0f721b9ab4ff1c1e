package redact

import (
	"slices"
	"strings"
	"unicode"
)

// findLogins finds accounts with their domain, CORP\kim, and those that folders are called
// by.
func (t *text) findLogins() {
	t.each(t.patterns.folder, func(m []int) { t.folderOf(m[4], m[5], t.s[m[2]] == '\\') })
	t.each(t.patterns.login, func(m []int) {
		domain, user := t.lower[m[2]:m[3]], strings.TrimRight(t.lower[m[6]:m[7]], ".")
		if !t.isLogin(m, domain, user) {
			return
		}
		sure := t.class == account || isCapital(t.s[m[2]:m[3]]) || t.isDomain(domain)
		switch {
		case t.key.sure[ref{kindHost, domain}]: // its own account, or an instance
			t.add(m[2], m[3], kindHost, true)
			sure = t.class == account
		case strings.Contains(domain, "."):
			if !t.dotted(m[2], m[3]) {
				return
			}
		default:
			t.add(m[2], m[3], kindLabel, sure)
		}
		if !isWellKnown(user) {
			end := m[6] + len(strings.TrimRight(user, "$"))
			t.add(m[6], end, kindUser, sure)
		}
	})
}

// folderOf notes the account whose folder a path leads through.
func (t *text) folderOf(from, to int, sure bool) {
	if name := t.lower[from:to]; !isWellKnown(name) && strings.ContainsFunc(name, isWord) {
		t.add(from, to, kindUser, sure)
	}
}

// isLogin says whether two words with a backslash between them are a domain and an account:
// no path, no key of the registry, and no account that every system has.
func (t *text) isLogin(m []int, domain, user string) bool {
	if strings.ContainsRune(`\/%.-_~{}$)`, t.before(m[2])) || strings.HasPrefix(t.s[m[7]:], `\`) ||
		strings.HasPrefix(t.s[m[7]:], `/`) {
		return false
	}
	if dot := strings.LastIndexByte(user, '.'); dot >= 0 && isFile(user[dot+1:]) {
		return false
	}
	if strings.Contains(domain, ".") && !t.key.sure[ref{kindDomain, domain}] && guessed(domain) == "" {
		return false
	}
	last := t.lower[:m[2]]
	switch {
	case isHive(domain), !strings.ContainsFunc(user, unicode.IsLetter) && !t.isDomain(domain):
		return false
	case strings.HasSuffix(last, "nt ") && (domain == "service" || strings.HasPrefix(domain, "auto")),
		strings.HasSuffix(last, "nt-"), strings.HasSuffix(last, "virtual ") && domain == "machine",
		strings.HasSuffix(last, "window ") && domain == "manager", strings.HasSuffix(last, "driver ") && domain == "host",
		strings.HasSuffix(last, "iis "), strings.HasSuffix(last, "package "):
		return false
	}
	return true
}

// isDomain says whether a word is known as a domain's name.
func (t *text) isDomain(name string) bool {
	return t.key.sure[ref{kindLabel, name}] || t.key.sure[ref{kindDomain, name}]
}

// isCapital says whether a name is written as Windows writes a domain's short one.
func isCapital(name string) bool {
	const longest = 15
	return len(name) > 1 && len(name) <= longest && strings.ToUpper(name) == name &&
		strings.ContainsFunc(name, unicode.IsLetter) && !strings.Contains(name, ".")
}

func isHive(name string) bool {
	return strings.HasPrefix(name, "hk") || slices.Contains([]string{
		"software", "system", "sam", "security", "hardware", "builtin", "authority", "apppool", "microsoft", "windows",
		"winnt", "mssql", "currentcontrolset", "bin", "system32", "syswow64", "nt-autorität", "autorität", "machine", "user",
		"program", "files", "inetpub", "volatile", "environment", "classes", "vordefiniert", "registry", "device",
		"mssqlserver",
	}, name)
}

// isFile says whether files end so.
func isFile(ending string) bool {
	return slices.Contains([]string{
		"exe", "dll", "sys", "ps1", "psm1", "psd1", "xml", "log", "txt", "yaml", "yml", "json", "ini", "cfg", "config", "cat",
		"mum", "inf", "edb", "mdf", "ldf", "bak", "bat", "cmd", "vbs", "js", "evtx", "etl", "dmp", "tmp", "dat", "db", "msi",
		"msp", "cab", "zip", "html", "htm", "aspx", "asmx", "svc", "png", "ico", "lnk", "reg", "pol", "adm", "admx", "adml",
	}, ending)
}
