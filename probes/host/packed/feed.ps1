# Reads the payload's variables from standard input, a line each, up to one that is a
# full stop, and runs the boot script that comes as one of them: for carriers that hand
# over no environment. It has been parsed, but not yet run on Windows. It must not say
# the name of PowerShell's own variable for input, or PowerShell reads standard input
# itself. Lines that begin with # are not sent.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
while ($true) {
    $line = [Console]::In.ReadLine()
    if ($null -eq $line) { exit 9 }
    if ($line -eq '.') { break }
    $at = $line.IndexOf('=')
    if ($at -gt 0) { [Environment]::SetEnvironmentVariable($line.Substring(0, $at), $line.Substring($at + 1)) }
}
$boot = [Convert]::FromBase64String([Environment]::GetEnvironmentVariable('POSTPATCH_BOOT'))
& ([ScriptBlock]::Create([Text.Encoding]::Unicode.GetString($boot)))
