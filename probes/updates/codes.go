package updates

import (
	"fmt"

	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

// code reads an HRESULT, which comes with or without a sign; 0 is none.
func code(row host.Row, column string) uint32 {
	n, _ := gather.Number(row, column)
	if n < -1<<31 || n > 1<<32-1 {
		return 0
	}
	return uint32(n) //nolint:gosec // a negative one is the same bits
}

// meant is an error code with what it means, where that is known.
func meant(n uint32) string {
	text := fmt.Sprintf("0x%08X", n)
	if meaning := meanings()[n]; meaning != "" {
		text += ": " + meaning
	}
	return text
}

// meanings are the codes that installations on servers end with most. Sources:
// Microsoft's "Windows Update common errors and mitigation", "Windows Update error
// reference", WUA success and error codes (wuerror.h), system error codes.
func meanings() map[uint32]string {
	return map[uint32]string{
		// Windows itself
		0x80070002: "a file is missing",
		0x80070003: "a folder is missing",
		0x80070005: "access denied",
		0x8007000D: "data is damaged",
		0x8007000E: "out of memory",
		0x80070020: "a file is in use",
		0x80070070: "the disk is full",
		0x8007042B: "the installer's process ended unexpectedly",
		0x80070422: "a service that is needed is disabled",
		0x80070490: "the component store misses an element",
		0x800705B4: "it took too long",
		0x80070641: "Windows Installer cannot be reached",
		0x80070643: "the installer failed (1603)",
		0x80070652: "another installation was running",
		0x80070BC2: "a reboot is needed to complete it",
		0x80070BC9: "it failed, and a reboot has to undo it",
		0x800706BA: "the RPC server cannot be reached",
		// the component store
		0x80073701: "the component store misses an assembly",
		0x80073712: "the component store is damaged",
		0x800736B3: "an assembly is not installed",
		// servicing
		0x800F081E: "it does not apply to this Windows",
		0x800F081F: "the source files are not found",
		0x800F0820: "other servicing work waits for a reboot",
		0x800F0823: "a newer servicing stack is needed",
		0x800F0825: "it cannot be removed",
		0x800F0831: "the component store misses an earlier update's files",
		0x800F0906: "the source files could not be downloaded",
		0x800F0922: "an installer within the update failed, or the reserved partition is full",
		// the update agent
		0x8024000B: "it was cancelled",
		0x80240016: "another installation was running, or a reboot is pending",
		0x80240017: "it does not apply to this host",
		0x8024001E: "the service or the host was shutting down",
		0x8024001F: "there was no network connection",
		0x80240022: "it failed for all updates",
		0x80240034: "the download failed",
		0x80240438: "the update server cannot be reached",
		0x80242006: "its metadata is damaged",
		0x8024200B: "the installer reported a failure",
		0x8024200D: "it has to be downloaded again",
		0x80242014: "its work after the reboot has not ended",
		0x80242015: "what its work after the reboot came to is not known",
		0x80242016: "after the reboot it was in an unexpected state, as after a rollback",
		0x8024401C: "the update server took too long",
		0x80244022: "the update server is not available",
		0x8024402C: "the name of the proxy or update server is not found",
		0x8024500C: "policy forbids to ask Windows Update",
		0x80248014: "the update service is not registered",
		0x80072EE2: "the update server did not answer in time",
		0x80072EFD: "the update server cannot be connected",
		0x80072EFE: "the connection to the update server was lost",
		0x80072F8F: "the certificate of the update server is not valid",
		// Configuration Manager
		0x87D00667: "no maintenance window is left to install it",
		0x87D00668: "still missing after its installation",
	}
}
