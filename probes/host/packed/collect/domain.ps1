# Tells how the host stands to its domain. No arguments. Each row has its part in
# the column Part, and Error in place of the rest when that part failed:
#   now       Now
#   channel   Holds: the secure channel; of members only, since on a domain
#             controller the test reports errors where there are none
#   site      Site, the one found, and Fixed, the one set by hand
#   time      Type, Servers, PolicyType, PolicyServers, LastSample: of W32Time
#   dc        Answers, Name, Time, Before, After, Reason: the rootDSE of the domain,
#             asked without a name and a password, which works where a second hop
#             does not
#   policy    Start, End: of the last group policy of the computer
#   gpos      Names
# It has been parsed, but not yet run on Windows.
param($Arguments)
$base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')

function Read-Value([string]$Path, [string]$Name) {
    $key = $base.OpenSubKey($Path)
    if ($null -eq $key) { return $null }
    try { return $key.GetValue($Name, $null, 'DoNotExpandEnvironmentNames') } finally { $key.Close() }
}

function Read-FileTime([string]$Path, [string]$Name) {
    $high = Read-Value $Path ($Name + 'Hi')
    $low = Read-Value $Path ($Name + 'Lo')
    if ($null -eq $high -or $null -eq $low) { return $null }
    $ticks = ([long]$high -band 4294967295) * 4294967296 + ([long]$low -band 4294967295)
    if ($ticks -le 0) { return $null }
    return [DateTime]::FromFileTimeUtc($ticks)
}

function Read-Dc([string]$Domain) {
    Add-Type -AssemblyName System.DirectoryServices.Protocols
    $cells = [ordered]@{ Answers = $true; Name = $null; Time = $null; Before = $null; After = $null; Reason = $null }
    $connection = New-Object System.DirectoryServices.Protocols.LdapConnection $Domain
    try {
        $connection.AuthType = 'Anonymous'
        $connection.Timeout = [TimeSpan]::FromSeconds(10)
        $connection.SessionOptions.ProtocolVersion = 3
        $request = New-Object System.DirectoryServices.Protocols.SearchRequest
        $request.DistinguishedName = ''
        $request.Filter = '(objectClass=*)'
        $request.Scope = 'Base'
        [void]$request.Attributes.Add('currentTime')
        [void]$request.Attributes.Add('dnsHostName')
        $connection.Bind()
        $cells['Before'] = [DateTime]::UtcNow
        $found = $connection.SendRequest($request).Entries[0].Attributes
        $cells['After'] = [DateTime]::UtcNow
        $cells['Name'] = [string]$found['dnsHostName'][0]
        $text = ([string]$found['currentTime'][0]).Substring(0, 14)
        $utc = [Globalization.DateTimeStyles]::AssumeUniversal -bor [Globalization.DateTimeStyles]::AdjustToUniversal
        $invariant = [Globalization.CultureInfo]::InvariantCulture
        $cells['Time'] = [DateTime]::ParseExact($text, 'yyyyMMddHHmmss', $invariant, $utc)
    } catch {
        # 81 the server is down, 85 timeout, 91 no connection, 51 busy, 52 unavailable
        $inner = $_.Exception
        while ($null -ne $inner -and $inner -isnot [System.DirectoryServices.Protocols.LdapException]) {
            $inner = $inner.InnerException
        }
        if ($null -eq $inner -or @(51, 52, 81, 85, 91) -notcontains $inner.ErrorCode) { throw }
        $cells['Answers'] = $false
        $cells['Reason'] = [string]$inner.Message
    } finally {
        $connection.Dispose()
    }
    $cells
}

function Read-Gpos {
    $names = @()
    $list = $base.OpenSubKey('SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\State\Machine\GPO-List')
    if ($null -ne $list) {
        foreach ($number in $list.GetSubKeyNames()) {
            $key = $list.OpenSubKey($number)
            if ($null -eq $key) { continue }
            $off = [int]$key.GetValue('GPO-Disabled', 0) -ne 0 -or [int]$key.GetValue('AccessDenied', 0) -ne 0
            $passed = [int]$key.GetValue('WQLFilterPass', 1) -ne 0
            $name = [string]$key.GetValue('DisplayName', '')
            $id = [string]$key.GetValue('GPOID', '')
            # The name of the local one is in the host's language.
            if ($id -eq 'LocalGPO' -or -not $name) { $name = $id }
            if (-not $off -and $passed -and $name) { $names += $name }
            $key.Close()
        }
        $list.Close()
    }
    [ordered]@{ Names = $names }
}

try {
    Read-Part 'now' { [ordered]@{ Now = [DateTime]::UtcNow } }
    $w32time = 'SYSTEM\CurrentControlSet\Services\W32Time\'
    $w32policy = 'SOFTWARE\Policies\Microsoft\W32Time\Parameters'
    Read-Part 'time' {
        [ordered]@{
            Type = Read-Value ($w32time + 'Parameters') 'Type'
            Servers = Read-Value ($w32time + 'Parameters') 'NtpServer'
            PolicyType = Read-Value $w32policy 'Type'
            PolicyServers = Read-Value $w32policy 'NtpServer'
            LastSample = Read-Value ($w32time + 'Config\Status') 'LastGoodSampleInfo'
        }
    }
    $system = $null
    try {
        $system = Get-CimInstance -ClassName Win32_ComputerSystem -Property @('DomainRole', 'PartOfDomain', 'Domain')
    } catch {
        $problem = [string](Get-Cause $_).Message
        [ordered]@{ Part = 'channel'; Error = $problem }
        [ordered]@{ Part = 'dc'; Error = $problem }
    }
    if ($null -ne $system -and -not $system.PartOfDomain) { return }
    if ($null -ne $system -and $system.DomainRole -lt 4) {
        Read-Part 'channel' { [ordered]@{ Holds = [bool](Test-ComputerSecureChannel) } }
    }
    $netlogon = 'SYSTEM\CurrentControlSet\Services\Netlogon\Parameters'
    Read-Part 'site' {
        [ordered]@{ Site = Read-Value $netlogon 'DynamicSiteName'; Fixed = Read-Value $netlogon 'SiteName' }
    }
    if ($null -ne $system) { Read-Part 'dc' { Read-Dc ([string]$system.Domain) } }
    $last = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\State\Machine\Extension-List\' +
        '{00000000-0000-0000-0000-000000000000}'
    Read-Part 'policy' { [ordered]@{ Start = Read-FileTime $last 'StartTime'; End = Read-FileTime $last 'EndTime' } }
    Read-Part 'gpos' { Read-Gpos }
} finally {
    $base.Close()
}
