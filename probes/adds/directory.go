package adds

import (
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

func lower(text string) string { return strings.ToLower(text) }

// readDirectory tells what the directory says of itself, and what it offers.
func readDirectory(r *gather.Reader, told parts.Parts) {
	if row, ok := told.One("netlogon"); ok {
		ready, known := gather.Number(row, "SysvolReady")
		// It is there, and 1, on every domain controller that serves.
		if !known && !row.Get("SysvolReady").Null {
			r.Failf("sysvol_ready", "want a number, got %q", named.Within(row.Get("SysvolReady").Text, mostText))
		} else {
			r.Add("", "sysvol_ready", fact.Bool(ready == 1))
		}
	}
	row, ok := told.One("ldap")
	if !ok {
		return
	}
	if !told.Answers(row, "answers", "error") {
		return
	}
	told.Bool(row, "Synchronized", "synchronized")
	told.Bool(row, "Catalog", "global_catalog")
	if row, ok := told.One("ping"); ok {
		readPing(r, row)
	}
	readRoles(r, told)
}

// readPing reads the answer that clients get who look for a domain controller.
// Netlogon answers that it pauses while SYSVOL is not ready. Source: MS-ADTS
// 6.3.1.3 for the codes, 6.3.1.2 for the flags.
func readPing(r *gather.Reader, row host.Row) {
	const response, pause = 23, 24
	code, known := gather.Number(row, "Opcode")
	flags, flagsKnown := gather.Number(row, "Flags")
	if !known || !flagsKnown || code != response && code != pause {
		r.Failf("ping", "an answer with the code %q and the flags %q",
			named.Within(row.Get("Opcode").Text, mostText), named.Within(row.Get("Flags").Text, mostText))
		return
	}
	r.Add("", "advertising", fact.Bool(code == response))
	var as []string
	for _, f := range offers() {
		if code == response && flags&f.bit != 0 { // while it pauses it offers nothing
			as = append(as, f.name)
		}
	}
	r.Add("", "advertises", fact.SetOf(as...))
}

// offer is what a domain controller advertises.
type offer struct {
	bit  int64
	name string
}

// offers leaves out what moves by itself: the primary domain controller, which fsmo
// tells, the reliable time source, and who is closest to whom.
func offers() []offer {
	return []offer{
		{0x4, "global catalog"},
		{0x8, "ldap"},
		{0x10, "directory"},
		{0x20, "kdc"},
		{0x40, "time"},
		{0x100, "writable"},
		{0x2000, "web services"},
	}
}

// readRoles tells which operations master roles are the domain controller's own.
func readRoles(r *gather.Reader, told parts.Parts) {
	row, ok := told.One("roles")
	if !ok {
		return
	}
	var own []string
	for _, role := range []string{"Schema", "Naming", "Pdc", "Rid", "Infrastructure"} {
		holds, known := row.Get(role).Bool()
		if !known {
			r.Failf("fsmo", "the host does not say who holds %s", lower(role))
			return
		}
		if holds {
			own = append(own, lower(role))
		}
	}
	r.Add("", "fsmo", fact.SetOf(own...))
}
