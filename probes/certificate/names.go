package certificate

import (
	"encoding/asn1"
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// What a host says of a certificate is bounded: a reading must stay one that a
// person can read.
const (
	mostText  = 1000
	mostNames = 200
)

// commonName is the first CN of a distinguished name as .NET writes it:
// CN=www.example.org, O="Example, Inc.", C=DE. A quote in quotes is doubled.
func commonName(subject string) string {
	for rest := subject; rest != ""; {
		var part string
		part, rest = component(rest)
		key, value, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(key), "CN") {
			value = strings.TrimSpace(value)
			if inner, quoted := strings.CutPrefix(value, `"`); quoted {
				value = strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
			}
			return value
		}
	}
	return ""
}

// component cuts the first component off a distinguished name.
func component(text string) (first, rest string) {
	quoted := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case (c == ',' || c == '+') && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// names reads the extension of subject alternative names (RFC 5280, 4.2.1.6), given
// in base64: DNS names, addresses, mail addresses and URIs, DNS names first. What
// is none of these, or cannot be read, is left out.
func names(extension string) []string {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(extension))
	if err != nil || len(raw) == 0 {
		return nil
	}
	var sequence asn1.RawValue
	if _, err := asn1.Unmarshal(raw, &sequence); err != nil {
		return nil
	}
	var dns, others []string
	for rest := sequence.Bytes; len(rest) > 0 && len(dns)+len(others) < mostNames; {
		var name asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &name); err != nil {
			break
		}
		text := named.Short(strings.ToLower(string(name.Bytes)), 300)
		switch {
		case name.Class != asn1.ClassContextSpecific:
		case name.Tag == 2:
			dns = append(dns, text)
		case name.Tag == 1 || name.Tag == 6:
			others = append(others, text)
		case name.Tag == 7:
			if ip, ok := netip.AddrFromSlice(name.Bytes); ok {
				others = append(others, ip.String())
			}
		}
	}
	return slices.Concat(dns, others)
}

// purposes names the extended key usages that matter on servers; others stay
// numbers. A certificate without the extension serves any purpose.
func purposes(row host.Row) []string {
	cell := row.Get("purposes")
	if cell.Null {
		return []string{"any"}
	}
	all := []string{}
	for _, oid := range gather.List(row, "purposes") {
		if len(all) < mostNames {
			all = append(all, purpose(named.Short(oid, 100)))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// purpose knows the numbers of RFC 5280 (4.2.1.12), RFC 4556 and Microsoft.
func purpose(oid string) string {
	switch oid {
	case "1.3.6.1.5.5.7.3.1":
		return "server"
	case "1.3.6.1.5.5.7.3.2":
		return "client"
	case "1.3.6.1.5.5.7.3.3":
		return "code signing"
	case "1.3.6.1.5.5.7.3.4":
		return "mail"
	case "1.3.6.1.5.2.3.5":
		return "kdc"
	case "1.3.6.1.4.1.311.20.2.2":
		return "smart card logon"
	case "1.3.6.1.4.1.311.54.1.2":
		return "remote desktop"
	case "2.5.29.37.0":
		return "any"
	default:
		return oid
	}
}
