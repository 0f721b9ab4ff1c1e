# Runs commands of Exchange by its snap-in, in this process, one after the other. They
# share a runspace of their own: the snap-in is loaded once, and what hangs can be left.
# What they return is written as PowerShell's remoting writes it, as CLIXML, so that one
# reader reads both. It has been parsed, but not yet run on Windows. Lines that begin
# with # are not sent.
#
# Arguments: cmdlet (names); and of each, with its number from 0 in front, "0 properties"
# (names) and "0 -Server" (a parameter's values, each with its type in front: "S text",
# "B true", "B false", or "N" for null; one value is itself, and several are a list).
#
# Rows have Index (the command's number; empty for all), Stream and Text:
#   absent   no snap-in of Exchange is registered here, and nothing was run
#   failure  the snap-in could not be loaded: why
#   loaded   the snap-in's name
#   output   CLIXML of an object, with the properties that were asked for
#   error    CLIXML of an error record that the command went on from
#   failed   CLIXML of the one that ended it
#   done     the command came to its end
#   missing  the snap-in has no such command
#   late     it was not begun, or not awaited to its end: why
param($Arguments)
# Exchange 2013 and later, and 2010.
$snapins = 'Microsoft.Exchange.Management.PowerShell.SnapIn', 'Microsoft.Exchange.Management.PowerShell.E2010'
# The seconds for all where nobody limits them.
$usual = 300

$load = {
    param($Names)
    $ErrorActionPreference = 'Stop'
    foreach ($name in $Names) {
        $known = @(Get-PSSnapin -Name $name -Registered -ErrorAction SilentlyContinue)
        if ($known.Count -eq 0) { continue }
        Add-PSSnapin -Name $name
        $name
        break
    }
}

# By the snap-in Exchange minds no roles, so what could change something is not run.
$call = {
    param($Call)
    Set-StrictMode -Version 3.0
    $PSModuleAutoLoadingPreference = 'None'
    # Exchange writes some results in the thread's language; its endpoint is asked in English.
    $english = [Globalization.CultureInfo]::GetCultureInfo('en-US')
    [Globalization.CultureInfo]::DefaultThreadCurrentUICulture = $english
    [Threading.Thread]::CurrentThread.CurrentUICulture = $english
    [Threading.Thread]::CurrentThread.CurrentCulture = $english
    $left = @{ Objects = 5000; Characters = 4000000 }

    function Write-Xml([string]$Stream, $Object) {
        $xml = [string][Management.Automation.PSSerializer]::Serialize($Object, 1)
        $left['Objects'] -= 1
        $left['Characters'] -= $xml.Length
        if ($left['Objects'] -lt 0) { throw 'more than 5000 objects' }
        if ($left['Characters'] -lt 0) { throw 'more than 4000000 characters' }
        [ordered]@{ Index = $Call['index']; Stream = $Stream; Text = $xml }
    }

    function Write-Problem([string]$Stream, $Record) {
        $thrown = New-Object PSObject -Property @{ Message = [string]$Record.Exception.Message }
        $thrown.PSObject.TypeNames.Clear()
        for ($type = $Record.Exception.GetType(); $null -ne $type; $type = $type.BaseType) {
            [void]$thrown.PSObject.TypeNames.Add($type.FullName)
        }
        $details = ''
        if ($null -ne $Record.ErrorDetails) { $details = [string]$Record.ErrorDetails.Message }
        $told = [ordered]@{
            FullyQualifiedErrorId = [string]$Record.FullyQualifiedErrorId
            ErrorCategory_Category = [int]$Record.CategoryInfo.Category
            ErrorCategory_Reason = [string]$Record.CategoryInfo.Reason
            ErrorCategory_TargetName = [string]$Record.CategoryInfo.TargetName
            ErrorCategory_Message = [string]$Record.CategoryInfo
            ErrorDetails_Message = $details; Exception = $thrown
        }
        Write-Xml $Stream (New-Object PSObject -Property $told)
    }

    function Write-Object($Object) {
        if ($null -eq $Object) { return }
        $base = $Object.PSObject.BaseObject
        if ($base -is [string] -or $base -is [ValueType] -or $base -is [Collections.IList]) {
            Write-Xml 'output' $Object
            return
        }
        $shown = [ordered]@{}
        foreach ($name in $Call['properties']) {
            $property = $Object.PSObject.Properties[$name]
            if ($null -eq $property) { continue }
            # Remoting leaves out what cannot be read, too.
            try { $shown[$property.Name] = $property.Value } catch { continue }
        }
        Write-Xml 'output' (New-Object PSObject -Property $shown)
    }

    try {
        if ($Call['name'] -notmatch '^((Get|Test)-\w+|Invoke-MonitoringProbe)$') { throw 'it may change something' }
        $found = @(Get-Command -Name $Call['name'] -Module $Call['snapin'] -CommandType Cmdlet -ErrorAction SilentlyContinue)
        if ($found.Count -eq 0) {
            [ordered]@{ Index = $Call['index']; Stream = 'missing'; Text = '' }
            return
        }
        $command = $found[0]
        $parameters = $Call['parameters']
        & $command @parameters 2>&1 | ForEach-Object {
            if ($_ -is [Management.Automation.ErrorRecord]) { Write-Problem 'error' $_ } else { Write-Object $_ }
        }
        [ordered]@{ Index = $Call['index']; Stream = 'done'; Text = '' }
    } catch {
        $left = @{ Objects = 1; Characters = 100000 }
        Write-Problem 'failed' $_
    }
}

# The seconds that are left until all has to be answered.
function Get-Left {
    $end = [int][Environment]::GetEnvironmentVariable('POSTPATCH_END')
    if ($end -le 0) { return $usual }
    $begun = [Diagnostics.Process]::GetCurrentProcess().StartTime.ToUniversalTime()
    return [int]($end - ([DateTime]::UtcNow - $begun).TotalSeconds)
}

function Read-Shared($Runspace, [string]$Script, $Argument) {
    $seconds = Get-Left
    if ($seconds -lt 1) { throw (New-Object TimeoutException('not begun: what came before it took all the time')) }
    $shell = [PowerShell]::Create()
    $shell.Runspace = $Runspace
    [void]$shell.AddScript($Script, $true).AddArgument($Argument)
    Wait-Shell $shell $seconds
}

function Read-Value([string]$Typed) {
    if ($Typed -ceq 'N') { return $null }
    if ($Typed -ceq 'B true') { return $true }
    if ($Typed -ceq 'B false') { return $false }
    if (-not $Typed.StartsWith('S ', [StringComparison]::Ordinal)) { throw 'a value without its type' }
    return $Typed.Substring(2)
}

function Read-Parameters([string]$Index) {
    $parameters = @{}
    $prefix = $Index + ' -'
    foreach ($entry in $Arguments.GetEnumerator()) {
        if (-not $entry.Key.StartsWith($prefix, [StringComparison]::Ordinal)) { continue }
        $values = @(foreach ($typed in $entry.Value) { Read-Value $typed })
        if ($values.Count -eq 1) { $values = $values[0] }
        $parameters[$entry.Key.Substring($prefix.Length)] = $values
    }
    return $parameters
}

$runspace = [Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace()
$runspace.Open()
try { $snapin = [string](Read-Shared $runspace ([string]$load) $snapins) } catch {
    [ordered]@{ Index = ''; Stream = 'failure'; Text = [string](Get-Cause $_).Message }
    return
}
if (-not $snapin) {
    [ordered]@{ Index = ''; Stream = 'absent'; Text = '' }
    return
}
[ordered]@{ Index = ''; Stream = 'loaded'; Text = $snapin }
for ($i = 0; $i -lt $Arguments['cmdlet'].Count; $i++) {
    $what = @{
        index = [string]$i; snapin = $snapin; name = $Arguments['cmdlet'][$i]
        properties = @($Arguments[[string]$i + ' properties']); parameters = Read-Parameters ([string]$i)
    }
    try { Read-Shared $runspace ([string]$call) $what } catch {
        [ordered]@{ Index = [string]$i; Stream = 'late'; Text = [string](Get-Cause $_).Message }
    }
}
