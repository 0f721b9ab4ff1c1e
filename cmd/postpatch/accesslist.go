package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Who may do what with a file of Windows: who reads the lists is elsewhere, who judges them
// here. The numbers are those of
// https://learn.microsoft.com/windows/win32/fileio/file-security-and-access-rights.
const (
	canRead   = 0x1 | genericRead | genericAll
	canChange = 0x2 | 0x4 | 0x10000 | 0x40000 | 0x80000 | genericWrite | genericAll // data, delete, list, owner

	genericAll   = 0x10000000
	genericWrite = 0x40000000
	genericRead  = 0x80000000
)

// The system and the administrators of the machine.
const (
	sidSystem         = "S-1-5-18"
	sidAdministrators = "S-1-5-32-544"
)

// accessList is what a file of Windows says of who may use it.
type accessList struct {
	owner   trustee
	none    bool // there is no list at all, and everybody may do everything
	entries []accessEntry
}

// trustee is a user or a group.
type trustee struct{ sid, name string }

func (t trustee) String() string {
	if t.name == "" {
		return t.sid
	}
	return t.name
}

// accessEntry lets somebody do something, or denies it. Those for folders' content alone are
// left out.
type accessEntry struct {
	who    trustee
	denies bool
	mask   uint32
}

// refuse says why a file may not be trusted: somebody beside this user, the system and
// administrators has one of the rights. Those can do everything in any case.
func (l accessList) refuse(path, us string, rights uint32) error {
	mend := fmt.Sprintf(`icacls "%s" /inheritance:r`, path)
	const keep = " /grant:r *%s:F *" + sidSystem + ":F *" + sidAdministrators + ":F"
	keepers := fmt.Sprintf(keep, us)
	switch {
	case l.none:
		return errors.New("everybody can read and change it: it has no access list, as on a disk without NTFS; " +
			"move it to a folder of your profile")
	case !isTrusted(l.owner.sid, us):
		return fmt.Errorf("it belongs to somebody else (%s), who can let anybody in: "+
			`takeown /f "%s", and then %s%s`, l.owner, path, mend, keepers)
	}
	strangers := l.strangers(us, rights)
	if len(strangers) == 0 {
		return nil
	}
	can := "change"
	if rights&canRead == canRead {
		can = "read or change"
	}
	var names []string
	for i, s := range strangers {
		if i < 5 {
			names = append(names, s.String())
		}
		if i < 20 && s.sid != "" { // a line that a console takes
			mend += " /remove:g *" + s.sid
		}
	}
	if more := len(strangers) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return fmt.Errorf("%s can %s it: %s%s", strings.Join(names, ", "), can, mend, keepers)
}

// strangers are those whom an entry gives one of the rights, unless one before it denies it
// to the very same: who is a member of which group is not asked.
func (l accessList) strangers(us string, rights uint32) (found []trustee) {
	denied := map[string]uint32{}
	for _, e := range l.entries {
		switch {
		case e.denies:
			denied[e.who.sid] |= e.mask
		case e.mask&rights&^denied[e.who.sid] == 0, isTrusted(e.who.sid, us), slices.Contains(found, e.who):
		default:
			found = append(found, e.who)
		}
	}
	return found
}

// isTrusted says whether somebody is this user, the system, an administrator of the machine
// or of its domain, whoever the owner is, or the installer of Windows.
func isTrusted(sid, us string) bool {
	const owner, installer = "S-1-3-4", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	switch sid {
	case us, sidSystem, sidAdministrators, owner, installer:
		return sid != ""
	default: // Administrator, Domain Admins, Enterprise Admins
		return regexp.MustCompile(`^S-1-5-21-\d+-\d+-\d+-(500|512|519)$`).MatchString(sid)
	}
}
