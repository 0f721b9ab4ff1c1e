# Tells what an Exchange server's own disk and registry say of it, which is there to
# read when nothing of Exchange runs. No arguments; no row on a host without
# Exchange 2013 or later. Each row has its part in the column Part, and Error in place
# of the rest when that part failed:
#   now        Now
#   setup      Path, Version: the folder that Exchange is in, and ExSetup.exe's version
#              as four numbers, the build with its security update
#   component  Component, Requester, Value: what asked for a state of a component here,
#              "<version>:<state>:<ticks>"; a component that nobody asked anything of has
#              no row
#   engine     Name: the folders of the malware filter's engine, named by its version
# It has been parsed, but not yet run on Windows. Lines that begin with # are not sent.
param($Arguments)
$most = 1000

$base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
try {
    $setup = $base.OpenSubKey('SOFTWARE\Microsoft\ExchangeServer\v15\Setup')
    if ($null -eq $setup) { return }
    $folder = [string]$setup.GetValue('MsiInstallPath', '')
    $setup.Close()
    Read-Part 'now' { [ordered]@{ Now = [DateTime]::UtcNow } }
    Read-Part 'setup' {
        if (-not $folder) { throw 'the registry does not say where Exchange is' }
        $file = [IO.Path]::Combine($folder, 'bin', 'ExSetup.exe')
        $info = [Diagnostics.FileVersionInfo]::GetVersionInfo($file)
        # The numbers: the version as text may be localised.
        $numbers = @($info.FileMajorPart, $info.FileMinorPart, $info.FileBuildPart, $info.FilePrivatePart)
        [ordered]@{ Path = $folder; Version = $numbers -join '.' }
    }
    Read-Part 'component' {
        $states = $base.OpenSubKey('SOFTWARE\Microsoft\ExchangeServer\v15\ServerComponentStates')
        if ($null -eq $states) { return }
        try {
            $told = 0
            foreach ($component in $states.GetSubKeyNames()) {
                $key = $states.OpenSubKey($component)
                if ($null -eq $key) { continue }
                foreach ($requester in $key.GetValueNames()) {
                    $told++
                    if ($told -gt $most) { throw 'there are more than 1000 requests' }
                    $value = [string]$key.GetValue($requester, '')
                    [ordered]@{ Component = $component; Requester = $requester; Value = $value }
                }
                $key.Close()
            }
        } finally { $states.Close() }
    }
} finally {
    $base.Close()
}
Read-Part 'engine' {
    if (-not $folder) { throw 'the registry does not say where Exchange is' }
    $engines = [IO.Path]::Combine($folder, 'FIP-FS\Data\Engines\amd64\Microsoft\Bin')
    try { $found = @([IO.Directory]::EnumerateDirectories($engines) | Select-Object -First ($most + 1)) } catch {
        # Without the filter, or on an Edge Transport server, there is no such folder.
        if ((Get-Cause $_) -is [IO.DirectoryNotFoundException]) { return }
        throw
    }
    if ($found.Length -gt $most) { throw 'there are more than 1000 folders' }
    foreach ($path in $found) { [ordered]@{ Name = [IO.Path]::GetFileName($path) } }
}
