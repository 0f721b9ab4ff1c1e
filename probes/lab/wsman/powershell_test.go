package wsman_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

const powerShellEstate = `
estate: powershell-test
hosts:
  ex01.corp.test:
    profile: windows-server-2022
    winrm: {user: probe, password: pw, plain: true}
    os: {ubr: 4294, boot: 2026-10-14T03:12:45.5Z}
    powershell:
      Microsoft.Exchange:
        path: /PowerShell/
        cmdlets: {Get-One: {rows: [1]}}
      JEA.Exchange:
        cmdlets:
          Test-ServiceHealth:
            parameters: [Server, ActiveDirectoryTimeout]
            type: Microsoft.Exchange.Management.SystemConfigurationTasks.ServiceHealth
            rows:
              - Role: Mailbox Server Role
                RequiredServicesRunning: true
                ServicesRunning: [MSExchangeIS, "W3SVC <&> _x0041_ é"]
                ServicesNotRunning: []
                Latency: {tag: TS, text: PT1.5S}
                Result: {enum: Success, value: 2, type: Acme.Result}
                Server: {string: EX01, type: Acme.Id}
                Started: 2026-11-23T02:10:00Z
                Free: 5000000000
                Note:
              - plain
          Test-Noise:
            warnings: [careful]
            progress: [half]
            verbose: [wordy]
            information: [informed]
            rows: [1]
            error: it could not be found
            error_id: NotFound
            class: Acme.TestNoise
          Test-Many: {rows: [{N: 1}, {N: 2, Text: "LONG"}]} # more than one fragment
          Test-Endless: {rows: [1], endless: true}
          Test-Slow: {rows: [1], think: 10s}
          Test-Host: {host_call: ReadLine, rows: [1]}
          Test-Break: {breaks: broken}
      JEA.Pieces: {pieces: 50, cmdlets: {Get-One: {rows: [1]}}}
      JEA.Broken: {broken: true}
      JEA.Denied: {denied: true}
states:
  before:
  rebooted: {ex01.corp.test: {os: {boot: 2026-11-23T02:10:00Z}}}
`

func newPowerShellBench(t *testing.T) *bench {
	t.Helper()
	file := strings.Replace(powerShellEstate, "LONG", strings.Repeat("0123456789", 10_000), 1)
	e, err := estate.Parse("test", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{estate: e}
	b.enter("before")
	b.Server = wsman.New(func() estate.Host { return *b.host.Load() }, func(estate.TLS) (*tls.Certificate, error) {
		return nil, errors.New("no certificates here")
	})
	t.Cleanup(func() { _ = b.Close() })
	return b
}
