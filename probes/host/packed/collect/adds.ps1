# Tells how a domain controller serves its domain, as seen from itself. No
# arguments; no row on a host that is none. Each row has its part in the column
# Part, and Error in place of the rest when that part failed:
#   now       Now
#   netlogon  SysvolReady
#   ldap      Answers, Reason, Synchronized, Catalog, Name: of its own rootDSE
#   ping      Opcode, Flags: what it answers to an LDAP ping (MS-ADTS 6.3.3)
#   roles     Schema, Naming, Pdc, Rid, Infrastructure: whether the role is its own
# It has been parsed, but not yet run on Windows.
param($Arguments)

function Open-Ldap([string]$Server, [string]$How) {
    $connection = New-Object System.DirectoryServices.Protocols.LdapConnection $Server
    $connection.AuthType = $How
    $connection.Timeout = [TimeSpan]::FromSeconds(10)
    $connection.SessionOptions.ProtocolVersion = 3
    $connection.Bind()
    return $connection
}

function Read-Object($Connection, [string]$Dn, [string]$Filter, [string[]]$Names) {
    $request = New-Object System.DirectoryServices.Protocols.SearchRequest
    $request.DistinguishedName = $Dn
    $request.Filter = $Filter
    $request.Scope = 'Base'
    foreach ($name in $Names) { [void]$request.Attributes.Add($name) }
    $entries = $Connection.SendRequest($request).Entries
    if ($entries.Count -ne 1) { throw ('the directory has no ' + $Dn) }
    return $entries[0].Attributes
}

function Read-Text($Attributes, [string]$Name) {
    if (-not $Attributes.Contains($Name)) { return $null }
    return [string]$Attributes[$Name][0]
}

function Read-Ldap {
    $cells = [ordered]@{ Answers = $true; Reason = $null; Synchronized = $null; Catalog = $null; Name = $null }
    try {
        $connection = Open-Ldap 'localhost' 'Anonymous'
        $root = Read-Object $connection '' '(objectClass=*)' @('isSynchronized', 'isGlobalCatalogReady', 'dnsHostName')
        $cells['Synchronized'] = Read-Text $root 'isSynchronized'
        $cells['Catalog'] = Read-Text $root 'isGlobalCatalogReady'
        $cells['Name'] = Read-Text $root 'dnsHostName'
        $connection.Dispose()
    } catch {
        # 81 the server is down, 85 timeout, 91 no connection, 51 busy, 52 unavailable
        $inner = $_.Exception
        while ($null -ne $inner -and $inner -isnot [System.DirectoryServices.Protocols.LdapException]) {
            $inner = $inner.InnerException
        }
        if ($null -eq $inner -or @(51, 52, 81, 85, 91) -notcontains $inner.ErrorCode) { throw }
        $cells['Answers'] = $false
        $cells['Reason'] = [string]$inner.Message
    }
    $cells
}

function Read-Ping([string]$Domain) {
    $connection = Open-Ldap 'localhost' 'Anonymous'
    # NETLOGON_NT_VERSION_5 and _5EX
    $filter = '(&(DnsDomain=' + $Domain + ')(NtVer=\06\00\00\00))'
    $found = Read-Object $connection '' $filter @('netlogon')
    $connection.Dispose()
    if (-not $found.Contains('netlogon')) { throw 'no answer to the ping' }
    $bytes = $found['netlogon'].GetValues([byte[]])[0]
    [ordered]@{ Opcode = [BitConverter]::ToUInt16($bytes, 0); Flags = [BitConverter]::ToUInt32($bytes, 4) }
}

function Read-Roles {
    $connection = Open-Ldap 'localhost' 'Anonymous'
    $names = @('dsServiceName', 'dnsHostName', 'defaultNamingContext', 'schemaNamingContext',
        'configurationNamingContext')
    $root = Read-Object $connection '' '(objectClass=*)' $names
    $connection.Dispose()
    $own = Read-Text $root 'dsServiceName'
    $domain = Read-Text $root 'defaultNamingContext'
    $places = [ordered]@{
        Schema = Read-Text $root 'schemaNamingContext'
        Naming = 'CN=Partitions,' + (Read-Text $root 'configurationNamingContext')
        Pdc = $domain
        Rid = 'CN=RID Manager$,CN=System,' + $domain
        Infrastructure = 'CN=Infrastructure,' + $domain
    }
    $connection = Open-Ldap (Read-Text $root 'dnsHostName') 'Negotiate'
    $cells = [ordered]@{}
    foreach ($place in $places.GetEnumerator()) {
        $owner = Read-Text (Read-Object $connection $place.Value '(objectClass=*)' @('fSMORoleOwner')) 'fSMORoleOwner'
        if (-not $owner) { throw ('no owner of the role at ' + $place.Value) }
        $cells[$place.Key] = [bool]($owner -eq $own)
    }
    $connection.Dispose()
    $cells
}

# LanmanNT is a domain controller; the registry tells it where WMI is broken.
function Read-Value([string]$Path, [string]$Name) {
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    try {
        $key = $base.OpenSubKey($Path)
        if ($null -eq $key) { return $null }
        try { return $key.GetValue($Name, $null) } finally { $key.Close() }
    } finally { $base.Close() }
}

if ((Read-Value 'SYSTEM\CurrentControlSet\Control\ProductOptions' 'ProductType') -ne 'LanmanNT') { return }
Read-Part 'now' { [ordered]@{ Now = [DateTime]::UtcNow } }
Read-Part 'netlogon' {
    [ordered]@{ SysvolReady = Read-Value 'SYSTEM\CurrentControlSet\Services\Netlogon\Parameters' 'SysvolReady' }
}
$ldap = Read-Part 'ldap' {
    Add-Type -AssemblyName System.DirectoryServices.Protocols
    Read-Ldap
}
$ldap
if ($ldap.Contains('Answers') -and $ldap['Answers']) {
    Read-Part 'ping' {
        $system = Get-CimInstance -ClassName Win32_ComputerSystem -Property @('Domain')
        Read-Ping ([string]$system.Domain)
    }
    Read-Part 'roles' { Read-Roles }
}
