package redact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// findDotted finds names of hosts with their domain.
func (t *text) findDotted() {
	if !strings.Contains(t.s, ".") {
		return
	}
	for at := 0; at < len(t.s); {
		from := at
		for at < len(t.s) {
			r, size := utf8.DecodeRuneInString(t.s[at:])
			if !isPart(r) && r != '.' {
				break
			}
			at += size
		}
		if at == from {
			_, size := utf8.DecodeRuneInString(t.s[at:])
			at += size
			continue
		}
		run := t.s[from:at]
		begin := from + len(run) - len(strings.TrimLeft(run, "."))
		end := from + len(strings.TrimRight(run, "."))
		const longest = 253 // of a name in DNS
		for begin < end-longest {
			dot := strings.IndexByte(t.s[end-longest:end], '.')
			if dot < 0 {
				break
			}
			begin = end - longest + dot + 1
		}
		last := strings.LastIndexByte(t.s[:end], '.') + 1
		if begin < last && last < end && !unicode.IsDigit(rune(t.s[last])) {
			t.dotted(begin, end)
		}
	}
}

// dotted notes what there is to a name with dots, if it is in a domain. It returns false
// where it is in none.
func (t *text) dotted(from, to int) bool {
	name := t.lower[from:to]
	domain, sure := t.domainOf(name)
	if domain == "" {
		return false
	}
	if isPublic(domain) {
		return true
	}
	cut := to - len(domain)
	t.addAs(span{ref{kindDomain, domain}, cut, to, sure})
	for at := from; at < cut; {
		end := at + strings.IndexByte(t.lower[at:cut], '.')
		t.label(at, end)
		at = end + 1
	}
	return true
}

// label notes a label before a known domain, unless it is of those that many domains have.
func (t *text) label(from, to int) {
	name := t.lower[from:to]
	if name == "" || name[0] == '_' || !t.key.sure[ref{kindHost, name}] && isUsual(name) {
		return
	}
	t.add(from, to, kindHost, false)
}

func isUsual(label string) bool {
	return slices.Contains([]string{
		"www", "autodiscover", "wpad", "lyncdiscover", "gc", "dc", "domains", "pdc", "domaindnszones", "forestdnszones",
	}, label)
}

// isPublic says whether everybody knows a domain.
func isPublic(domain string) bool {
	return slices.Contains([]string{
		"microsoft.com", "windows.com", "windowsupdate.com", "office.com", "office365.com", "live.com", "msftncsi.com",
		"msftconnecttest.com", "windows.net", "digicert.com", "w3.org", "xmlsoap.org", "github.com",
	}, domain)
}

// domainOf is the known domain in which a name is or, where there is none, the one that it
// looks like.
func (t *text) domainOf(name string) (domain string, sure bool) {
	for rest := name; rest != ""; {
		if t.key.sure[ref{kindDomain, rest}] {
			return rest, true
		}
		_, after, found := strings.Cut(rest, ".")
		if !found {
			break
		}
		rest = after
	}
	return guessed(name), false
}

// guessed is the domain that a name would be in if it is no file and no version.
func guessed(name string) string {
	labels := strings.Split(name, ".")
	last := labels[len(labels)-1]
	letters := strings.ContainsFunc(name[:len(name)-len(last)], unicode.IsLetter)
	if len(labels) < 2 || !letters || slices.Contains(labels, "") || strings.ContainsFunc(last, unicode.IsDigit) {
		return ""
	}
	if slices.Contains([]string{
		"test", "local", "lan", "internal", "intern", "corp", "home", "localdomain", "private", "intra", "invalid", "loc",
		"dom", "example", "priv", "ad",
	}, last) {
		return labels[len(labels)-2] + "." + last
	}
	if isSpace(labels[0]) || len(labels) == 2 && isEnding(last) {
		return ""
	}
	if _, icann := publicsuffix.PublicSuffix(name); !icann {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return domain
}

// isSpace says whether names of programs begin so: System.Net, Microsoft.Exchange.Store.
func isSpace(label string) bool {
	return slices.Contains([]string{"system", "microsoft", "windows", "asp", "vb", "mscorlib", "ms"}, label)
}

// isEnding says whether files end so, though there is a country or another domain of that
// name.
func isEnding(label string) bool {
	return slices.Contains([]string{
		"cat", "zip", "mov", "sh", "py", "pl", "ps", "md", "rs", "so", "cc", "cs", "bat", "id", "app", "foo", "cab", "pub",
		"name", "page", "prof", "store", "host", "services", "network", "security", "media", "data", "cpl", "win", "log",
	}, label)
}
