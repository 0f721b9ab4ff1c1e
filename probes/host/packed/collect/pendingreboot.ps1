# Reads the signs of a pending reboot that stand in no registry key. It has been
# parsed, but not yet run on Windows. No arguments. Rows: Part "configmgr" with
# There, ReturnValue, RebootPending and IsHardRebootPending, of the client's
# CCM_ClientUtilities.DetermineIfRebootPending; Part "pending_xml" with There, of
# WinSxS\pending.xml. A part that fails has a row with its name and Error.
param($Arguments)
$row = [ordered]@{
    Part = 'configmgr'; There = $false; ReturnValue = $null; RebootPending = $null; IsHardRebootPending = $null
}
try {
    $method = @{
        Namespace = 'root/ccm/clientSDK'; ClassName = 'CCM_ClientUtilities'; MethodName = 'DetermineIfRebootPending'
    }
    $told = Invoke-CimMethod @method
    $row['There'] = $true
    foreach ($name in @('ReturnValue', 'RebootPending', 'IsHardRebootPending')) {
        $property = $told.PSObject.Properties[$name]
        if ($null -ne $property) { $row[$name] = $property.Value }
    }
    $row
} catch {
    $absent = $false
    $cause = $_.Exception
    $problem = [string]$cause.Message
    while ($null -ne $cause) {
        if ($cause -is [Microsoft.Management.Infrastructure.CimException]) {
            $native = [string]$cause.NativeErrorCode
            $absent = $absent -or $native -eq 'InvalidNamespace' -or $native -eq 'InvalidClass'
        }
        $cause = $cause.InnerException
    }
    if ($absent) { $row } else { [ordered]@{ Part = 'configmgr'; Error = $problem } }
}
try {
    # File.Exists would say no of what may not be read.
    $files = @([IO.Directory]::GetFiles([IO.Path]::Combine($env:SystemRoot, 'WinSxS'), 'pending.xml'))
    [ordered]@{ Part = 'pending_xml'; There = ($files.Length -gt 0) }
} catch { [ordered]@{ Part = 'pending_xml'; Error = [string]$_.Exception.Message } }
