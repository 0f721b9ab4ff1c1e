package mailtalk

import (
	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// Use is what the credentials file calls the use of a mailbox' password.
const Use = "mail"

// MayShow says why a password must not be shown in a conversation; nil where it may.
func (w *Wire) MayShow(c host.Credential, t probes.Target) error {
	return reach.MayShow(w.tls, c, t, w.at)
}
