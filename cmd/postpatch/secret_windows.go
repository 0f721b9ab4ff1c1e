package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"unsafe"

	winapi "golang.org/x/sys/windows" // a test has a function of its name
)

// ownersOnly refuses a file with a secret that others than this user, the system and
// administrators can read or change. What Go shows as its mode is made up.
func ownersOnly(path string, _ fs.FileInfo) error { return onlyOurs(path, canRead|canChange) }

// ownersToChange refuses a file that others can change: who can write the credentials file
// can have this user run a program, and the accounts go to hosts of their choice.
func ownersToChange(path string, _ fs.FileInfo) error { return onlyOurs(path, canChange) }

func onlyOurs(path string, rights uint32) error {
	user, err := winapi.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("asking Windows who this user is: %w", err)
	}
	if full, err := filepath.Abs(path); err == nil {
		path = full // for who copies the command
	}
	list, err := accessListOf(path)
	if err != nil {
		return fmt.Errorf("asking Windows who can use it: %w", err)
	}
	return list.refuse(path, user.User.Sid.String(), rights)
}

func accessListOf(path string) (l accessList, err error) {
	const what = winapi.OWNER_SECURITY_INFORMATION | winapi.DACL_SECURITY_INFORMATION
	descriptor, err := winapi.GetNamedSecurityInfo(path, winapi.SE_FILE_OBJECT, what)
	if err != nil {
		return l, err
	}
	owner, _, err := descriptor.Owner()
	if err != nil {
		return l, err
	}
	l.owner = trusteeOf(owner)
	entries, _, err := descriptor.DACL()
	if errors.Is(err, winapi.ERROR_OBJECT_NOT_FOUND) || err == nil && entries == nil {
		l.none = true
		return l, nil
	}
	if err != nil {
		return l, err
	}
	for i := range uint32(entries.AceCount) {
		var ace *winapi.ACCESS_ALLOWED_ACE
		if err := winapi.GetAce(entries, i, &ace); err != nil {
			return l, err
		}
		const inheritOnly = 0x8 // INHERIT_ONLY_ACE
		if ace.Header.AceFlags&inheritOnly == 0 {
			l.entries = append(l.entries, accessOf(ace))
		}
	}
	return l, nil
}

// accessOf reads an entry. One with a condition allows, and does not deny, whatever it may be.
func accessOf(ace *winapi.ACCESS_ALLOWED_ACE) accessEntry {
	const allow, deny, allowIf, denyIf = 0, 1, 9, 10
	switch kind := ace.Header.AceType; kind {
	case allow, deny, allowIf:
		sid := (*winapi.SID)(unsafe.Pointer(&ace.SidStart))
		return accessEntry{who: trusteeOf(sid), denies: kind == deny, mask: uint32(ace.Mask)}
	case denyIf:
		return accessEntry{}
	default: // of directories, if at all
		name := fmt.Sprintf("an entry of type %d, which is not understood,", kind)
		return accessEntry{who: trustee{name: name}, mask: genericAll}
	}
}

func trusteeOf(sid *winapi.SID) trustee {
	t := trustee{sid: sid.String()}
	if account, domain, _, err := sid.LookupAccount(""); err == nil {
		if t.name = account; domain != "" {
			t.name = domain + `\` + account
		}
	}
	return t
}
