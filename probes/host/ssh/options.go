package ssh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
)

// Options say where a session goes and as whom.
type Options struct {
	Host    string // name, for messages and for the key that has to be known
	Address string // name or IP address to dial, without a port; Host when empty
	Port    int    // 22 when 0
	// Known are the keys of hosts, by name; Pins, where there are some, are the only ones
	// for this host: "SHA256:…" as ssh-keygen -l prints it, or a key as a .pub file has it.
	Known *KnownHosts
	Pins  []string
	// Credential has a Password, or a Key in a format of OpenSSH with its Passphrase and,
	// if there is one, a Certificate in OpenSSH's format; without both the agent proves.
	Credential host.Credential
	// Agent connects to the agent that holds the keys; nil for none. Identity is the one
	// key of it that is offered, as "SHA256:…"; all of them when empty.
	Agent    func(ctx context.Context) (io.ReadWriteCloser, error)
	Identity string
	// Accounts is what the run knows of passwords; without it none is shown.
	Accounts *host.Accounts
	// Packer is shared by the sessions of a run; nil for none to share with.
	Packer *packed.Packer
	// Dial connects; a net.Dialer does when nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// complete fills in what was left out, and refuses what cannot be.
func (o Options) complete() (Options, error) {
	o.Address, o.Port = cmp.Or(o.Address, o.Host), cmp.Or(o.Port, 22)
	switch {
	case o.Host == "" || o.Port < 0 || o.Port > 65535:
		return o, fmt.Errorf("want a host and a port, got %q and %d", o.Host, o.Port)
	case o.Credential.User == "" || strings.ContainsAny(o.Credential.User, "\r\n\x00"):
		return o, errors.New("want a user's name")
	case !o.hasPassword() && !o.hasKey() && o.Agent == nil:
		return o, errors.New("there is neither a password nor a key nor an agent")
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o, nil
}

func (o Options) hasPassword() bool { return o.Credential.Password != host.Secret{} }
func (o Options) hasKey() bool      { return o.Credential.Key != host.Secret{} }
