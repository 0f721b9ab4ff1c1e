package main

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// byOwner is what --by and --junit-split can say.
const byOwner = "owner"

const (
	longestName = 80
	noOwner     = "no-owner"
)

// ownerFileName is a name for an owner's file. An owner is what somebody wrote into a
// suite, so that only letters, digits and . _ @ + - of it stay; where that is not all of
// it, a part of its hash keeps two owners apart. It is the same in every run.
func ownerFileName(owner string) string {
	key := report.OwnerKey(owner)
	if key == "" {
		return noOwner
	}
	lossy := false
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._@+-", r):
			return r
		}
		lossy = true
		if r == ' ' {
			return '-'
		}
		return '_'
	}, key)
	whole := name
	name = strings.Trim(name[:min(len(name), longestName)], ".")
	if name == "" || name[0] == '-' || isDevice(name) {
		name = "_" + name
	}
	if !lossy && name == whole && name != noOwner {
		return name
	}
	sum := sha256.Sum256([]byte(key))
	return name + "~" + hex.EncodeToString(sum[:4])
}

// isDevice says whether Windows takes a name for that of a device, whatever its ending.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.TrimRight(base, " ")
	if slices.Contains([]string{"con", "prn", "aux", "nul", "conin$", "conout$"}, base) {
		return true
	}
	port, isCOM := strings.CutPrefix(base, "com")
	if !isCOM {
		port, isCOM = strings.CutPrefix(base, "lpt")
	}
	return isCOM && len(port) == 1 && port[0] >= '0' && port[0] <= '9'
}
