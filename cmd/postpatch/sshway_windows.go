package main

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
)

func systemKnownHosts(getenv func(string) string) string {
	return filepath.Join(getenv("ProgramData"), "ssh", "ssh_known_hosts")
}

// agentSocket is the pipe of Windows' own service ssh-agent, unless the variable names
// another program's.
func agentSocket(getenv func(string) string) string {
	return cmp.Or(getenv("SSH_AUTH_SOCK"), `\\.\pipe\openssh-ssh-agent`)
}

func dialAgent(_ context.Context, pipe string) (io.ReadWriteCloser, error) {
	return os.OpenFile(pipe, os.O_RDWR, 0)
}
