//go:build real

package realtest

import (
	"os"
	"testing"
)

// Azurite is Microsoft's own simulator of Azure Blob.
type Azurite struct{ Server }

// AzuriteAccount and AzuriteKey are what every Azurite is entered by; they are
// published and no secret:
// https://learn.microsoft.com/azure/storage/common/storage-use-azurite
const (
	AzuriteAccount = "devstoreaccount1"
	AzuriteKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// StartAzurite starts Azurite's blob service (azurite of npm). POSTPATCH_AZURITE is
// where azurite-blob is; without it, it has to be on the path.
func StartAzurite(t testing.TB) *Azurite {
	t.Helper()
	program := os.Getenv("POSTPATCH_AZURITE")
	if program == "" {
		program = "azurite-blob"
	}
	a := &Azurite{}
	a.Addr, a.dir = freeAddress(t), folder(t)
	a.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(a.Addr), program, "--blobHost", "127.0.0.1", "--blobPort", port(t, a.Addr),
			"--location", a.dir, "--silent", "--skipApiVersionCheck", "--disableTelemetry").stop
	}
	a.begin(t)
	return a
}
