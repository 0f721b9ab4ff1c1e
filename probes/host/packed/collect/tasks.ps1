# Reads scheduled tasks by the scheduler's COM interface (Schedule.Service), which
# knows the last result. It has been parsed, but not yet run on Windows. Arguments:
# name (paths that are read, * for any characters), except (those that are not). One
# row a task: kind "task", path, state (TASK_STATE), enabled, result (an unsigned
# number), missed, last, next, deletes (whether the scheduler deletes it when it has
# run for the last time; null where it does not tell), error. One row a folder that cannot be read: kind
# "folder", path, error. One row "end" with how many tasks there are, and whether
# that were too many. Lines that begin with # are not sent.
param($Arguments)
$most = 1000
$hidden = 1
function Get-Pattern($Text) { [Management.Automation.WildcardPattern]::Escape($Text).Replace('`*', '*') }
$names = @(foreach ($n in $Arguments['name']) { Get-Pattern $n })
$except = @(foreach ($n in $Arguments['except']) { Get-Pattern $n })
$state = @{ seen = 0; told = 0 }

function Test-Any($Path, $Patterns) {
    foreach ($pattern in $Patterns) {
        if ($Path -like $pattern) { return $true }
    }
    return $false
}

# What never was, or never will be, is a day of the last century.
function Get-Day($Value) {
    if ($Value -is [DateTime] -and $Value.Year -ge 2000) { return $Value }
    return $null
}

function Read-Task($Task) {
    $row = [ordered]@{
        kind = 'task'; path = [string]$Task.Path; state = $null; enabled = $null; result = $null; missed = $null
        last = $null; next = $null; deletes = $null; error = ''
    }
    try {
        # A getter that fails makes a null, which is no 0 and no false.
        $row['state'] = $Task.State
        $row['enabled'] = $Task.Enabled
        $result = $Task.LastTaskResult
        if ($null -ne $result) { $row['result'] = [long]$result -band 4294967295 }
        $row['missed'] = $Task.NumberOfMissedRuns
        $row['last'] = Get-Day $Task.LastRunTime
        $row['next'] = Get-Day $Task.NextRunTime
    } catch {
        $row['error'] = [string]$_.Exception.GetBaseException().Message
    }
    try { $row['deletes'] = [bool]$Task.Definition.Settings.DeleteExpiredTaskAfter } catch { $row['deletes'] = $null }
    return $row
}

function Read-Folder($Folder) {
    $path = [string]$Folder.Path
    try {
        foreach ($task in $Folder.GetTasks($hidden)) {
            $state.seen++
            if ((Test-Any $task.Path $except) -or -not (Test-Any $task.Path $names)) { continue }
            $state.told++
            if ($state.told -le $most) { Read-Task $task }
        }
        foreach ($inner in $Folder.GetFolders(0)) { Read-Folder $inner }
    } catch {
        [ordered]@{ kind = 'folder'; path = $path; error = [string]$_.Exception.GetBaseException().Message }
    }
}

$service = New-Object -ComObject 'Schedule.Service'
$service.Connect()
Read-Folder ($service.GetFolder('\'))
[ordered]@{ kind = 'end'; seen = $state.seen; told = $state.told; cut = ($state.told -gt $most) }
