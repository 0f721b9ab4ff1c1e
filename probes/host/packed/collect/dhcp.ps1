# Tells how the DHCP server of the host is set and how its IPv4 scopes stand. No
# arguments; no row on a host without the service. Each row has its part in the
# column Part, and Error in place of the rest when that part failed:
#   server    Joined, Authorized
#   bindings  Addresses: those at which it serves
#   scope     Id, Name, State; one row for each
#   use       Id, Free, InUse; one row for each scope
#   failover  Name, Partner, Mode, Role, State, Scopes; one row for each relationship
#   counts    Now, Started, Discovers, Offers, Requests, Acks, Naks, InUse, Delayed:
#             since the server was started; Delayed are scopes that offer late
# All of them have an Error when they are not told within 40 seconds.
# It has been parsed, but not yet run on Windows.
param($Arguments)
if (-not (Test-Path -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\DHCPServer')) { return }

# A server that hangs must not keep the answers of all others.
$ask = {
    Set-StrictMode -Version 3.0
    # Some versions spell the columns of the class otherwise.
    function Read-Property($Object, [string[]]$Names) {
        foreach ($name in $Names) {
            $property = $Object.PSObject.Properties[$name]
            if ($null -ne $property) { return $property.Value }
        }
        return $null
    }

    if (-not @(Get-Module -ListAvailable -Name DhcpServer)) {
        throw 'the PowerShell module DhcpServer is not installed on the host'
    }
    Import-Module DhcpServer
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
                Name = [string]$relation.Name; Partner = [string]$relation.PartnerServer
                Mode = [string]$relation.Mode; Role = [string](Read-Property $relation @('ServerRole'))
                State = [string]$relation.State; Scopes = $scopes
            }
        }
    }
    Read-Part 'counts' {
        $told = Get-DhcpServerv4Statistics
        $counts = [ordered]@{ Now = [DateTime]::Now; Started = Read-Property $told @('ServerStartTime') }
        foreach ($name in @('Discovers', 'Offers', 'Requests', 'Acks', 'Naks')) {
            $counts[$name] = Read-Property $told @($name)
        }
        $counts['InUse'] = Read-Property $told @('AddressesInUse')
        $counts['Delayed'] = Read-Property $told @('ScopesWithDelayConfigured')
        $counts
    }
}
try { Read-Within 40 ([string]$ask) $null } catch {
    $problem = [string](Get-Cause $_).Message
    foreach ($part in @('server', 'bindings', 'scope', 'use', 'failover', 'counts')) {
        [ordered]@{ Part = $part; Error = $problem }
    }
}
