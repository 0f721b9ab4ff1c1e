# Counts events of event logs by provider, id and what they are about, newest
# first. It has been parsed, but not yet run on Windows. Arguments: log (names);
# since ("boot", or a number of seconds); level (numbers that are counted of every
# provider); id (numbers that are counted whatever their level, if watch has
# them); watch ("provider/id", * for any characters); detail (providers whose first
# value says what an event is about). One row a log: log, kind "log", now, from,
# oldest (of the whole log), read, cut, error, code (missing, denied). One row a group:
# log, kind "event", provider, id, level, detail, service, count, peak (how many of
# them within one hour, at most), first, last, text.
# Of a log at most 20,000 events are read, 20 seconds long, and of all logs 40
# seconds long: it is cut then, and has an error when not begun. Texts are in the
# host's language, or the event's values when time is short. It reads by EventLogReader, since Get-WinEvent
# formats the text of each event. Lines that begin with # are not sent.
param($Arguments)
$most = 20000
$mostGroups = 200
$mostSeconds = 20
$mostTogether = 40
$clock = [Diagnostics.Stopwatch]::StartNew()
$space = 'System.Diagnostics.Eventing.Reader.'
$invariant = [Globalization.CultureInfo]::InvariantCulture
$scm = 'Service Control Manager'
$installed = 7045

# A clock that is set right soon after the start leaves the first events a little
# before it.
if ($Arguments['since'][0] -eq 'boot') {
    $boot = Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime
    $from = $boot.LastBootUpTime.ToUniversalTime().AddSeconds(-10)
} else {
    $from = [DateTime]::UtcNow.AddSeconds(-[int]$Arguments['since'][0])
}
$time = "TimeCreated[@SystemTime>='" + $from.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", $invariant) + "']"

# Windows takes no more than 20 terms in such a query.
$levels = @(foreach ($n in $Arguments['level']) { [int]$n })
$terms = @(foreach ($n in $levels) { 'Level=' + $n })
$paths = @()
if ($terms.Count -gt 0) { $paths += '*[System[(' + ($terms -join ' or ') + ') and ' + $time + ']]' }
$byLevel = $paths.Count
$terms = @(foreach ($n in $Arguments['id']) { 'EventID=' + [int]$n })
for ($i = 0; $i -lt $terms.Count; $i += 15) {
    $some = $terms[$i..([Math]::Min($i + 14, $terms.Count - 1))]
    $paths += '*[System[(' + ($some -join ' or ') + ') and ' + $time + ']]'
}
$watch = @(foreach ($w in $Arguments['watch']) { [Management.Automation.WildcardPattern]::Escape($w).Replace('`*', '*') })
$details = @{}
foreach ($provider in $Arguments['detail']) { $details[$provider] = $true }

function Test-Watched($Name) {
    foreach ($pattern in $watch) {
        if ($Name -like $pattern) { return $true }
    }
    return $false
}

function Limit-Text([string]$Text, [int]$Length) {
    $Text = [regex]::Replace($Text, '\s+', ' ').Trim()
    if ($Text.Length -gt $Length) { return $Text.Substring(0, $Length) }
    return $Text
}

# What the provider does not describe is told by its first values.
function Get-Text($Record) {
    $text = $null
    if ($clock.Elapsed.TotalSeconds -lt $mostTogether) {
        try { $text = $Record.FormatDescription() } catch { $text = $null }
    }
    if (-not $text) {
        $values = @()
        try {
            foreach ($property in $Record.Properties) {
                $plain = $null -ne $property.Value -and $property.Value -isnot [array]
                if ($plain -and $values.Count -lt 4) { $values += [string]$property.Value }
            }
        } catch { $values += '' }
        $text = $values -join '; '
    }
    return Limit-Text $text 300
}

# The first value, or that which names a service: timeouts tell their length before it,
# a recovery that failed what was tried. And of the service control manager the service's
# own name, which it writes as the event's bytes, in front of a slash. Services of users
# and drivers of Defender are installed again and again, under a name with a new end.
function Get-Subject($Record, $Provider) {
    $subject = @('', '')
    try {
        $values = $Record.Properties
        $at = 0
        if ($Provider -eq $scm -and @(7009, 7011) -contains $Record.Id) { $at = 1 }
        if ($Provider -eq $scm -and $Record.Id -eq 7032) { $at = 2 }
        if ($values.Count -gt $at -and $values[$at].Value -isnot [array]) {
            $subject[0] = Limit-Text ([string]$values[$at].Value) 100
        }
        if ($Provider -eq $scm -and $Record.Id -eq $installed) {
            $subject[0] = [regex]::Replace($subject[0], '(?i)(?<=^MpKsl|_)[0-9a-f]{3,8}$', '#')
        }
        $last = $null
        if ($values.Count -gt 0) { $last = $values[$values.Count - 1].Value }
        if ($Provider -eq $scm -and $last -is [byte[]]) {
            $name = [Text.Encoding]::Unicode.GetString($last)
            $subject[1] = Limit-Text (($name -split '[/\x00]', 2)[0]) 100
        }
    } catch { $subject[1] = '' }
    return , $subject
}

function Add-Event($State, $Record) {
    $provider = [string]$Record.ProviderName
    $at = $Record.TimeCreated
    $subject = @('', '')
    if ($details.ContainsKey($provider)) { $subject = Get-Subject $Record $provider }
    $key = ($provider, $Record.Id, $Record.Level, $subject[0], $subject[1]) -join "`n"
    $group = $State.groups[$key]
    if ($null -eq $group) {
        if ($State.groups.Count -ge $mostGroups) {
            $State.more++
            $Record.Dispose()
            return
        }
        $group = @{
            provider = $provider; id = $Record.Id; level = $Record.Level; detail = $subject[0]; service = $subject[1]
            number = 0; peak = 0; first = $at; last = $at; record = $Record
            hour = New-Object -TypeName 'Collections.Generic.Queue[DateTime]'
        }
        $State.groups[$key] = $group
    } else {
        $group.first = $at
        $Record.Dispose()
    }
    $group.number++
    if ($null -ne $at) {
        $group.hour.Enqueue($at)
        while (($group.hour.Peek() - $at).TotalMinutes -gt 60) { [void]$group.hour.Dequeue() }
        $group.peak = [Math]::Max($group.peak, $group.hour.Count)
    }
}

function New-Reader($Log, $Path, $Newest) {
    $query = New-Object -TypeName ($space + 'EventLogQuery') -ArgumentList $Log, 'LogName', $Path
    $query.ReverseDirection = $Newest
    return New-Object -TypeName ($space + 'EventLogReader') -ArgumentList $query
}

function Read-Log($State, $Log) {
    $watchClock = [Diagnostics.Stopwatch]::StartNew()
    $reader = New-Reader $Log '*' $false
    try {
        $record = $reader.ReadEvent()
        if ($null -ne $record) { $State.oldest = $record.TimeCreated }
    } finally { $reader.Dispose() }
    for ($i = 0; $i -lt $paths.Count; $i++) {
        $reader = New-Reader $Log $paths[$i] $true
        try {
            while ($null -ne ($record = $reader.ReadEvent())) {
                $late = $watchClock.Elapsed.TotalSeconds -gt $mostSeconds
                $late = $late -or $clock.Elapsed.TotalSeconds -gt $mostTogether
                if ($late -or $State.read -ge $most) {
                    $State.cut = $true
                    return
                }
                if ($i -ge $byLevel) {
                    $counted = $levels -contains $record.Level
                    if ($counted -or -not (Test-Watched ($record.ProviderName + '/' + $record.Id))) {
                        $record.Dispose()
                        continue
                    }
                }
                # Those of users, at each sign-in, may be more than all others.
                if ($record.Id -ne $installed) { $State.read++ }
                Add-Event $State $record
            }
        } finally { $reader.Dispose() }
    }
}

foreach ($log in $Arguments['log']) {
    $state = @{ groups = @{}; read = 0; more = 0; cut = $false; oldest = $null }
    $problem = ''
    $code = ''
    try {
        if ($clock.Elapsed.TotalSeconds -gt $mostTogether) { throw 'not read, since the logs before it took 40 s' }
        Read-Log $state $log
    } catch {
        $cause = $_.Exception.GetBaseException()
        $problem = Limit-Text $cause.Message 300
        if (-not $problem) { $problem = $cause.GetType().Name }
        if ($cause.GetType().Name -eq 'EventLogNotFoundException') { $code = 'missing' }
        if ($cause -is [UnauthorizedAccessException]) { $code = 'denied' }
    }
    [ordered]@{
        log = $log; kind = 'log'; now = [DateTime]::UtcNow; from = $from; oldest = $state.oldest; read = $state.read
        more = $state.more; cut = $state.cut; error = $problem; code = $code
    }
    foreach ($group in $state.groups.Values) {
        [ordered]@{
            log = $log; kind = 'event'; provider = $group.provider; id = $group.id; level = $group.level
            detail = $group.detail; service = $group.service; count = $group.number
            peak = $group.peak; first = $group.first; last = $group.last; text = Get-Text $group.record
        }
        $group.record.Dispose()
    }
}
