# Reads values of one registry key, in the 64-bit view, unexpanded. One row; a
# value that is absent is null; no row when the key is absent. Asked for no
# values, it tells by a row without cells that the key is there. It has been
# parsed, but not yet run on Windows. Lines that begin with # are not sent.
param($Arguments)
if ($Arguments['key'].Count -ne 1) { throw 'want one key' }
$hive, $path = $Arguments['key'][0] -split '\\', 2
$hives = @{
    'HKLM' = 'LocalMachine'; 'HKEY_LOCAL_MACHINE' = 'LocalMachine'
    'HKU' = 'Users'; 'HKEY_USERS' = 'Users'
    'HKCU' = 'CurrentUser'; 'HKEY_CURRENT_USER' = 'CurrentUser'
    'HKCR' = 'ClassesRoot'; 'HKEY_CLASSES_ROOT' = 'ClassesRoot'
}
if (-not $hives.ContainsKey($hive)) { throw 'unknown registry hive' }
$base = [Microsoft.Win32.RegistryKey]::OpenBaseKey($hives[$hive], 'Registry64')
try {
    $key = $base.OpenSubKey([string]$path)
    if ($null -eq $key) { return }
    $row = [ordered]@{}
    foreach ($name in $Arguments['values']) {
        $value = $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames')
        # .NET hands out DWORD and QWORD as signed numbers.
        if ($value -is [int] -and $value -lt 0) { $value = [long]$value + 4294967296 }
        if ($value -is [long] -and $value -lt 0) { $value = [decimal]$value + 18446744073709551616 }
        $row[$name] = $value
    }
    $key.Close()
    $row
} finally {
    $base.Close()
}
