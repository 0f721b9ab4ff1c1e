//go:build real

package realtest

import "testing"

// Azurite is Microsoft's own simulator of Azure Blob.
type Azurite struct{ Server }

// AzuriteAccount and AzuriteKey are what every Azurite is entered by; they are
// published and no secret:
// https://learn.microsoft.com/azure/storage/common/storage-use-azurite
const (
	AzuriteAccount = "devstoreaccount1"
	AzuriteKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// StartAzurite starts the blob service of Azurite (azurite of npm), whose program is
// azurite-blob.
func StartAzurite(t testing.TB, program string) *Azurite {
	t.Helper()
	a := &Azurite{}
	a.Addr, a.dir = FreeAddress(t), folder(t)
	a.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(a.Addr), program, "--blobHost", "127.0.0.1", "--blobPort", port(t, a.Addr),
			"--location", a.dir, "--silent", "--skipApiVersionCheck", "--disableTelemetry").stop
	}
	a.begin(t)
	return a
}
