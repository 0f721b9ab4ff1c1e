# Tells how the certification authority of the host stands. No arguments; no row on
# a host without one. Each row has its part in the column Part, and Error in place
# of the rest when that part failed:
#   now          Now
#   ca           Name, Server, Type: as the registry has them
#   answers      Answers, Reason: whether the CA's interface does
#   certificate  Count, Expires, Thumbprint, State: of the newest CA certificate
#   crl          Index, State, Delta, Status, Head: the list's first bytes in base64,
#                which have its times; one row for each list that is valid, and one
#                without a list for each other of the newest 32 certificates
#   templates    Names: those that an enterprise CA issues
# The numbers are those of CertCli.h (ICertRequest2::GetCAProperty).
# It has been parsed, but not yet run on Windows.
param($Arguments)
$propName = 6; $propCertCount = 11; $propCert = 12; $propBaseCrl = 17; $propDeltaCrl = 18; $propCertState = 19
$propCrlState = 20; $propTemplates = 29; $propBaseStatus = 30; $propDeltaStatus = 31
$typeLong = 1; $typeBinary = 3; $typeString = 4
$base64 = 1
$valid = 3
$most = 32

function Read-Answers {
    $cells = [ordered]@{ Answers = $true; Reason = $null }
    try {
        [void]$request.GetCAProperty($config, $propName, 0, $typeString, 0)
    } catch {
        # What says that nobody is there, and not that somebody may not ask: RPC
        # server unavailable, call failed, no such endpoint, the server did not
        # start, it went away, the service is disabled, is shutting down.
        $gone = @(-2147023174, -2147023170, -2147023169, -2147023143, -2146959355, -2147417848, -2147023838, -2147023781)
        $inner = Get-Cause $_
        if ($gone -notcontains $inner.HResult) { throw }
        $cells['Answers'] = $false
        $cells['Reason'] = [string]$inner.Message
    }
    $cells
}

function Read-Crl([int]$Index, [int]$Property, [int]$StatusProperty, [bool]$Delta) {
    $text = [string]$request.GetCAProperty($config, $Property, $Index, $typeBinary, $base64)
    $text = $text.Replace("`r", '').Replace("`n", '')
    [ordered]@{
        Index = $Index; State = $valid; Delta = $Delta
        Status = [int]$request.GetCAProperty($config, $StatusProperty, $Index, $typeLong, 0)
        Head = $text.Substring(0, [Math]::Min(4096, $text.Length))
    }
}

$base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
try {
    $configuration = $base.OpenSubKey('SYSTEM\CurrentControlSet\Services\CertSvc\Configuration')
    if ($null -eq $configuration) { return }
    $active = [string]$configuration.GetValue('Active', '')
    if (-not $active) { return }
    $key = $configuration.OpenSubKey($active)
    if ($null -eq $key) {
        [ordered]@{ Part = 'ca'; Error = 'the registry has no key of the active certification authority' }
        return
    }
    $authority = [string]$key.GetValue('CommonName', '')
    $server = [string]$key.GetValue('CAServerName', '')
    $type = $key.GetValue('CAType', $null)
    $deltas = [int]$key.GetValue('CRLDeltaPeriodUnits', 0)
    $key.Close()
    $configuration.Close()
} finally {
    $base.Close()
}
Read-Part 'now' { [ordered]@{ Now = [DateTime]::UtcNow } }
Read-Part 'ca' { [ordered]@{ Name = $authority; Server = $server; Type = $type } }
$config = $server + '\' + $authority
try {
    $request = New-Object -ComObject CertificateAuthority.Request
} catch {
    [ordered]@{ Part = 'answers'; Error = [string](Get-Cause $_).Message }
    return
}
$answers = Read-Part 'answers' { Read-Answers }
$answers
if (-not $answers.Contains('Answers') -or -not $answers['Answers']) { return }
$certificate = Read-Part 'certificate' {
    $count = [int]$request.GetCAProperty($config, $propCertCount, 0, $typeLong, 0)
    if ($count -lt 1) { throw 'the authority has no certificate' }
    $newest = $count - 1
    $text = [string]$request.GetCAProperty($config, $propCert, $newest, $typeBinary, $base64)
    $bytes = [Convert]::FromBase64String($text)
    $read = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 (, $bytes)
    [ordered]@{
        Count = $count; Expires = $read.NotAfter.ToUniversalTime(); Thumbprint = $read.Thumbprint
        State = [int]$request.GetCAProperty($config, $propCertState, $newest, $typeLong, 0)
    }
}
$certificate
$count = 0
if ($certificate.Contains('Count')) { $count = $certificate['Count'] }
else { [ordered]@{ Part = 'crl'; Error = 'how many there are is not known' } }
if ($count -gt $most) { [ordered]@{ Part = 'crl'; Error = 'the authority has more than 32 certificates' } }
for ($index = [Math]::Max(0, $count - $most); $index -lt $count; $index++) {
    $row = Read-Part 'state' {
        [ordered]@{ State = [int]$request.GetCAProperty($config, $propCrlState, $index, $typeLong, 0) }
    }
    if ($row.Contains('Error')) {
        $row['Part'] = 'crl'
        $row
        continue
    }
    if ($row['State'] -ne $valid) {
        [ordered]@{ Part = 'crl'; Index = $index; State = $row['State'] }
        continue
    }
    Read-Part 'crl' { Read-Crl $index $propBaseCrl $propBaseStatus $false }
    if ($deltas -gt 0) { Read-Part 'crl' { Read-Crl $index $propDeltaCrl $propDeltaStatus $true } }
}
if ($type -eq 0 -or $type -eq 1) {
    Read-Part 'templates' {
        $lines = ([string]$request.GetCAProperty($config, $propTemplates, 0, $typeString, 0)).Split("`n")
        $names = @()
        # A name, its OID, a name…
        for ($line = 0; $line -lt $lines.Count; $line += 2) {
            $text = $lines[$line].Trim()
            if ($text) { $names += $text }
        }
        [ordered]@{ Names = $names }
    }
}
