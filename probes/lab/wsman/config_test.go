package wsman_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host/packed"
)

const configURI = "http://schemas.microsoft.com/wbem/wsman/1/config"

// TestConfig reads WinRM's configuration as `winrm get winrm/config` does.
func TestConfig(t *testing.T) {
	for name, c := range map[string]struct {
		state, resource string
		want            []string
		fault           string // part of it; "" for an answer
	}{
		"as it comes": {"before", configURI, []string{
			"<cfg:Config xmlns:cfg=\"" + configURI + "\" xml:lang=\"en-US\"><cfg:MaxEnvelopeSizekb>500<",
			"<cfg:MaxTimeoutms>60000<", "<cfg:MaxConcurrentOperationsPerUser>1500<", "<cfg:MaxConnections>300<",
			"<cfg:AllowUnencrypted>true<", "<cfg:CbtHardeningLevel>Relaxed<", "<cfg:IdleTimeout>7200000<",
			"<cfg:MaxConcurrentUsers>10<", "<cfg:MaxProcessesPerShell>25<", "<cfg:MaxMemoryPerShellMB>1024<",
			"<cfg:MaxShellsPerUser>30<",
		}, ""},
		"as the estate has it": {"poor", configURI, []string{
			"<cfg:MaxMemoryPerShellMB>80<", "<cfg:MaxShellsPerUser>30<", "<cfg:CbtHardeningLevel>Strict<",
			"<cfg:Negotiate>false<", "<cfg:AllowUnencrypted>false<",
		}, ""},
		"one section": {"before", configURI + "/Winrs", []string{
			`<cfg:Winrs xmlns:cfg="` + configURI + `/winrs" xml:lang="en-US"><cfg:AllowRemoteShellAccess>true<`,
		}, ""},
		"no such section":       {"before", configURI + "/nosuch", nil, "2150858811"},
		"a setting by itself":   {"before", configURI + "/MaxTimeoutms", nil, "2150858811"},
		"no administrator":      {"limited", configURI, nil, `Code="5"`},
		"a class has no Get":    {"before", strings.TrimSuffix(wmi, "*") + "Win32_Service", nil, "2150858753"},
		"none of the account's": {"denied", configURI, nil, `Code="5"`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.enter(c.state)
			got, reply := b.post(t, message(c.resource, xfer+"Get", "", ""))
			if c.fault != "" {
				if got == 200 || !strings.Contains(reply, c.fault) {
					t.Errorf("HTTP %d, want the fault %s in\n%s", got, c.fault, reply)
				}
				return
			}
			for _, want := range c.want {
				if !strings.Contains(reply, want) {
					t.Errorf("no %s in\n%s", want, reply)
				}
			}
		})
	}
}

// TestLanguageModes runs scripts where a policy or its age limits PowerShell.
func TestLanguageModes(t *testing.T) {
	const theOneLiner = `"$($ExecutionContext.SessionState.LanguageMode) $($PSVersionTable.PSVersion)"`
	const (
		onlyTypes   = "Cannot create type. Only core types are supported in this language mode."
		onlyMethods = "Cannot invoke method. Method invocation is supported only on core types in this language mode."
		noCommand   = "The term 'ConvertFrom-Json' is not recognized as the name of a cmdlet"
	)
	for name, c := range map[string]struct {
		state, script  string // the boot script when empty
		stdout, stderr string
	}{
		"full":        {"before", theOneLiner, "FullLanguage 5.1.20348.4294\r\n", ""},
		"constrained": {"constrained", theOneLiner, "ConstrainedLanguage 5.1.20348.4294\r\n", ""},
		"old":         {"ancient", theOneLiner, "FullLanguage 2.0\r\n", ""},
		"other text": {
			"before", "\"a `$b $PSVersionTable \"\"${env:COMPUTERNAME}\"\" $nothing.\"",
			"a $b System.Collections.Hashtable \"SQL01\" .\r\n", "",
		},
		"no one string":     {"before", `"a" + "b"`, "", "no PowerShell that could run this"},
		"a call within":     {"before", `"$($x.ToString())"`, "", "no PowerShell that could run this"},
		"objects":           {"constrained", "$x = New-Object IO.MemoryStream", "", onlyTypes},
		"methods":           {"constrained", "[Environment]::GetEnvironmentVariable('A')", "", onlyMethods},
		"the boot script":   {"constrained", "", "", onlyMethods},
		"an old one's":      {"ancient", "", "", noCommand},
		"blocked by policy": {"blocked", "", "", "This program is blocked by group policy."},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.enter(c.state)
			env, command, err := packed.Pack(nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.script != "" {
				command = packed.EncodeCommand(c.script)
			}
			id := b.openShell(t, env)
			got := b.collect(t, id, b.start(t, id, "powershell.exe -OutputFormat Text -EncodedCommand "+command), "")
			if d := cmp.Diff(c.stdout, got.Stdout); d != "" {
				t.Errorf("stdout (-want +got):\n%s", d)
			}
			if (c.stderr == "") != (got.Stderr == "") || !strings.Contains(got.Stderr, c.stderr) ||
				(got.Exit == 0) != (c.stderr == "") {
				t.Errorf("exit %d, stderr %q, want %q", got.Exit, got.Stderr, c.stderr)
			}
		})
	}
}
