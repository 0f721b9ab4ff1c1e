//go:build real

package realtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Dnsmasq is a DHCP server in a network of its own beside the test's: the test is at
// 10.99.0.2 there.
type Dnsmasq struct {
	Server

	holder *exec.Cmd // whose network it is
}

// StartDnsmasq starts dnsmasq (packages dnsmasq-base and iproute2) at 10.99.0.1 as a DHCP
// server alone, with further lines of its configuration. The test has to have a network of
// its own; see OwnNetwork.
func StartDnsmasq(t testing.TB, lines ...string) *Dnsmasq {
	t.Helper()
	d := &Dnsmasq{}
	d.Addr, d.dir = "10.99.0.1:67", folder(t)
	d.holder = exec.CommandContext(context.WithoutCancel(t.Context()), "sleep", "600")
	d.holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := d.holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.holder.Process.Kill()
		_ = d.holder.Wait() // it was killed
	})
	pid := strconv.Itoa(d.holder.Process.Pid)
	inside := []string{"nsenter", "-t", pid, "-n"}
	for _, command := range [][]string{
		{"ip", "link", "add", "client", "type", "veth", "peer", "name", "server", "netns", pid},
		{"ip", "addr", "add", "10.99.0.2/24", "dev", "client"},
		{"ip", "link", "set", "client", "up"},
		append(inside[:4:4], "ip", "addr", "add", "10.99.0.1/24", "dev", "server"),
		append(inside[:4:4], "ip", "link", "set", "server", "up"),
	} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	config := filepath.Join(d.dir, "dnsmasq.conf")
	write(t, config, fmt.Sprintf("port=0\ninterface=server\nbind-dynamic\ndhcp-authoritative\nuser=root\n"+
		"dhcp-leasefile=%s/leases\nlog-dhcp\nlog-facility=-\n%s\n", d.dir, strings.Join(lines, "\n")))
	d.up = func(t testing.TB) func() error {
		t.Helper()
		args := append(inside[1:4:4], "dnsmasq", "-k", "--pid-file", "--conf-file="+config)
		return run(t, listens(pid, 67), inside[0], args...).stop
	}
	d.begin(t)
	return d
}

// listens is ready when a process' network has a socket of UDP at a port.
func listens(pid string, port int) func(context.Context) error {
	return func(context.Context) error {
		sockets, err := os.ReadFile(filepath.Join("/proc", pid, "net", "udp"))
		if err == nil && !strings.Contains(string(sockets), fmt.Sprintf(":%04X ", port)) {
			err = errors.New("nothing listens at UDP port " + strconv.Itoa(port))
		}
		return err
	}
}
