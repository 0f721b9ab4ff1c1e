package services

import (
	"slices"

	"postpatch/probes/internal/note"
	"postpatch/probes/internal/winsvc"
)

// notes tell which services have an idle_state only.
func notes() []string {
	names := slices.Sorted(slices.Values(onDemand()))
	for _, prefix := range onDemandPrefixes() {
		names = append(names, prefix+"*")
	}
	return slices.Concat(
		[]string{"Started on demand, so judged by service: NAME alone, are manual services and some automatic ones."},
		note.List("These are:", "Also:", ", ", names),
		[]string{"A delayed start has its time after the boot, and one by a trigger may stay idle: neither is a fault."},
		winsvc.Notes(),
	)
}
