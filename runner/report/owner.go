package report

import (
	"strings"

	"postpatch/probes/fact"
)

// OwnerKey is the same for two ways to write one owner: case and spacing tell nobody
// apart. It is "" for no owner.
func OwnerKey(owner string) string { return fact.Fold(strings.Join(strings.Fields(owner), " ")) }
