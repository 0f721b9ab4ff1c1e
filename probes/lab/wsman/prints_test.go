package wsman_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host/packed"
)

// TestPrints runs scripts whose outputs the estate knows, and one that it does not.
func TestPrints(t *testing.T) {
	b := newBench(t)
	h := *b.host.Load()
	h.Prints = map[string]string{"Get-This | Format-List": "$env:COMPUTERNAME has\r\nthis", "hostname": "another"}
	b.host.Store(&h)
	id := b.openShell(t, nil)
	for script, want := range map[string]string{
		"Get-This | Format-List":      "SQL01 has\r\nthis\r\n",
		" Get-This | Format-List\r\n": "SQL01 has\r\nthis\r\n",
		"hostname":                    "another\r\n",
		"Get-That":                    "",
	} {
		before := b.Stats().Printed
		got := b.collect(t, id, b.start(t, id, "PowerShell -EncodedCommand "+packed.EncodeCommand(script)), "")
		if d := cmp.Diff(want, got.Stdout); d != "" || (got.Exit == 0) != (want != "") {
			t.Errorf("%q: exit %d (-want +got):\n%s", script, got.Exit, d)
		}
		if printed := b.Stats().Printed - before; printed != len(want) {
			t.Errorf("%q: counted %d bytes of %d", script, printed, len(want))
		}
	}
}
