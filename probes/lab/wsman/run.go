package wsman

import (
	"crypto/tls"
	"time"

	"postpatch/probes/lab/estate"
)

// Ran is what became of a command line.
type Ran struct {
	Stdout, Stderr []byte
	Exit           int
	Thought        time.Duration // what it took, beside the host's own time
}

// Run runs a command line as cmd.exe of a host does, with a text on standard input: for
// other doors than WinRM's that lead to the same Windows.
func Run(h estate.Host, certs func(estate.TLS) (*tls.Certificate, error), line, input string) Ran {
	p := &process{certs: certs, input: input}
	if len(line) > maxCommandLine {
		return Ran{Stderr: []byte("The command line is too long.\r\n"), Exit: 1}
	}
	p.run(h, nil, line, 0)
	return Ran{Stdout: p.stdout, Stderr: p.stderr, Exit: p.exit, Thought: p.thought}
}
