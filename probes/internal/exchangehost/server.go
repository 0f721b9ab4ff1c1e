package exchangehost

import "strings"

// mostNetBIOS is where Windows cuts a computer's name off to make its NetBIOS name.
const mostNetBIOS = 15

// SameServer compares two names of a server. One of them may lack its domain, and may be
// the NetBIOS name then, as in X-FEServer.
func SameServer(a, b string) bool {
	a, b = strings.ToLower(strings.TrimSuffix(a, ".")), strings.ToLower(strings.TrimSuffix(b, "."))
	if a == b {
		return true
	}
	short, domainA, _ := strings.Cut(a, ".")
	other, domainB, _ := strings.Cut(b, ".")
	if domainA != "" && domainB != "" {
		return false
	}
	return short == other || domainA == "" && isCut(short, other) || domainB == "" && isCut(other, short)
}

// isCut says whether a name is another one cut off to its NetBIOS name. A domain has no
// two computers of the same.
func isCut(name, whole string) bool {
	return len(name) == mostNetBIOS && strings.HasPrefix(whole, name)
}
