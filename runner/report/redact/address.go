package redact

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// findAddresses finds addresses of IPv4 and IPv6.
func (t *text) findAddresses() {
	if strings.Count(t.s, ":") >= 2 {
		t.runs(func(c byte) bool { return isHex(c) || c == ':' || c == '.' }, t.address6)
	}
	if strings.Contains(t.s, ".") {
		t.runs(func(c byte) bool { return c >= '0' && c <= '9' || c == '.' }, t.address4)
	}
}

// runs calls tell with each longest run of such bytes.
func (t *text) runs(of func(byte) bool, tell func(from, to int)) {
	for at := 0; at < len(t.s); at++ {
		from := at
		for at < len(t.s) && of(t.s[at]) {
			at++
		}
		if at > from {
			tell(from, at)
		}
	}
}

func (t *text) address6(from, to int) {
	run := t.s[from:to]
	trimmed := strings.TrimRight(run, ".")
	if strings.HasSuffix(trimmed, ":") && !strings.HasSuffix(trimmed, "::") {
		trimmed = trimmed[:len(trimmed)-1]
	}
	if strings.HasPrefix(trimmed, ":") && !strings.HasPrefix(trimmed, "::") {
		trimmed, from = trimmed[1:], from+1
	}
	if strings.Count(trimmed, ":") < 2 || isWord(t.before(from)) {
		return
	}
	a, err := netip.ParseAddr(trimmed)
	if err != nil {
		return
	}
	t.addAddress(a, from, from+len(trimmed))
}

// address4 looks at a run of digits and dots. Of five numbers the first four are an
// address where private ones begin so, as netstat of some systems has them.
func (t *text) address4(from, to int) {
	run := t.s[from:to]
	from += len(run) - len(strings.TrimLeft(run, "."))
	run = strings.Trim(run, ".")
	parts := strings.Split(run, ".")
	private := parts[0] == "10" || len(parts) > 1 && (parts[0] == "192" && parts[1] == "168" || parts[0] == "172")
	switch {
	case len(parts) < 4:
		next := t.s[from+len(run):]
		if private && len(parts) > 1 && (strings.HasPrefix(next, ".x") || strings.HasPrefix(next, ".*")) {
			t.add(from, from+len(run), kindNet, false)
		}
		return
	case len(parts) > 5 || len(parts) == 5 && !private:
		return
	}
	run = strings.Join(parts[:4], ".")
	var octets [4]byte
	for i, part := range parts[:4] {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 3 {
			return
		}
		octets[i] = byte(n)
	}
	a := netip.AddrFrom4(octets)
	if t.isVersion(a, from, from+len(run)) {
		return
	}
	t.addAddress(a, from, from+len(run))
}

// isVersion says whether four numbers are those of a version. What else is known as an
// address is none.
func (t *text) isVersion(a netip.Addr, from, to int) bool {
	if t.key.sure[ref{kindAddress, a.String()}] {
		return false
	}
	before := t.lower[max(0, from-16):from]
	words := strings.TrimRight(before, " =:'\"")
	switch {
	case t.class == version:
		return true
	case strings.HasSuffix(before, "v") && !isWord(t.before(from-1)):
		return true
	case strings.HasSuffix(words, "version"), strings.HasSuffix(words, "build"), strings.HasSuffix(words, "release"),
		strings.HasSuffix(words, "ver."):
		return true
	}
	// A folder that is called like a version: C:\Vendor\4.2.1.0\agent.exe
	folder := strings.HasSuffix(before, `\`) && !strings.HasSuffix(before, `\\`) && t.after(to) == '\\'
	return folder && a.As4()[0] < 10
}

// addAddress notes an address, but for those that every machine has.
func (t *text) addAddress(a netip.Addr, from, to int) {
	a = a.Unmap()
	mask := a.Is4() && a.As4()[0] == 255
	if a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || mask {
		return
	}
	kind := kindAddress
	if a.IsLinkLocalUnicast() {
		kind = kindLocal
	}
	t.addAs(span{ref{kind, a.WithZone("").String()}, from, to, t.class != version})
}

// findReversed finds addresses that are turned round, as zones of DNS have them.
func (t *text) findReversed() {
	for _, m := range t.patterns.reversed.FindAllStringSubmatchIndex(t.s, -1) {
		digits := t.s[m[2]:m[3]]
		parts := strings.Split(strings.TrimRight(digits, "."), ".")
		if len(parts) == 4 && t.lower[m[4]:m[5]] == "in-addr" {
			if a, err := netip.ParseAddr(parts[3] + "." + parts[2] + "." + parts[1] + "." + parts[0]); err == nil {
				t.addAddress(a, m[2], m[3]-1)
				continue
			}
		}
		if strings.ContainsFunc(digits, unicode.IsDigit) {
			t.add(m[2], m[3]-1, kindNet, false)
		}
	}
}
