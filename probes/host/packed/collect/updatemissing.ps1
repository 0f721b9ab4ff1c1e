# Searches for updates that are not installed; this takes minutes. It has been
# parsed, but not yet run on Windows. Arguments: source (default, managed,
# microsoft_update, offline), limit (seconds), and catalogue (the path of
# wsusscn2.cab, for offline).
# Rows: one with Part "search": Selection (ServerSelection), ServiceID, Result
# (OperationResultCode), Warnings and Total; for each update, at most 500, Part
# "update" with KBs, UpdateID, Title and Severity (MsrcSeverity). When the search
# fails: one row with Part "search", Error and Code, and Late when it was not done
# within its limit; the agent then goes on with it by itself.
#
# This is the one collector that changes something on the host: for the time of an
# offline search the catalogue is registered with the update agent, as the service
# "postpatch". It stays when the process is killed; one that stayed is removed
# before the next search.
param($Arguments)
# It runs in a runspace of its own, since only that can be left when it is late, and
# a script has no other way to wait: BeginSearch wants an object to call back.
$search = {
    param($Search)
    Set-StrictMode -Version 3.0
    $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
    $manager = New-Object -ComObject Microsoft.Update.ServiceManager
    if ($Search['source'] -eq 'managed') { $searcher.ServerSelection = 1 }
    if ($Search['source'] -eq 'microsoft_update') {
        $searcher.ServerSelection = 2
        foreach ($known in $manager.Services) {
            if ([string]$known.ServiceID -eq '7971f918-a847-4430-9279-4a52d1efe18d') {
                $searcher.ServerSelection = 3
                $searcher.ServiceID = [string]$known.ServiceID
            }
        }
    }
    if ($Search['source'] -eq 'offline') {
        if (-not [IO.File]::Exists($Search['path'])) { throw (New-Object IO.FileNotFoundException('no such file')) }
        $service = $manager.AddScanPackageService('postpatch', $Search['path'], 0)
        $searcher.ServerSelection = 3
        $searcher.ServiceID = [string]$service.ServiceID
    }
    $found = $searcher.Search('IsInstalled=0 and IsHidden=0')
    [ordered]@{
        Part = 'search'; Selection = [int]$searcher.ServerSelection; ServiceID = [string]$searcher.ServiceID
        Result = $found.ResultCode; Warnings = $found.Warnings.Count; Total = $found.Updates.Count
    }
    $sent = 0
    foreach ($update in $found.Updates) {
        if ($sent -ge 500) { break }
        $sent++
        $title = [string]$update.Title
        if ($title.Length -gt 300) { $title = $title.Substring(0, 300) }
        $numbers = @(foreach ($number in $update.KBArticleIDs) { [string]$number })
        [ordered]@{
            Part = 'update'; KBs = $numbers; UpdateID = [string]$update.Identity.UpdateID
            Title = $title; Severity = [string]$update.MsrcSeverity
        }
    }
}

function Remove-Catalogue {
    $manager = New-Object -ComObject Microsoft.Update.ServiceManager
    $ours = @(foreach ($known in $manager.Services) {
        if ([string]$known.Name -eq 'postpatch') { [string]$known.ServiceID }
    })
    foreach ($id in $ours) { [void]$manager.RemoveService($id) }
}

$what = @{ source = [string]$Arguments['source'][0]; path = '' }
$offline = $what['source'] -eq 'offline'
if ($offline) { $what['path'] = [string]$Arguments['catalogue'][0] }
try {
    if ($offline) { Remove-Catalogue }
    Read-Within ([int]$Arguments['limit'][0]) ([string]$search) $what
} catch {
    $cause = Get-Cause $_
    [ordered]@{
        Part = 'search'; Error = [string]$cause.Message; Code = [int]$cause.HResult
        Late = $cause -is [TimeoutException]
    }
} finally {
    if ($offline) { try { Remove-Catalogue } catch { } }
}
