package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/ssh"
	"postpatch/suites"
)

// sshKeys is what the sessions of a run share: known_hosts files, which are read once, and
// the environment's agent.
type sshKeys struct {
	home   string // of the operator
	system string // the system's own known_hosts
	agent  string // where the agent listens; "" for none

	mu    sync.Mutex
	known map[string]knownOnce // by the files' names
}

type knownOnce struct {
	hosts *ssh.KnownHosts
	err   error
}

func newSSHKeys(a app) *sshKeys {
	home, _ := os.UserHomeDir() // without one its files are not there
	return &sshKeys{home: home, system: systemKnownHosts(a.getenv), agent: agentSocket(a.getenv)}
}

// of are the known hosts that an entry names, or else the operator's and the system's, as
// far as they are there.
func (k *sshKeys) of(files []string) (*ssh.KnownHosts, error) {
	if len(files) == 0 {
		for _, file := range []string{filepath.Join(k.home, ".ssh", "known_hosts"), k.system} {
			if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
				files = append(files, file)
			}
		}
	}
	if len(files) == 0 {
		return nil, errors.New("there is no ~/.ssh/known_hosts to tell hosts by: write ssh: {known_hosts: path}, or " +
			"host_keys, in the credentials file")
	}
	name := strings.Join(files, "\n")
	k.mu.Lock()
	defer k.mu.Unlock()
	once, read := k.known[name]
	if !read {
		once.hosts, once.err = readKnown(files)
		if k.known == nil {
			k.known = map[string]knownOnce{}
		}
		k.known[name] = once
	}
	return once.hosts, once.err
}

// readKnown takes no file that others can change: who can has their machine taken for a
// host.
func readKnown(files []string) (*ssh.KnownHosts, error) {
	for _, file := range files {
		info, err := os.Stat(file)
		if err == nil {
			err = ownersToChange(file, info)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the known_hosts %q: %w", file, withoutPath(err))
		}
	}
	return ssh.ReadKnownHosts(files...)
}

// sshOptions say how a host is entered, as the credentials file has it.
func sshOptions(h suites.Host, j job, s suites.SSHSettings) (ssh.Options, error) {
	credential, err := j.credentials.For(h.Name, "winrm")
	if err != nil {
		return ssh.Options{}, err
	}
	o := ssh.Options{
		Host: h.Name, Address: h.Address, Port: s.Port, Pins: s.HostKeys, Identity: s.Identity, Credential: credential,
		Accounts: j.logins.Accounts(), Packer: j.packer, Dial: j.routes.Dial,
	}
	if len(s.HostKeys) == 0 {
		if o.Known, err = j.ssh.of(s.KnownHosts); err != nil {
			return o, err
		}
	}
	if credential.Key != (host.Secret{}) {
		if _, err := ssh.ReadKey(credential); err != nil {
			return o, err
		}
	}
	if s.Agent {
		if j.ssh.agent == "" {
			return o, errors.New("there is no agent: SSH_AUTH_SOCK is not set")
		}
		o.Agent = func(ctx context.Context) (io.ReadWriteCloser, error) { return dialAgent(ctx, j.ssh.agent) }
	}
	return o, nil
}

// openSSH opens a session over SSH. Wherever a suite's address leads, the host has to show
// the key of its name.
func openSSH(ctx context.Context, h suites.Host, j job, s suites.SSHSettings) (host.Session, error) {
	o, err := sshOptions(h, j, s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", probes.ErrNotTried, err)
	}
	session, err := ssh.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", probes.ErrNotTried, err) // it sends nothing
	}
	return session, nil
}

// openable makes sure that all is there that a session takes. A key that is not known is
// that host's alone, and keeps nobody from asking the others.
func openable(h suites.Host, j job, s suites.SSHSettings) error {
	o, err := sshOptions(h, j, s)
	if err != nil {
		return err
	}
	if err := ssh.Check(o); !errors.Is(err, ssh.ErrHostKey) {
		return err
	}
	return nil
}
