//go:build real

package wsman_test

import (
	"cmp"
	"os"
	"os/exec"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// poolScript drives the server with pypsrp, which knows nothing of ours.
const poolScript = `
import sys
from urllib.parse import urlparse
from pypsrp.exceptions import InvalidPSRPOperation, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
url = urlparse(sys.argv[1])

def connect(**more):
    return WSMan(url.hostname, port=url.port, ssl=False, username='probe', password='pw', auth='basic',
                 encryption='never', operation_timeout=5, read_timeout=10, **more)

def invoke(pool, build):
    ps = PowerShell(pool)
    build(ps)
    out = ps.invoke()
    errors = [e.fq_error for e in ps.streams.error]
    ps.close()
    return ps, out, errors

with connect() as wsman, RunspacePool(wsman, configuration_name='JEA.Exchange') as pool:
    print(pool.state, pool.protocol_version, pool.max_runspaces, pool.get_available_runspaces())
    print(pool.application_private_data.data['PSVersionTable']['PSVersion'])
    ps, out, errors = invoke(pool, lambda ps: ps.add_cmdlet('Test-ServiceHealth').add_parameter('Server', 'ex01'))
    row = out[0].adapted_properties
    print(ps.state, ps.had_errors, errors, out[0].types[0], sorted(row))
    print(row['Role'], row['RequiredServicesRunning'], row['ServicesRunning'], row['ServicesNotRunning'])
    print(row['Latency'])
    print(str(row['Result']), str(row['Server']), row['Started'], row['Free'], row['Note'] is None, out[1])
    ps, out, errors = invoke(pool, lambda ps: ps.add_cmdlet('Test-Noise'))
    print(ps.state, out, errors, [str(w) for w in ps.streams.warning], [p.activity for p in ps.streams.progress],
          [str(i.message_data) for i in ps.streams.information], [str(v) for v in ps.streams.verbose])
    e = ps.streams.error[0]
    print(e.message, '|', e.activity, '|', e.reason, '|', e.category, '|',
          e.invocation_info.adapted_properties['InvocationName'])
    for build in (lambda ps: ps.add_script('Get-Date'), lambda ps: ps.add_cmdlet('Get-Nix'),
                  lambda ps: ps.add_cmdlet('Test-ServiceHealth').add_parameter('Nix', 1)):
        ps, out, errors = invoke(pool, build)
        print(ps.state, ps.had_errors, out, errors)
        print(str(ps.streams.error[0])[:72])
    ps, out, errors = invoke(pool, lambda ps: ps.add_cmdlet('Test-Many'))
    print(ps.state, len(out), out[-1].extended_properties['N'], len(out[-1].extended_properties['Text']))
    ps, out, errors = invoke(
        pool, lambda ps: ps.add_cmdlet('Test-Noise').add_statement().add_cmdlet('Test-ServiceHealth'))
    print(ps.state, len(out), errors)
    ps = PowerShell(pool)
    ps.add_cmdlet('Test-Endless')
    ps.begin_invoke()
    ps.poll_invoke()
    print(ps.state, ps.output)
    ps.stop()
    ps.close()
    ps, out, errors = invoke(pool, lambda ps: ps.add_cmdlet('Test-Noise').add_parameter('x' * 300000, 1))
    print(ps.state, errors)
with connect() as wsman, RunspacePool(wsman, configuration_name='JEA.Pieces') as pool:
    print(pool.state, invoke(pool, lambda ps: ps.add_cmdlet('Get-One'))[1])
for name in ('JEA.Broken', 'Nix', 'Microsoft.Exchange', 'JEA.Denied'):
    try:
        RunspacePool(connect(), configuration_name=name).open()
    except WSManFaultError as e:
        print(name, e.code)
    except InvalidPSRPOperation as e:
        print(name, 'broken', 'runspace pool went into' in str(e))
`

func TestPypsrpPools(t *testing.T) {
	python := cmp.Or(os.Getenv("POSTPATCH_PYPSRP_PYTHON"), "/usr/bin/python3")
	if err := exec.CommandContext(t.Context(), python, "-c", "import pypsrp").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("pypsrp is not installed for %s, which POSTPATCH_PYPSRP_PYTHON names: %v", python, err)
		}
		t.Skip("pypsrp is not installed: set POSTPATCH_PYPSRP_PYTHON to a python that has it")
	}
	b := newPowerShellBench(t)
	command := exec.CommandContext(t.Context(), python, "-W", "ignore", "-c", poolScript, b.listen(t))
	command.Env = append(os.Environ(), "NO_PROXY=127.0.0.1")
	got, err := command.CombinedOutput()
	if diff := gocmp.Diff(strings.Split(poolOutput, "\n"), strings.Split(string(got), "\n")); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	stats := b.Stats()
	if stats.Messages["Create"] != 6 || stats.Messages["Delete"] != 2 || stats.Pools != 1 {
		t.Errorf("counted %+v", stats)
	}
	if strings.Contains(string(got), "Traceback") {
		t.Error("the client fell over")
	}
}

const poolOutput = `2 2.3 1 1
5.1.20348.4294
4 False [] Microsoft.Exchange.Management.SystemConfigurationTasks.ServiceHealth ` +
	`['Free', 'Latency', 'Note', 'RequiredServicesRunning', 'Result', 'Role', 'Server', ` +
	`'ServicesNotRunning', 'ServicesRunning', 'Started']
Mailbox Server Role True ['MSExchangeIS', 'W3SVC <&> _x0041_ é'] []
PT1.5S
Success EX01 2026-11-23T02:10:00Z 5000000000 True plain
4 [1] ['NotFound,Acme.TestNoise'] ['careful'] ['half'] ['informed'] ['wordy']
NotSpecified: (:) [Test-Noise], InvalidOperationException | Test-Noise | InvalidOperationException | 0 | Test-Noise
5 True [] ['ScriptsNotAllowed']
The syntax is not supported by this runspace. This can occur if the runs
5 True [] ['CommandNotFoundException']
The term 'Get-Nix' is not recognized as the name of a cmdlet, function, 
5 True [] ['NamedParameterNotFound,Test-ServiceHealth']
A parameter cannot be found that matches parameter name 'Nix'.
4 2 2 100000
4 3 ['NotFound,Acme.TestNoise']
1 [1]
5 ['NamedParameterNotFound,Acme.TestNoise']
2 [1]
JEA.Broken broken True
Nix 2150858811
Microsoft.Exchange 2150858811
JEA.Denied 5
`
