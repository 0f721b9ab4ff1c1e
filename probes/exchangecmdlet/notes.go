package exchangecmdlet

import (
	"postpatch/probes/internal/note"
)

// notes tell what the commands need and where they are.
func notes() []string {
	var everywhere, mailbox, elsewhere []string
	for _, c := range commands() {
		if c.mailbox {
			mailbox = append(mailbox, c.name)
		}
		if c.in == all {
			everywhere = append(everywhere, c.name)
		} else {
			elsewhere = append(elsewhere, c.name+" ("+c.in+")")
		}
	}
	notes := note.List("In all versions:", "Also:", ", ", everywhere)
	notes = append(notes, note.List("In some:", "Also:", ", ", elsewhere)...)
	notes = append(notes, note.List("They log in to the test mailbox extest_… of the server:", "Also:", ", ", mailbox)...)
	return append(notes,
		note.PowerShell,
		"Scripts\\New-TestCasConnectivityUser.ps1 makes that mailbox, once; nothing is made by the check.",
		"They are asked at Exchange's own endpoint (/PowerShell), one after the other, and may take a minute each.",
		"A host's session has two minutes for all: give the check a timeout where it runs several of them.",
		"Test-Mailflow and Test-ExchangeSearch put a message of their own into a system mailbox.",
	)
}
