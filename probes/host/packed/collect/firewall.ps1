# Tells what of the firewall is in force, with what group policies set; a query of
# its classes tells what is set on the host itself. No arguments. Rows, each with its
# part in the column Part, and Error in place of the rest when that part failed:
#   module   There: whether this Windows has the cmdlets (Server 2012)
#   profile  Name, Enabled, DefaultInboundAction, DefaultOutboundAction: three rows, in
#            the numbers of MSFT_NetFirewallProfile
#   rules    Inbound: how many let traffic in; Hash: SHA-256 over all that are enabled,
#            in hexadecimal
# Rules that Windows keeps for single users are left out: they come at a sign-in. A
# rule that a program made has a new GUID for its name whenever it is made again, so
# its text stands for it. At most 20000 rules; a part may take 20 or 40 seconds.
# It has been parsed, but not yet run on Windows.
param($Arguments)
$profiles = {
    Set-StrictMode -Version 3.0
    Read-Part 'profile' {
        foreach ($one in @(Get-NetFirewallProfile -PolicyStore 'ActiveStore')) {
            $row = [ordered]@{}
            foreach ($column in @('Name', 'Enabled', 'DefaultInboundAction', 'DefaultOutboundAction')) {
                $row[$column] = $one.CimInstanceProperties[$column].Value
            }
            $row
        }
    }
}
$rules = {
    Set-StrictMode -Version 3.0
    Read-Part 'rules' {
        $inbound = 0
        $lines = New-Object System.Collections.Generic.List[string]
        foreach ($rule in @(Get-NetFirewallRule -PolicyStore 'ActiveStore')) {
            $cells = $rule.CimInstanceProperties
            # Enabled 1 is true, Direction 1 inbound, Action 2 allow.
            if ([int]$cells['Enabled'].Value -ne 1 -or [string]$cells['Owner'].Value) { continue }
            if ($lines.Count -ge 20000) { throw 'there are more than 20000 rules' }
            $direction = [int]$cells['Direction'].Value
            $action = [int]$cells['Action'].Value
            if ($direction -eq 1 -and $action -eq 2) { $inbound++ }
            $name = [string]$cells['InstanceID'].Value
            if ($name.StartsWith('{')) { $name = [string]$cells['ElementName'].Value }
            [void]$lines.Add(($name, $direction, $action, [int]$cells['Profiles'].Value) -join '|')
        }
        $lines.Sort([StringComparer]::Ordinal)
        $algorithm = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
        $hash = $algorithm.ComputeHash([Text.Encoding]::UTF8.GetBytes($lines -join "`n"))
        [ordered]@{ Inbound = $inbound; Hash = [BitConverter]::ToString($hash).Replace('-', '').ToLowerInvariant() }
    }
}

function Read-Bounded([string]$Name, [int]$Seconds, [string]$Ask) {
    try { Read-Within $Seconds $Ask $null } catch {
        [ordered]@{ Part = $Name; Error = [string](Get-Cause $_).Message }
    }
}

$there = Test-Path -LiteralPath ([Environment]::SystemDirectory + '\WindowsPowerShell\v1.0\Modules\NetSecurity')
[ordered]@{ Part = 'module'; There = $there }
if (-not $there) { return }
Read-Bounded 'profile' 20 ([string]$profiles)
Read-Bounded 'rules' 40 ([string]$rules)
