# Reads from the System log when Windows was started in the last 30 days, and what
# tells why. No arguments. One row an event, newest first, 501 at most: Id, Time, and
#   12 (Kernel-General) started, 13 shut down: nothing more
#   41 (Kernel-Power) started without a shutdown: Code, the bugcheck's or 0
#   1001 (WER-SystemErrorReporting) a bugcheck: Text, which begins with its code
#   1074 (User32) a restart was asked for: Process, Reason (hexadecimal), User; of
#        wininit Text too, which names what died
#   6008 (EventLog) the last shutdown was unexpected: nothing more
# A text is cut at 300 characters. What led to the oldest boot is a day older, at
# most. It has been parsed, but not yet run on Windows.
param($Arguments)
$source = {
    param($Name, $Ids)
    '(Provider[@Name="' + $Name + '"] and (' + (($Ids | ForEach-Object { 'EventID=' + $_ }) -join ' or ') + '))'
}
$sources = @(
    (& $source 'Microsoft-Windows-Kernel-General' @(12, 13))
    (& $source 'Microsoft-Windows-Kernel-Power' @(41))
    (& $source 'Microsoft-Windows-WER-SystemErrorReporting' @(1001))
    (& $source 'User32' @(1074))
    (& $source 'USER32' @(1074))
    (& $source 'EventLog' @(6008))
)
$filter = '*[System[(' + ($sources -join ' or ') + ') and TimeCreated[timediff(@SystemTime) <= 2678400000]]]'
try {
    $events = @(Get-WinEvent -LogName 'System' -FilterXPath $filter -MaxEvents 501)
} catch {
    # A query that finds nothing is an error to Get-WinEvent.
    if ($_.FullyQualifiedErrorId -like 'NoMatchingEventsFound*') { return }
    throw
}
function Limit-Text([string]$Text) { return $Text.Substring(0, [Math]::Min($Text.Length, 300)) }
$oldest = (Get-Date).AddDays(-30)
foreach ($entry in $events) {
    if ($entry.Id -eq 12 -and $entry.TimeCreated -lt $oldest) { continue }
    $values = @($entry.Properties | ForEach-Object { $_.Value })
    $row = [ordered]@{ Id = $entry.Id; Time = $entry.TimeCreated }
    # BugcheckCode is the first value in every version of the event.
    if ($entry.Id -eq 41 -and $values.Count -gt 0) { $row['Code'] = $values[0] }
    if ($entry.Id -eq 1001 -and $values.Count -gt 0) { $row['Text'] = Limit-Text $values[0] }
    if ($entry.Id -eq 1074 -and $values.Count -gt 5) {
        $row['Process'] = Limit-Text $values[0]
        $row['Reason'] = Limit-Text $values[3]
        if ($values.Count -gt 6) { $row['User'] = Limit-Text $values[6] }
        if ($row['Process'] -like '*wininit.exe*') { $row['Text'] = Limit-Text $values[5] }
    }
    $row
}
