package linux

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"postpatch/probes/host"
)

func everything() []host.Question {
	columns := []string{"Name"}
	return []host.Question{
		host.WQL{Class: "Win32_OperatingSystem", Columns: columns}, host.WQL{Class: "Win32_ComputerSystem", Columns: columns},
		host.IdentityQuestion(), host.WQL{Class: "Win32_Service", Columns: columns},
		host.WQL{Class: "Win32_Volume", Columns: columns}, host.WQL{Class: "Win32_QuickFixEngineering", Columns: columns},
		host.WQL{Class: "Win32_Process", Columns: columns},
		host.WQL{Namespace: "root/StandardCimv2", Class: "MSFT_NetTCPConnection", Columns: columns},
		host.WQL{Namespace: "root/StandardCimv2", Class: "MSFT_NetUDPEndpoint", Columns: columns},
		host.WQL{Namespace: "root/StandardCimv2", Class: "MSFT_NetTCPSetting", Columns: columns},
		host.Collector{Name: "servicekeys"}, host.Collector{Name: "pendingreboot"},
		host.Collector{Name: "boots"},
	}
}

func TestTry(t *testing.T) {
	script, marks := Script(everything())
	cmd := exec.CommandContext(t.Context(), "sh")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	told, err := Read(marks, out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	answers := told.Answers(everything())
	for _, q := range everything() {
		rows, err := answers.To(q)
		t.Logf("%s: %d rows, %v, %v", q, len(rows), err, errors.Is(err, host.ErrNoClass))
		if len(rows) > 0 {
			t.Logf("    %v", rows[0])
		}
	}
}
