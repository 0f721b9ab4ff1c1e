package local

import (
	"errors"
	"maps"

	"postpatch/probes/host"
)

// pendingRows are the rows of the collector pendingreboot, of what Configuration
// Manager's client told, and of whether servicing has left its file.
func pendingRows(told host.Row, failed error, there bool, unseen error) []host.Row {
	client := host.Row{"Part": text("configmgr"), "There": boolean(failed == nil)}
	for _, column := range []string{"ReturnValue", "RebootPending", "IsHardRebootPending"} {
		client[column] = host.Cell{Null: true}
	}
	maps.Copy(client, told)
	if failed != nil && !errors.Is(failed, host.ErrNoClass) {
		client = host.Row{"Part": text("configmgr"), "Error": text(oneLine(failed.Error()))}
	}
	file := host.Row{"Part": text("pending_xml"), "There": boolean(there)}
	if unseen != nil {
		file = host.Row{"Part": text("pending_xml"), "Error": text(oneLine(unseen.Error()))}
	}
	return []host.Row{client, file}
}
