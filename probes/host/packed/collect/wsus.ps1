# Asks Windows Server Update Services how it is. No arguments. Rows: part "host"
# (always one: present, service, port, ssl, content, content_there, content_problem,
# database), then part "server" of one that answers (version), part "sync" (result,
# ended, error, words), part "clients" (count), and part "error" (of, error, code:
# denied where the account may not). A service that does not run is not asked, and
# what does not answer within 40 seconds is the error of "library". It has been parsed, but not yet run on Windows. Lines that
# begin with # are not sent.
param($Arguments)
$row = [ordered]@{ part = 'host'; present = $false; service = $null }
$base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
try {
    $row['present'] = $null -ne $base.OpenSubKey('SYSTEM\CurrentControlSet\Services\WsusService')
    if (-not $row['present']) { return $row }
    try { $row['service'] = [string](Get-Service -Name 'WsusService').Status } catch { $row['service'] = $null }
    $setup = $base.OpenSubKey('SOFTWARE\Microsoft\Update Services\Server\Setup')
    if ($null -ne $setup) {
        $row['port'] = $setup.GetValue('PortNumber')
        $row['ssl'] = $setup.GetValue('UsingSSL')
        $row['database'] = $setup.GetValue('SqlServerName')
        $row['content'] = $setup.GetValue('ContentDir')
    }
} finally { $base.Close() }
# A folder of another host cannot be asked for with this sign-in.
$content = [string]$row['content']
if ($content -and -not $content.StartsWith('\\')) {
    # Unlike Exists, this tells what is not there from what is not allowed.
    try { $row['content_there'] = ([int][IO.File]::GetAttributes($content) -band 16) -ne 0 } catch {
        $cause = Get-Cause $_
        if ($cause -is [IO.FileNotFoundException] -or $cause -is [IO.DirectoryNotFoundException]) {
            $row['content_there'] = $false
        } else { $row['content_problem'] = [string]$cause.Message }
    }
}
$row
if ($row['service'] -ne 'Running') { return }

$ask = {
    Set-StrictMode -Version 3.0
    function Get-Problem($Of, $Problem) {
        $code = ''
        $next = $Problem.Exception
        while ($null -ne $next) {
            $cause = $next
            if ($cause -is [UnauthorizedAccessException] -or $cause -is [Security.SecurityException]) { $code = 'denied' }
            # Its web service says so by the status.
            if ($cause -is [Net.WebException] -and $cause.Response -is [Net.HttpWebResponse]) {
                $status = [int]$cause.Response.StatusCode
                if ($status -eq 401 -or $status -eq 403) { $code = 'denied' }
            }
            $next = $cause.InnerException
        }
        [ordered]@{ part = 'error'; of = $Of; error = [string]$cause.Message; code = $code }
    }
    try {
        Add-Type -AssemblyName 'Microsoft.UpdateServices.Administration'
    } catch {
        Get-Problem 'library' $_
        return
    }
    try {
        $server = [Microsoft.UpdateServices.Administration.AdminProxy]::GetUpdateServer()
        [ordered]@{ part = 'server'; version = [string]$server.get_Version() }
    } catch {
        Get-Problem 'server' $_
        return
    }
    try {
        $row = [ordered]@{ part = 'sync'; result = 'NeverRun' }
        $last = $server.GetSubscription().GetLastSynchronizationInfo()
        if ($null -ne $last) {
            $row['result'] = [string]$last.get_Result()
            # The library hands out UTC without saying so.
            if ($row['result'] -ne 'NeverRun') { $row['ended'] = [DateTime]::SpecifyKind($last.get_EndTime(), 'Utc') }
            $row['error'] = [string]$last.get_Error()
            $row['words'] = [string]$last.get_ErrorText()
        }
        $row
    } catch { Get-Problem 'sync' $_ }
    try { [ordered]@{ part = 'clients'; count = $server.GetComputerTargetCount() } } catch { Get-Problem 'clients' $_ }
}
try { Read-Within 40 ([string]$ask) $null } catch {
    [ordered]@{ part = 'error'; of = 'library'; error = [string](Get-Cause $_).Message }
}
