package main

import (
	"bytes"
	"io"
	"testing"
)

// The example of the network's services comes out as it says.
func TestTheNetworkExample(t *testing.T) {
	var out bytes.Buffer
	a := app{stdout: &out, stderr: io.Discard, getenv: func(string) string { return "" }}
	if code := run(t.Context(), []string{"demo", "../../examples/network.scenario.yaml"}, a); code != 0 {
		t.Errorf("exit %d\n%s", code, &out)
	}
}
