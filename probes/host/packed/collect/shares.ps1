# Reads what no query tells of the host's shares: the state of the Server service and
# the security descriptors that it keeps in the registry. Arguments: name (of shares;
# all without it). Rows: part "server" (state), part "share" (name, security: base64
# of a self-relative security descriptor, null for a share that has the default one),
# part "error" (problem: why no share, or no further one, is told). At most 5000
# shares. It has been parsed, but not yet run on Windows. Lines that begin with # are
# not sent.
param($Arguments)
$most = 5000
$row = [ordered]@{ part = 'server'; state = $null }
try { $row['state'] = [string](Get-Service -Name 'LanmanServer').Status } catch {
    $row['problem'] = [string](Get-Cause $_).Message
}
$row
$base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
try {
    $path = 'SYSTEM\CurrentControlSet\Services\LanmanServer\Shares'
    $shares = $base.OpenSubKey($path)
    if ($null -eq $shares) { return }
    $security = $base.OpenSubKey($path + '\Security')
    $names = @($shares.GetValueNames())
    if ($Arguments.ContainsKey('name')) {
        $wanted = $Arguments['name']
        $names = @(foreach ($name in $names) { if ($wanted -contains $name) { $name } })
    }
    if ($names.Length -gt $most) { throw 'there are more than 5000 shares: give the names of those that matter' }
    foreach ($name in $names) {
        $row = [ordered]@{ part = 'share'; name = $name; security = $null }
        if ($null -ne $security) {
            $descriptor = $security.GetValue($name)
            if ($descriptor -is [byte[]]) { $row['security'] = [Convert]::ToBase64String($descriptor) }
        }
        $row
    }
} catch { [ordered]@{ part = 'error'; problem = [string](Get-Cause $_).Message } } finally { $base.Close() }
