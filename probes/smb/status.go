package smb

import (
	"fmt"
	"slices"

	"postpatch/probes/host"
)

// declined is a status of Windows (MS-ERREF 2.3) with which a server says no.
type declined struct {
	status  uint32
	instead string // what it means here, where that is no fault of the account
}

// status is what a code means: a word for a reading, and a sentence.
type status struct{ word, words string }

func statuses() map[uint32]status {
	return map[uint32]status{
		0xC0000022: {denied, "access is denied"},
		0xC0000034: {missing, "there is no such name"},
		0xC000003A: {missing, "there is no such path"},
		0xC00000CC: {missing, "there is no such share"},
		0xC00000CB: {"another device", "the share is of another sort"},
		0xC00000BA: {"a folder", "it is a folder"},
		0xC0000043: {"in use", "somebody has it open for themselves alone"},
		0xC0000257: {"led away", "it is a DFS link, which is not followed"},
		0xC00000C9: {"deleted", "the share is being taken away"},
		0xC000006D: {refused, "the user or the password is wrong"},
		0xC0000064: {refused, "there is no such user"},
		0xC000006A: {refused, "the password is wrong"},
		0xC000006E: {refused, "the account is restricted"},
		0xC000006F: {refused, "the account may not log on at this time"},
		0xC0000070: {refused, "the account may not log on from here"},
		0xC0000071: {refused, "the account's password has expired"},
		0xC0000072: {refused, "the account is disabled"},
		0xC0000193: {refused, "the account has expired"},
		0xC0000224: {refused, "the account's password has to be changed first"},
		0xC0000234: {refused, "the account is locked"},
		0xC000015B: {refused, "the account may not log on over the network here"},
		0xC000005E: {unavailable, "the server finds no domain controller"},
		0xC0000133: {unavailable, "the clocks differ too much"},
		0xC000018B: {unavailable, "the domain does not know the server's own account"},
		0xC000018D: {unavailable, "the server's secure channel to its domain is broken"},
		0xC000018C: {unavailable, "the trust between the domains is broken"},
		0xC0000192: {unavailable, "Netlogon does not run on the server"},
		0xC00000E5: {unavailable, "the server has an internal error"},
		0xC0000413: {unavailable, "the server is not allowed to authenticate the account"},
		0xC0000418: {unavailable, "NTLM is blocked in the domain"},
		0xC000009A: {unavailable, "the server is short of resources"},
		0xC00000D0: {unavailable, "the server takes no more sessions"},
		0xC00000BB: {"not supported", "the server does not support what is asked"},
		0xC000000D: {"invalid", "the server takes the question for invalid"},
	}
}

// name is the word for a reading.
func (d *declined) name() string {
	if known, found := statuses()[d.status]; found {
		return known.word
	}
	return fmt.Sprintf("status %08X", d.status)
}

// Error implements error.
func (d *declined) Error() string {
	if d.instead != "" {
		return fmt.Sprintf("%s (status %08X)", d.instead, d.status)
	}
	if known, found := statuses()[d.status]; found {
		return fmt.Sprintf("%s (status %08X)", known.words, d.status)
	}
	return fmt.Sprintf("the server answers with status %08X", d.status)
}

// shown is what a status that answers a logon tells of the password. A locked account, or one
// that may not log on, is one that nobody should go on with.
func (d *declined) shown() host.Shown {
	switch d.status {
	case 0xC000006F, 0xC0000070, 0xC000015B: // the password is right, and another server may take it
		return host.Later
	}
	if d.name() == refused {
		return host.Refused
	}
	return host.Later
}

// ofLogon is the state of a logon that was declined.
func (d *declined) ofLogon() string {
	if name := d.name(); d.instead == "" && slices.Contains([]string{refused, unavailable}, name) {
		return name
	}
	return unavailable
}
