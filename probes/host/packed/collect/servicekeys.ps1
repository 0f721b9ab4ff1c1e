# Reads what the registry says of the services and WMI does not. No arguments. The
# first row has an empty Name and Delay, the seconds that delayed services wait
# (null for Windows' own). Then one row a service, without the cells that say
# nothing: Name, Type (bits), Delayed, Trigger (by a start trigger), Depends (names),
# and of one that does not run State and Start; a State of 0 is one that the service
# manager did not tell. A key that may not be read has Error instead. It has been
# parsed, but not yet run on Windows.
param($Arguments)
# The service manager lists all states at once. A getter is called as a method, since
# PowerShell makes a null of a property whose getter fails.
$states = @{}
try {
    Add-Type -AssemblyName System.ServiceProcess
    foreach ($service in [ServiceProcess.ServiceController]::GetServices()) {
        try { $states[$service.get_ServiceName()] = [int]$service.get_Status() } catch { continue }
    }
} catch { $states = @{} }

function Test-Trigger($Key) {
    $info = $Key.OpenSubKey('TriggerInfo')
    if ($null -eq $info) { return $false }
    try {
        foreach ($name in $info.GetSubKeyNames()) {
            $trigger = $info.OpenSubKey($name)
            if ($null -eq $trigger) { continue }
            # Action 1 starts the service, 2 stops it.
            $starts = $trigger.GetValue('Action', 1) -eq 1
            $trigger.Close()
            if ($starts) { return $true }
        }
        return $false
    } finally { $info.Close() }
}

function Read-Service($Name, $Key) {
    $type = $Key.GetValue('Type')
    # 0x10 and 0x20 are services; everything else is a driver.
    if ($type -isnot [int] -or ($type -band 0x30) -eq 0) { return }
    $row = [ordered]@{ Name = $Name; Type = $type }
    if ($Key.GetValue('DelayedAutostart', 0) -eq 1) { $row['Delayed'] = $true }
    if (Test-Trigger $Key) { $row['Trigger'] = $true }
    $depends = @($Key.GetValue('DependOnService') | Where-Object { $_ })
    if ($depends.Count -gt 0) { $row['Depends'] = $depends }
    $state = 0
    if ($states.ContainsKey($Name)) { $state = $states[$Name] }
    if ($state -ne 4) {
        $row['State'] = $state
        $row['Start'] = $Key.GetValue('Start')
    }
    $row
}

$base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
try {
    $control = $base.OpenSubKey('SYSTEM\CurrentControlSet\Control')
    [ordered]@{ Name = ''; Delay = $control.GetValue('AutoStartDelay') }
    $control.Close()
    $services = $base.OpenSubKey('SYSTEM\CurrentControlSet\Services')
    foreach ($name in $services.GetSubKeyNames()) {
        try {
            $key = $services.OpenSubKey($name)
            if ($null -ne $key) {
                Read-Service $name $key
                $key.Close()
            }
        } catch { [ordered]@{ Name = $name; Error = [string](Get-Cause $_).Message } }
    }
    $services.Close()
} finally { $base.Close() }
