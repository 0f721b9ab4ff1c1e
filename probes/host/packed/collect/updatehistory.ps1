# Reads what the Windows Update agent remembers. It has been parsed, but not yet
# run on Windows. Argument: except (KB numbers that are left out, "KB2267602").
# Rows: for each of the newest entries, at most 300 of the newest 2,000, Part "entry"
# with Title, UpdateID, Date, Operation (1 install, 2 uninstall), Result
# (OperationResultCode), HResult and Unmapped; one with Part "total", Count, all
# entries, and Cut, whether older ones were left out; one with Part "agent" and
# Searched and Installed, the last successes, null when never. A part that fails has
# a row with its name, Error and Code. The agent's times are UTC and do not say so.
param($Arguments)
function Get-Failure($Part, $Problem) {
    $cause = Get-Cause $Problem
    [ordered]@{ Part = $Part; Error = [string]$cause.Message; Code = [int]$cause.HResult }
}
function Get-Utc($Value) {
    if ($Value -is [DateTime] -and $Value.Year -gt 1990) { return [DateTime]::SpecifyKind($Value, 'Utc') }
    return $null
}
$except = @($Arguments['except'])
try {
    $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
    $total = [int]$searcher.GetTotalHistoryCount()
    $cut = $total -gt 2000
    $sent = 0
    if ($total -gt 0) {
        foreach ($entry in $searcher.QueryHistory(0, [Math]::Min($total, 2000))) {
            $title = [string]$entry.Title
            $kb = [regex]::Match($title, 'KB[0-9]+', 'IgnoreCase').Value
            if ($kb -and $except -contains $kb) { continue }
            if ($sent -ge 300) {
                $cut = $true
                break
            }
            $sent++
            $id = $null
            if ($null -ne $entry.UpdateIdentity) { $id = [string]$entry.UpdateIdentity.UpdateID }
            if ($title.Length -gt 300) { $title = $title.Substring(0, 300) }
            [ordered]@{
                Part = 'entry'; Title = $title; UpdateID = $id; Date = (Get-Utc $entry.Date)
                Operation = [int]$entry.Operation; Result = $entry.ResultCode
                HResult = [int]$entry.HResult; Unmapped = [int]$entry.UnmappedResultCode
            }
        }
    }
    [ordered]@{ Part = 'total'; Count = $total; Cut = $cut }
} catch { Get-Failure 'history' $_ }
try {
    $results = (New-Object -ComObject Microsoft.Update.AutoUpdate).Results
    [ordered]@{
        Part = 'agent'
        Searched = (Get-Utc $results.LastSearchSuccessDate)
        Installed = (Get-Utc $results.LastInstallationSuccessDate)
    }
} catch { Get-Failure 'agent' $_ }
