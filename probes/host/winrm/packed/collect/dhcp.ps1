# Tells how the DHCP server of the host is set and how its IPv4 scopes stand. No
# arguments; no row on a host without the service. Each row has its part in the
# column Part, and Error in place of the rest when that part failed:
#   server    Joined, Authorized
#   bindings  Addresses: those at which it serves
#   scope     Id, Name, State; one row for each
#   use       Id, Free, InUse; one row for each scope
#   failover  Name, Partner, Mode, State, Scopes; one row for each relationship
# It has been parsed, but not yet run on Windows.
param($Arguments)
if (-not (Test-Path -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\DHCPServer')) { return }
$most = 5000

function Read-Part([string]$Name, [scriptblock]$Body) {
    try {
        $rows = @(& $Body)
        if ($rows.Count -gt $most) { throw ('more than ' + $most + ' rows') }
        foreach ($cells in $rows) {
            $row = [ordered]@{ Part = $Name }
            foreach ($entry in $cells.GetEnumerator()) { $row[$entry.Key] = $entry.Value }
            $row
        }
    } catch {
        $problem = [string]$_.Exception.Message
        if (-not $problem) { $problem = 'unknown error' }
        [ordered]@{ Part = $Name; Error = $problem }
    }
}

# Some versions spell the columns of the class otherwise.
function Read-Property($Object, [string[]]$Names) {
    foreach ($name in $Names) {
        $property = $Object.PSObject.Properties[$name]
        if ($null -ne $property) { return $property.Value }
    }
    return $null
}

if (-not @(Get-Module -ListAvailable -Name DhcpServer)) {
    [ordered]@{ Part = 'server'; Error = 'the PowerShell module DhcpServer is not installed on the host' }
    return
}
try {
    Import-Module DhcpServer
} catch {
    [ordered]@{ Part = 'server'; Error = [string]$_.Exception.Message }
    return
}
Read-Part 'server' {
    $setting = Get-DhcpServerSetting
    [ordered]@{ Joined = $setting.IsDomainJoined; Authorized = $setting.IsAuthorized }
}
Read-Part 'bindings' {
    $bound = @()
    foreach ($binding in @(Get-DhcpServerv4Binding)) {
        if ($binding.BindingState) { $bound += [string]$binding.IPAddress }
    }
    [ordered]@{ Addresses = $bound }
}
Read-Part 'scope' {
    foreach ($scope in @(Get-DhcpServerv4Scope)) {
        [ordered]@{ Id = [string]$scope.ScopeId; Name = [string]$scope.Name; State = [string]$scope.State }
    }
}
Read-Part 'use' {
    foreach ($use in @(Get-DhcpServerv4ScopeStatistics)) {
        $free = Read-Property $use @('AddressesFree', 'Free')
        $inUse = Read-Property $use @('AddressesInUse', 'InUse')
        [ordered]@{ Id = [string]$use.ScopeId; Free = $free; InUse = $inUse }
    }
}
Read-Part 'failover' {
    foreach ($relation in @(Get-DhcpServerv4Failover)) {
        $scopes = @()
        foreach ($id in @($relation.ScopeId)) { if ($null -ne $id) { $scopes += [string]$id } }
        [ordered]@{
            Name = [string]$relation.Name; Partner = [string]$relation.PartnerServer; Mode = [string]$relation.Mode
            State = [string]$relation.State; Scopes = $scopes
        }
    }
}
