package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"postpatch/suites"
)

// TestAskedOf holds the digest to what runs in stores have: of all lines at once.
func TestAskedOf(t *testing.T) {
	var j job
	j.set = &suites.Set{}
	var lines []string
	for _, name := range []string{"srv10", "SRV1", "srv1", "srv2", `a"b`, "ä", "srv1.example.org", "srv1 ", ""} {
		h := suites.Host{Name: name}
		for _, id := range []string{"z", "a", "service/W3SVC"} {
			c := &suites.Check{Suite: "s", ID: id, Asked: "same " + strings.ToUpper(id) + name}
			h.Checks = append(h.Checks, c)
			lines = append(lines, fmt.Sprintf("%q %q %s\n", strings.ToLower(name), c.Key(), c.Asked))
		}
		j.set.Hosts = append(j.set.Hosts, h)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	if got, want := askedOf(j), hex.EncodeToString(sum[:]); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	j.set.Hosts[3].Checks[1].Asked = "another"
	if askedOf(j) == hex.EncodeToString(sum[:]) {
		t.Error("another question has the same digest")
	}
}
