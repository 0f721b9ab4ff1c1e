package redact

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"
)

// byClass finds what is a name by the place where the text stands.
func (t *text) byClass() {
	switch t.class {
	case hostName:
		t.whole()
	case hosts, targets:
		t.words(func(from, to int) { t.listed(from, to) })
	case account:
		t.accounts()
	case suffixes:
		t.words(func(from, to int) {
			if strings.ContainsFunc(t.s[from:to], unicode.IsLetter) && !isCommon(t.common, t.lower[from:to]) {
				t.suffix(from, to)
			}
		})
	case title:
		t.titled()
	case serial:
		if strings.ContainsFunc(t.s, unicode.IsDigit) {
			t.add(0, len(t.s), kindHash, false)
		}
	case owner:
		t.owned(0, len(t.s))
	case store:
		t.stored(0, len(t.s))
	case command:
		t.commanded()
	case free, version:
	}
}

// whole notes the name of a host, which may be anything that a suite calls one.
func (t *text) whole() {
	name := strings.TrimRight(t.lower, ".")
	first, rest, dotted := strings.Cut(name, ".")
	_, icann := publicsuffix.PublicSuffix(name)
	a, err := netip.ParseAddr(name)
	switch {
	case err == nil:
		t.addAddress(a, 0, len(name))
	case name == "localhost":
	case strings.ContainsFunc(name, func(r rune) bool { return !isPart(r) && r != '.' }), first == "":
		t.add(0, len(t.s), kindHost, true)
	case dotted && icann && guessed(name) == name: // a domain itself
		t.add(0, len(name), kindDomain, true)
	default:
		t.add(0, len(first), kindHost, true)
		if dotted {
			t.addAs(span{ref{kindDomain, rest}, len(first) + 1, len(name), true})
		}
	}
}

// words are the words of a list.
func (t *text) words(tell func(from, to int)) {
	separates := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,;|()<>/"'`, r) }
	for from := 0; from < len(t.s); {
		end := strings.IndexFunc(t.s[from:], separates)
		if end < 0 {
			end = len(t.s) - from
		}
		if end > 0 {
			tell(from, from+end)
		}
		from += end + 1
		for from < len(t.s) && t.s[from]&0xC0 == 0x80 { // the rest of a wide separator
			from++
		}
	}
}

// listed notes a word that stands where hosts are named.
func (t *text) listed(from, to int) {
	if colon := strings.IndexByte(t.s[from:to], ':'); colon > 0 && strings.Count(t.s[from:to], ":") == 1 {
		to = from + colon
	}
	if instance := strings.IndexByte(t.s[from:to], '\\'); instance >= 0 {
		to = from + instance
	}
	word := strings.TrimRight(t.lower[from:to], ".")
	if word == "" || word[0] == '_' || strings.Contains(word, "=") || strings.HasPrefix(word, "0x") ||
		isCommon(t.common, word) {
		return
	}
	if t.class == targets && !strings.ContainsAny(word, "0123456789-.") {
		t.add(from, to, kindHost, false) // it may be what somebody calls the check
		return
	}
	t.name(from, to)
}

// accounts notes what stands where accounts are named, unless a pattern says more of it.
func (t *text) accounts() {
	for from := 0; from < len(t.s); {
		end := strings.IndexAny(t.s[from:], ",;")
		if end < 0 {
			end = len(t.s) - from
		}
		one := t.s[from : from+end]
		begin := from + len(one) - len(strings.TrimLeft(one, " "))
		if strings.HasPrefix(t.s[begin:], `.\`) {
			begin += 2
		}
		if stop := from + len(strings.TrimRight(one, " ")); begin < stop && !strings.ContainsAny(t.s[begin:stop], `\@=`) {
			t.user(begin, stop)
		}
		from += end + 1
	}
}

// titled notes a name that people gave, all of it, unless everybody knows it.
func (t *text) titled() {
	if strings.Contains(t.s, "=") || isCommon(t.common, t.lower) || isKnownTitle(t.lower) {
		return
	}
	if strings.Contains(t.s, ".") && !strings.Contains(t.s, " ") {
		t.name(0, len(t.s))
	}
	if len(t.spans) == 0 {
		t.add(0, len(t.s), kindTitle, true)
	}
}

// isKnownTitle says whether a name tells of nobody: of public authorities, and of what
// every directory has.
func isKnownTitle(name string) bool {
	begins := []string{
		"microsoft", "windows", "digicert", "let's encrypt", "globalsign", "sectigo", "isrg", "verisign", "entrust",
		"baltimore", "amazon", "google trust", "default-first-site-name", "domain controllers", "domain system volume",
		"ntds settings",
	}
	return slices.ContainsFunc(begins, func(begin string) bool { return strings.HasPrefix(name, begin) })
}

// owned notes who answers for a check. One that is an address of mail is an account.
func (t *text) owned(from, to int) {
	name := strings.Join(strings.Fields(t.lower[from:to]), " ")
	mail := t.patterns.mail.FindStringIndex(t.s[from:to])
	if name == "" || name == "-" || mail != nil && strings.TrimSpace(t.s[from:to]) == t.s[from+mail[0]:from+mail[1]] {
		return
	}
	t.addAs(span{ref{kindOwner, name}, from, to, true})
}

// stored notes where runs are kept, unless it is where they are by default.
func (t *text) stored(from, to int) {
	if t.s[from:to] != "evidence" && !strings.Contains(t.s[from:to], "://") {
		t.add(from, to, kindStore, true)
	}
}

// commanded notes what the flags of a command line name.
func (t *text) commanded() {
	for _, flag := range []struct {
		pattern *regexp.Regexp
		note    func(from, to int)
	}{
		{t.patterns.ownerFlag, t.owned},
		{t.patterns.storeFlag, t.stored},
		{t.patterns.hostsFlag, func(from, to int) {
			for from < to {
				end := strings.IndexByte(t.s[from:to], ',')
				if end < 0 {
					end = to - from
				}
				if !strings.ContainsAny(t.s[from:from+end], "*?[:") {
					t.name(from, from+end)
				}
				from += end + 1
			}
		}},
	} {
		t.each(flag.pattern, func(m []int) {
			for group := 2; group < len(m); group += 2 {
				if m[group] >= 0 {
					flag.note(m[group], m[group+1])
				}
			}
		})
	}
}

// findDistinguished finds what the parts of a name of X.500 are called.
func (t *text) findDistinguished() {
	isName := false
	t.each(t.patterns.components, func(m []int) {
		isName = true
		var labels []string
		for part := range strings.SplitSeq(t.lower[m[0]:m[1]], ",") {
			_, value, _ := strings.Cut(part, "=")
			labels = append(labels, strings.TrimSpace(value))
		}
		t.addAs(span{ref{kindDomain, strings.Join(labels, ".")}, m[2], m[1], true})
	})
	if !isName && !strings.Contains(t.lower, "cn=") && !strings.Contains(t.lower, "ou=") {
		return
	}
	t.each(t.patterns.dn, func(m []int) { t.part(t.lower[m[2]:m[3]], m[4], m[5]) })
}

// part notes the value of CN=…, O=… and the like.
func (t *text) part(attribute string, from, to int) {
	value := t.s[from:to]
	from += len(value) - len(strings.TrimLeft(value, `" `))
	to -= len(value) - len(strings.TrimRight(value, `" `))
	if from >= to {
		return
	}
	name := t.lower[from:to]
	if isKnownTitle(name) || isCommon(t.common, name) || t.isTaken(from, to) || isSchema(name) {
		return
	}
	if attribute == "cn" && !strings.Contains(name, " ") {
		t.name(from, to)
		if t.isTaken(from, to) {
			return
		}
	}
	const enough = 4
	t.add(from, to, kindTitle, len(name) >= enough && (attribute == "cn" || attribute == "o"))
}

// isSchema says whether every directory has a part of that name.
func isSchema(name string) bool {
	return slices.Contains([]string{
		"builtin", "sites", "subnets", "partitions", "public key services", "policies", "system", "infrastructure",
		"managed service accounts", "program data", "foreignsecurityprincipals", "servers",
	}, name)
}
