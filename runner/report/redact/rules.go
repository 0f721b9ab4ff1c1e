package redact

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// byPattern finds what is a name by what it looks like. What is more certain comes first.
func (t *text) byPattern() {
	s := t.s
	if strings.Contains(s, "://") {
		t.findURLs()
	}
	backslash := strings.Contains(s, `\`)
	if backslash {
		t.each(t.patterns.share, func(m []int) {
			if before := t.before(m[0]); m[0] == 0 || !isPart(before) && !strings.ContainsRune(`:.%)}\`, before) {
				t.name(m[2], m[3])
			}
		})
	}
	if strings.Contains(s, "@") {
		t.each(t.patterns.mail, func(m []int) {
			t.user(m[2], m[3])
			t.mailDomain(m[4], m[5])
		})
	}
	if strings.Contains(t.lower, "s-1-") {
		t.each(t.patterns.sid, func(m []int) { t.add(m[0], m[1], kindSID, false) })
	}
	t.findNumbers()
	if strings.Contains(s, "=") {
		t.findDistinguished()
	}
	if backslash {
		t.findLogins()
	}
	t.findQuoted()
	t.findDotted()
	t.findUnknown()
}

func (t *text) each(p *regexp.Regexp, tell func(m []int)) {
	for _, m := range p.FindAllStringSubmatchIndex(t.s, -1) {
		tell(m)
	}
}

// findNumbers finds what is made of digits.
func (t *text) findNumbers() {
	if strings.Count(t.s, "-") >= 4 {
		t.each(t.patterns.guid, func(m []int) {
			if strings.Trim(t.s[m[0]:m[1]], "0-") != "" && !isWord(t.before(m[0])) && !isWord(t.after(m[1])) {
				t.add(m[0], m[1], kindGUID, false)
			}
		})
	}
	if strings.Contains(t.lower, ".arpa") {
		t.findReversed()
	}
	longest, pairs := hexRuns(t.s)
	const hash, pairsOfHash, pairsOfMAC = 32, 15, 5
	if longest >= hash || pairs >= pairsOfHash {
		t.each(t.patterns.hash, func(m []int) { t.add(m[0], m[1], kindHash, false) })
	}
	t.findAddresses() // some of which look like a MAC address with more to it
	if pairs >= pairsOfMAC {
		t.each(t.patterns.mac, func(m []int) {
			digits := strings.NewReplacer(":", "", "-", "").Replace(t.lower[m[0]:m[1]])
			if strings.Trim(digits, "0") != "" && strings.Trim(digits, "f") != "" {
				t.addAs(span{ref{kindMAC, digits}, m[0], m[1], false})
			}
		})
	}
}

// hexRuns tells the length of the longest run of hex digits, and of how many pairs of them
// with something between, as in 00:15:5d, the longest chain is.
func hexRuns(s string) (longest, pairs int) {
	run, chain := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case isHex(c):
			run++
			longest = max(longest, run)
			continue
		case run == 2 && (c == ':' || c == '-' || c == ' '):
			chain++
			pairs = max(pairs, chain)
		default:
			chain = 0
		}
		run = 0
	}
	return longest, pairs
}

// findURLs finds the hosts and the accounts of URLs. Of a bucket the name is a store's.
func (t *text) findURLs() {
	t.each(t.patterns.url, func(m []int) {
		from, to := m[4], m[5]
		if at := strings.LastIndexByte(t.s[from:to], '@'); at >= 0 {
			name := from + at
			if colon := strings.IndexByte(t.s[from:name], ':'); colon >= 0 {
				t.add(from+colon+1, name, kindSecret, false)
				name = from + colon
			}
			t.user(from, name)
			from += at + 1
		}
		if scheme := t.lower[m[2]:m[3]]; scheme == "s3" || scheme == "azblob" || scheme == "gs" {
			t.add(from, to, kindStore, true)
			return
		}
		if t.s[from] == '[' {
			return // an address of IPv6, which is found as such
		}
		if colon := strings.IndexByte(t.s[from:to], ':'); colon >= 0 {
			to = from + colon
		}
		t.name(from, to)
	})
}

// name notes what is the name or the address of a host for certain.
func (t *text) name(from, to int) {
	to -= len(t.s[from:to]) - len(strings.TrimRight(t.s[from:to], ".$"))
	if from >= to {
		return
	}
	name := t.lower[from:to]
	if a, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		if !t.isTaken(from, to) {
			t.addAddress(a, from, to)
		}
		return
	}
	first, rest, dotted := strings.Cut(name, ".")
	switch {
	case strings.ContainsFunc(name, func(r rune) bool { return !isPart(r) && r != '.' }), first == "localhost",
		!strings.ContainsFunc(name, unicode.IsLetter):
		return
	case !dotted:
		t.add(from, to, kindHost, true)
	case !t.dotted(from, to):
		t.add(from, from+len(first), kindHost, false)
		t.addAs(span{ref{kindDomain, rest}, from + len(first) + 1, to, false})
	}
}

// mailDomain notes what stands behind the @: mostly a domain, and rarely a host in one.
func (t *text) mailDomain(from, to int) {
	name := t.lower[from:to]
	if _, known := t.domainOf(name); known || !strings.Contains(name, ".") || isPublic(name) {
		t.name(from, to)
		return
	}
	t.add(from, to, kindDomain, true)
}

// user notes what is an account for certain, but for those that every system has.
func (t *text) user(from, to int) {
	trimmed := strings.TrimRight(t.s[from:to], ".$ ")
	to = from + len(trimmed)
	if from >= to || isWellKnown(t.lower[from:to]) {
		return
	}
	t.add(from, to, kindUser, true)
}

func isWellKnown(account string) bool {
	return slices.Contains([]string{
		"administrator", "administrators", "guest", "guests", "krbtgt", "domain", "enterprise", "schema", "users", "system",
		"localsystem", "localservice", "networkservice", "local system", "local service", "network service", "everyone",
		"applicationpoolidentity", "defaultaccount", "wdagutilityaccount", "sa", "public", "default", "all users", "root",
		"nt", "interactive", "default user", "nobody", "anonymous", "anonymous logon", "system account", "none", "absent",
	}, account)
}

// findQuoted finds names that stand in quotes, after a word that says what they are.
func (t *text) findQuoted() {
	if strings.ContainsAny(t.s, "'\"`\u2018\u2019\u201c\u201e\u00ab") {
		t.each(t.patterns.quotedUser, func(m []int) { t.user(m[2], m[3]) })
		t.each(t.patterns.quotedDomain, func(m []int) { t.suffix(m[2], m[3]) })
		t.each(t.patterns.quotedHost, func(m []int) {
			if !strings.Contains(t.s[m[2]:m[3]], "/") {
				t.name(m[2], m[3])
			}
		})
	}
	if strings.Contains(t.lower, "lookup ") {
		t.each(t.patterns.lookup, func(m []int) { t.name(m[2], m[3]) })
	}
	if strings.Contains(t.lower, "user ") || strings.Contains(t.lower, "account ") || strings.Contains(t.lower, "login ") {
		t.each(t.patterns.plainUser, func(m []int) { t.plainUser(m[2], m[3]) })
	}
}

// plainUser notes what may be an account: it stands after the word, and looks like no word.
func (t *text) plainUser(from, to int) {
	if trimmed := strings.TrimRight(t.s[from:to], ".$"); !isWellKnown(t.lower[from : from+len(trimmed)]) {
		t.add(from, from+len(trimmed), kindUser, false)
	}
}

// suffix notes the name of a domain, long or short.
func (t *text) suffix(from, to int) {
	name := strings.TrimRight(t.lower[from:to], ".")
	switch {
	case name == "" || name == "workgroup" || isPublic(name):
	case strings.Contains(name, "."):
		t.addAs(span{ref{kindDomain, name}, from, from + len(name), true})
	default:
		t.add(from, to, kindLabel, true)
	}
}

// findUnknown finds what looks like a machine that nobody named.
func (t *text) findUnknown() {
	if strings.Contains(t.s, "$") {
		t.each(t.patterns.machine, func(m []int) {
			if !isWord(t.after(m[1])) {
				t.add(m[2], m[3], kindHost, false)
			}
		})
	}
	for _, begin := range []string{"desktop-", "laptop-", "win-", "ec2amaz-", "minint-", "ip-"} {
		if strings.Contains(t.lower, begin) {
			t.each(t.patterns.made, func(m []int) { t.add(m[0], m[1], kindHost, true) })
			break
		}
	}
	for at := strings.IndexByte(t.s, ':'); at >= 0; {
		t.beforePort(at)
		next := strings.IndexByte(t.s[at+1:], ':')
		if next < 0 {
			break
		}
		at += next + 1
	}
}

// beforePort notes the word before a colon and a port, if it has a number as machines have.
func (t *text) beforePort(colon int) {
	end := colon + 1
	for end < len(t.s) && unicode.IsDigit(rune(t.s[end])) {
		end++
	}
	const shortest, longest = 2, 5
	if n := end - colon - 1; n < shortest || n > longest || isWord(t.after(end)) {
		return
	}
	from := colon
	for from > 0 && isPart(rune(t.s[from-1])) && t.s[from-1] < utf8.RuneSelf {
		from--
	}
	word := t.lower[from:colon]
	if strings.ContainsAny(word, "0123456789") && unicode.IsLetter(t.after(from)) && !isWord(t.before(from)) {
		t.add(from, colon, kindHost, false)
	}
}
