package estate

import (
	"crypto/sha1" // a name-based UUID (version 5) is defined with it
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
)

// Before is the state that every estate has: its hosts as they are written.
const Before = "before"

// Estate is a set of simulated hosts in named states. It does not change once
// it is loaded.
type Estate struct {
	Name    string
	Realm   string       // of Kerberos, CORP.TEST; "" for an estate without a KDC
	Network netip.Prefix // within 127.0.0.0/8; each host has an address of it
	states  []string
	hosts   map[string][]Host
}

// Problem is one fault of an estate file and where it is.
type Problem struct {
	File         string
	Line, Column int
	Msg          string
}

func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Msg)
}

// Load reads an estate file. The error joins all Problems of the file.
func Load(path string) (*Estate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the estate: %w", err)
	}
	return Parse(path, data)
}

// States returns the names of the states in the file's order; the first is the
// one that a lab starts in.
func (e *Estate) States() []string { return slices.Clone(e.states) }

// Hosts returns the hosts in a state, in the file's order, the same ones in
// every state; nil for a state that the estate has not. The caller may keep
// the slice and must not change what its elements point to.
func (e *Estate) Hosts(state string) []Host { return slices.Clone(e.hosts[state]) }

// Address returns the address of the i-th host.
func (e *Estate) Address(i int) netip.Addr {
	base := e.Network.Masked().Addr().As4()
	n := uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3])
	n += firstHost + uint32(i)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// The first addresses of a network are left to the lab itself.
const firstHost = 10

// defaultNetwork gives each estate a network of its own, so that two labs can
// run side by side.
func defaultNetwork(name string) netip.Prefix {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name))
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{127, byte(16 + sum.Sum32()%235), 0, 0}), 16)
}

func parseNetwork(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	loopback := netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8)
	if err != nil || !prefix.Addr().Is4() || prefix.Bits() < 8 || !loopback.Contains(prefix.Addr()) {
		return netip.Prefix{}, fmt.Errorf("network: want a part of 127.0.0.0/8 like 127.42.0.0/16, got %q", text)
	}
	return prefix.Masked(), nil
}

// finish fills in what a host's author may leave out.
func finish(h Host, estate, name string, now time.Time) Host {
	h.Name = name
	if h.Power == "" {
		h.Power = "on"
	}
	if h.OS.Build == 0 {
		h.OS.Build, h.OS.UBR = 20348, max(h.OS.UBR, 1)
	}
	if h.OS.Caption == "" {
		h.OS.Caption = "Microsoft Windows Server 2022 Standard"
	}
	if h.OS.Edition == "" {
		h.OS.Edition = "ServerStandard"
	}
	if h.OS.InstallType == "" {
		h.OS.InstallType = "Server"
	}
	if h.OS.Up > 0 {
		h.OS.Boot = now.Add(-h.OS.Up)
	}
	if h.OS.Boot.IsZero() {
		h.OS.Boot = time.Date(2026, 10, 14, 3, 12, 45, 500_000_000, time.UTC)
	}
	if h.OS.UUID == "" {
		h.OS.UUID = nameUUID(estate + "/" + strings.ToLower(name))
	}
	return h.withMailboxes()
}

// nameUUID is the version 5 UUID of a name: the same machine in every run.
func nameUUID(name string) string {
	sum := sha1.Sum([]byte("postpatch lab " + name))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	s := strings.ToUpper(hex.EncodeToString(sum[:16]))
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Problems returns the problems that Load or Parse found, in the file's order.
func Problems(err error) []Problem {
	if found, ok := errors.AsType[problems](err); ok {
		return slices.Clone(found)
	}
	return nil
}

// problems is all that is wrong with a file, one a line.
type problems []Problem

func (p problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}
