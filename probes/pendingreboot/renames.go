package pendingreboot

import (
	"errors"
	"fmt"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// mostListed bounds the text of what is listed: an installer that never gets
// its reboot adds to the value for years.
const mostListed = 32 << 10

// fileRenames lists what the next boot renames and deletes. Source: MoveFileEx
// with MOVEFILE_DELAY_UNTIL_REBOOT.
func fileRenames(found []row) (fact.Value, error) {
	if !found[0].there {
		return nil, errors.New("the key Session Manager is missing, which no Windows lacks")
	}
	var all []string
	for _, name := range []string{"PendingFileRenameOperations", "PendingFileRenameOperations2"} {
		all = append(all, operations(found[0].cells.Get(name))...)
	}
	// The set sorts, so that the same files stay when some have to go.
	listed := fact.SetOf(all...).Elems()
	size := 0
	for i, operation := range listed {
		if size += len(operation); size > mostListed {
			return fact.SetOf(append(listed[:i:i], fmt.Sprintf("and %d more", len(listed)-i))...), nil
		}
	}
	return fact.SetOf(listed...), nil
}

// operations reads pairs of a file and its new name, which is empty for a file
// that is deleted. Pairs without a file are what is left of operations that were
// withdrawn.
func operations(c host.Cell) []string {
	texts := c.List
	if texts == nil && c.Text != "" {
		texts = []string{c.Text}
	}
	var all []string
	for i := 0; i < len(texts); i += 2 {
		from, to := path(texts[i]), ""
		if i+1 < len(texts) {
			to = path(texts[i+1])
		}
		switch {
		case from == "":
		case to == "":
			all = append(all, "delete "+from)
		default:
			all = append(all, "rename "+from+" to "+to)
		}
	}
	return all
}

// path is a path of the object manager as people write it; a "!" in front of the
// new name means that a file there is replaced.
func path(native string) string {
	native = strings.TrimPrefix(strings.TrimSpace(native), "!")
	if rest, isUNC := strings.CutPrefix(native, `\??\UNC\`); isUNC {
		return `\\` + rest
	}
	return strings.TrimPrefix(native, `\??\`)
}
