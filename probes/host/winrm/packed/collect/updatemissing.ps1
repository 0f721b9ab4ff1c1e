# Searches for updates that are not installed; this takes minutes. It has been
# parsed, but not yet run on Windows. Arguments: source (default, managed,
# microsoft_update, offline) and catalogue (the path of wsusscn2.cab, for offline).
# Rows: one with Part "search": Selection (ServerSelection), ServiceID, Result
# (OperationResultCode), Warnings and Total; for each update, at most 500, Part
# "update" with KBs, UpdateID, Title and Severity (MsrcSeverity). When the search
# fails: one row with Part "search", Error and Code. The catalogue is registered
# for the time of the search only.
param($Arguments)
$source = [string]$Arguments['source'][0]
$manager = $null
$service = $null
try {
    $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
    if ($source -eq 'managed') { $searcher.ServerSelection = 1 }
    if ($source -eq 'microsoft_update') {
        $searcher.ServerSelection = 2
        foreach ($known in (New-Object -ComObject Microsoft.Update.ServiceManager).Services) {
            if ([string]$known.ServiceID -eq '7971f918-a847-4430-9279-4a52d1efe18d') {
                $searcher.ServerSelection = 3
                $searcher.ServiceID = [string]$known.ServiceID
            }
        }
    }
    if ($source -eq 'offline') {
        $path = [string]$Arguments['catalogue'][0]
        if (-not [IO.File]::Exists($path)) { throw (New-Object IO.FileNotFoundException('no such file')) }
        $manager = New-Object -ComObject Microsoft.Update.ServiceManager
        $service = $manager.AddScanPackageService('postpatch', $path, 0)
        $searcher.ServerSelection = 3
        $searcher.ServiceID = [string]$service.ServiceID
    }
    $found = $searcher.Search('IsInstalled=0 and IsHidden=0')
    [ordered]@{
        Part = 'search'; Selection = [int]$searcher.ServerSelection; ServiceID = [string]$searcher.ServiceID
        Result = [int]$found.ResultCode; Warnings = [int]$found.Warnings.Count; Total = [int]$found.Updates.Count
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
} catch {
    $cause = $_.Exception
    while ($null -ne $cause.InnerException) { $cause = $cause.InnerException }
    [ordered]@{ Part = 'search'; Error = [string]$cause.Message; Code = [int]$cause.HResult }
} finally {
    if ($null -ne $service) { try { $manager.RemoveService($service.ServiceID) } catch { } }
}
