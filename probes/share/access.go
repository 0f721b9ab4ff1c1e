package share

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

var errDescriptor = errors.New("want a security descriptor, got something else")

// Parts of a self-relative SECURITY_DESCRIPTOR, an ACL and its entries (MS-DTYP
// 2.4.6, 2.4.5, 2.4.4).
const (
	headerSize  = 20
	daclPresent = 0x0004
	aclSize     = 8
	mostEntries = 500
	aceSize     = 8 // of an entry before its identifier: type, flags, size, mask
)

// accessOf reads who a security descriptor, in base64, lets do what. The order of
// its entries is left out: Windows keeps what denies in front of what allows.
func accessOf(text string) ([]string, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) < headerSize || raw[0] != 1 {
		return nil, errDescriptor
	}
	at := binary.LittleEndian.Uint32(raw[16:])
	if binary.LittleEndian.Uint16(raw[2:])&daclPresent == 0 || at == 0 {
		return []string{"Everyone allow full"}, nil // no list at all lets everyone in
	}
	if uint64(at)+aclSize > uint64(len(raw)) {
		return nil, errDescriptor
	}
	acl := raw[at:]
	count := int(binary.LittleEndian.Uint16(acl[4:]))
	if count > mostEntries {
		return nil, fmt.Errorf("it has %d entries, more than are told", count)
	}
	rest := acl[aclSize:]
	all := []string{}
	for range count {
		if len(rest) < aceSize {
			return nil, errDescriptor
		}
		size := int(binary.LittleEndian.Uint16(rest[2:]))
		if size < aceSize || size > len(rest) {
			return nil, errDescriptor
		}
		entry, err := entryOf(rest[:size])
		if err != nil {
			return nil, err
		}
		all = append(all, entry)
		rest = rest[size:]
	}
	return all, nil
}

// entryOf reads one entry; of a sort that shares do not have, its bytes are told.
func entryOf(ace []byte) (string, error) {
	verb := ""
	switch ace[0] {
	case 0:
		verb = "allow"
	case 1:
		verb = "deny"
	default:
		return fmt.Sprintf("entry %x", ace[:min(len(ace), 100)]), nil
	}
	who, err := identifier(ace[aceSize:])
	if err != nil {
		return "", err
	}
	return who + " " + verb + " " + rights(binary.LittleEndian.Uint32(ace[4:])), nil
}

// rights names the three that Explorer offers for a share: FILE_ALL_ACCESS, what
// reads, writes and deletes, and what reads and executes.
func rights(mask uint32) string {
	switch mask {
	case 0x1F01FF, 0x10000000:
		return "full"
	case 0x1301BF:
		return "change"
	case 0x1200A9:
		return "read"
	default:
		return fmt.Sprintf("%#x", mask)
	}
}

// identifier writes a SID (MS-DTYP 2.4.2) as S-1-5-32-544; the most common have
// their English names, whatever the host's language.
func identifier(sid []byte) (string, error) {
	const head = 8
	if len(sid) < head || sid[0] != 1 || sid[1] > 15 || len(sid) < head+4*int(sid[1]) {
		return "", errDescriptor
	}
	var authority uint64
	for _, b := range sid[2:head] {
		authority = authority<<8 | uint64(b)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "S-1-%d", authority)
	for i := range int(sid[1]) {
		fmt.Fprintf(&text, "-%d", binary.LittleEndian.Uint32(sid[head+4*i:]))
	}
	switch text.String() {
	case "S-1-1-0":
		return "Everyone", nil
	case "S-1-5-11":
		return "Authenticated Users", nil
	case "S-1-5-18":
		return "SYSTEM", nil
	case "S-1-5-32-544":
		return "Administrators", nil
	case "S-1-5-32-545":
		return "Users", nil
	default:
		return text.String(), nil
	}
}
