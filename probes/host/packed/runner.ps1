# Answers every question of the payload, each in its own try, and writes one
# line at the end. It has been parsed, but not yet run on Windows. It keeps to
# Windows PowerShell 3, and writes its own JSON because 5.1's ConvertTo-Json
# turns some arrays into objects. Strict mode makes an error of what a collector
# reads and is not there; set here and not in boot.ps1, whose scope is the global
# one, it reaches no module. Lines that begin with # are not sent.
param($Payload)
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$invariant = [Globalization.CultureInfo]::InvariantCulture
$watch = [Diagnostics.Stopwatch]::StartNew()
$seconds = [int][Environment]::GetEnvironmentVariable('POSTPATCH_SECONDS')

function Format-Json([string]$Text) {
    $escaped = $Text.Replace('\', '\\').Replace('"', '\"')
    $escaped = [regex]::Replace($escaped, '[\x00-\x1f]', { param($m) '\u{0:x4}' -f [int][char]$m.Value })
    return '"' + $escaped + '"'
}

function Format-Scalar($Value) {
    if ($Value -is [bool]) {
        if ($Value) { return 'true' }
        return 'false'
    }
    if ($Value -is [DateTime]) {
        return $Value.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", $invariant)
    }
    if ($Value -is [IFormattable]) { return $Value.ToString('', $invariant) }
    return [string]$Value
}

function Format-Cell($Value) {
    if ($null -eq $Value) { return 'null' }
    if ($Value -is [array]) {
        $items = foreach ($item in $Value) { Format-Json (Format-Scalar $item) }
        return '[' + ($items -join ',') + ']'
    }
    return Format-Json (Format-Scalar $Value)
}

# A row is an ordered dictionary. GetEnumerator, because $Row.Keys would be the
# column called Keys if there is one.
function Format-Row($Row) {
    $cells = foreach ($entry in $Row.GetEnumerator()) {
        (Format-Json $entry.Key) + ':' + (Format-Cell $entry.Value)
    }
    return '{' + ($cells -join ',') + '}'
}

# What a method threw, which PowerShell wraps. This and the next two are for
# collectors, which see them since they run inside.
function Get-Cause($Problem) {
    $cause = $Problem.Exception
    while ($null -ne $cause.InnerException) { $cause = $cause.InnerException }
    return $cause
}

# The rows of one part of a collector, all or none: what fails costs no other part.
function Read-Part([string]$Part, [scriptblock]$Body) {
    try {
        $rows = @(& $Body)
        if ($rows.Count -gt 5000) { throw 'more than 5000 rows' }
        foreach ($cells in $rows) {
            $row = [ordered]@{ Part = $Part }
            foreach ($entry in $cells.GetEnumerator()) { $row[$entry.Key] = $entry.Value }
            $row
        }
    } catch {
        $problem = [string](Get-Cause $_).Message
        if (-not $problem) { $problem = 'unknown error' }
        [ordered]@{ Part = $Part; Error = $problem }
    }
}

# Runs what may hang in a runspace of its own, which has the two functions above and
# an argument. What is not done in time goes on, until the process ends. What is run
# first is global there, as boot.ps1 is here; in one go with AddStatement an error of
# the script would be a text only.
function Read-Within([int]$Seconds, [string]$Script, $Argument) {
    $first = '$ErrorActionPreference = "Stop"'
    foreach ($name in @('Get-Cause', 'Read-Part')) {
        $first += "`nfunction " + $name + ' {' + (Get-Item -LiteralPath ('function:' + $name)).Definition + '}'
    }
    $shell = [PowerShell]::Create()
    [void]$shell.AddScript($first, $false).Invoke()
    $shell.Commands.Clear()
    [void]$shell.AddScript($Script, $true).AddArgument($Argument)
    return Wait-Shell $shell $Seconds
}

function Wait-Shell($Shell, [int]$Seconds) {
    $pending = $Shell.BeginInvoke()
    if (-not $pending.AsyncWaitHandle.WaitOne($Seconds * 1000)) {
        [void]$Shell.BeginStop($null, $null)
        throw (New-Object TimeoutException('not done within ' + $Seconds + ' s'))
    }
    $objects = @($Shell.EndInvoke($pending))
    if ($Shell.Streams.Error.Count -gt 0) { throw [string]$Shell.Streams.Error[0] }
    $Shell.Dispose()
    return $objects
}

function Read-Wql($Question) {
    $most = [int]$Question.most
    if ($most -gt 0) {
        $instances = @(Get-CimInstance -Namespace $Question.namespace -Query $Question.query |
            Select-Object -First ($most + 1))
        if ($instances.Count -gt $most) { throw 'more than ' + $most + ' instances' }
    } else {
        $instances = @(Get-CimInstance -Namespace $Question.namespace -Query $Question.query)
    }
    foreach ($instance in $instances) {
        $row = [ordered]@{}
        foreach ($column in $Question.columns) {
            $property = $instance.CimInstanceProperties[$column]
            $row[$column] = $null
            if ($null -ne $property) { $row[$column] = $property.Value }
        }
        $row
    }
}

function Read-Collector($Question) {
    $arguments = @{}
    foreach ($argument in $Question.args) { $arguments[$argument.name] = @($argument.values) }
    & ([ScriptBlock]::Create((Get-Script $Question.collector))) $arguments
}

function Get-Script($Name) {
    foreach ($collector in $Payload.collectors) {
        if ($collector.name -ceq $Name) { return $collector.script }
    }
    throw 'no such collector'
}

# An owner's own script runs in a runspace of its own: what it sets, and even an
# exit in it, does not reach the other questions. An object's properties are cells;
# what is neither a scalar nor a list is its text.
function Read-Script($Question) {
    $shell = [PowerShell]::Create()
    [void]$shell.AddScript((Get-Script $Question.collector))
    foreach ($argument in $Question.args) {
        $values = @($argument.values)
        if ($values.Count -eq 1) { [void]$shell.AddParameter($argument.name, $values[0]) }
        else { [void]$shell.AddParameter($argument.name, $values) }
    }
    $objects = @(Wait-Shell $shell ([int]$Question.limit))
    if ($objects.Count -gt [int]$Question.most) { throw 'more than ' + $Question.most + ' objects' }
    foreach ($object in $objects) {
        if ($null -eq $object) { continue }
        $row = [ordered]@{}
        if ($object.PSObject.BaseObject -is [Collections.IDictionary]) {
            foreach ($entry in $object.PSObject.BaseObject.GetEnumerator()) {
                $row[[string]$entry.Key] = Limit-Cell $entry.Value
            }
        } elseif ($object.PSObject.BaseObject -is [ValueType] -or $object.PSObject.BaseObject -is [string]) {
            $row['Value'] = Limit-Cell $object.PSObject.BaseObject
        } else {
            foreach ($property in $object.PSObject.Properties) {
                try { $row[$property.Name] = Limit-Cell $property.Value } catch { $row[$property.Name] = $null }
                if ($row.Count -ge 100) { break }
            }
        }
        $row
    }
}

function Limit-Cell($Value) {
    if ($null -eq $Value) { return $null }
    if ($Value -is [string] -or $Value -is [ValueType]) { return $Value }
    if ($Value -is [Collections.IEnumerable]) { return ,@($Value | Select-Object -First 1000) }
    return [string]$Value
}

# The words of an error are in the host's language; these numbers are not.
function Get-ErrorCode($Exception) {
    while ($null -ne $Exception) {
        # Before .NET Framework 4.5 nobody may read it.
        $number = $Exception.PSObject.Properties['HResult']
        if ($null -ne $number -and $number.Value -eq -2147024891) { return 'denied' }
        if ($Exception -is [Microsoft.Management.Infrastructure.CimException]) {
            $native = [string]$Exception.NativeErrorCode
            if ($native -eq 'InvalidNamespace' -or $native -eq 'InvalidClass') { return 'class' }
            if ($native -eq 'AccessDenied') { return 'denied' }
        }
        if ($Exception -is [Security.SecurityException]) { return 'denied' }
        $Exception = $Exception.InnerException
    }
    return ''
}

$answers = foreach ($question in $Payload.questions) {
    $rows = ''
    $problem = ''
    $code = ''
    try {
        if ($seconds -gt 0 -and $watch.Elapsed.TotalSeconds -gt $seconds) {
            throw 'not asked: what came before it took more than ' + $seconds + ' s'
        }
        if ($question.script) { $found = @(Read-Script $question) }
        elseif ($question.collector) { $found = @(Read-Collector $question) }
        else { $found = @(Read-Wql $question) }
        $texts = foreach ($row in $found) { Format-Row $row }
        $rows = $texts -join ','
    } catch {
        $rows = ''
        $problem = [string]$_.Exception.Message
        if (-not $problem) { $problem = 'unknown error' }
        $code = Get-ErrorCode $_.Exception
    }
    '{"id":' + $question.id + ',"rows":[' + $rows + '],"error":' + (Format-Json $problem) + ',"code":"' + $code + '"}'
}
$json = '{"answers":[' + ($answers -join ',') + ']}'

$plain = (New-Object Text.UTF8Encoding($false)).GetBytes($json)
$buffer = New-Object IO.MemoryStream
$gzip = New-Object IO.Compression.GZipStream($buffer, [IO.Compression.CompressionMode]::Compress, $true)
$gzip.Write($plain, 0, $plain.Length)
$gzip.Close()
$id = [Environment]::GetEnvironmentVariable('POSTPATCH_ID')
$line = '#postpatch-begin:' + $id + '#' + [Convert]::ToBase64String($buffer.ToArray()) + '#postpatch-end:' + $id + '#'
[Console]::Out.WriteLine($line)
[Console]::Out.Flush()
exit 0
