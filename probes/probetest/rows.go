package probetest

import "postpatch/probes/host"

// Row is a row of columns and their values, one after the other.
func Row(cells ...string) host.Row {
	row := host.Row{}
	for i := 0; i+1 < len(cells); i += 2 {
		row[cells[i]] = host.Cell{Text: cells[i+1]}
	}
	return row
}
