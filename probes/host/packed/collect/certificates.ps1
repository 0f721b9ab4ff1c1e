# Lists the certificates of stores of the local machine. Arguments: store (names),
# keys ("true" opens each private key). Rows: of a store (store, now, there, count,
# problem, more), of a certificate (store, thumbprint, subject, issuer, begins,
# expires, key, opens, why, unopened, purposes as OIDs, names as base64 of the
# extension of subject alternative names). At most 1000 certificates of a store. It has
# been parsed, but not yet run on Windows. Lines that begin with # are not sent.
param($Arguments)
$most = 1000
$open = $Arguments.ContainsKey('keys') -and @($Arguments['keys']) -contains 'true'
$rsa = 'System.Security.Cryptography.X509Certificates.RSACertificateExtensions' -as [type]
$ecdsa = 'System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions' -as [type]

# Opening a key tells one that is there from one whose container is lost. Other keys
# than RSA and ECDSA tell nothing, and neither do those before .NET 4.6 and ECDSA's
# before 4.6.1. A key of another algorithm is null.
function Add-Key($Row, $Certificate) {
    if (-not $open -or -not $Row['key']) { return }
    if ($null -ne $rsa) { Open-Key $Row { $rsa::GetRSAPrivateKey($Certificate) } }
    if ($null -ne $ecdsa -and -not $Row.Contains('opens') -and -not $Row.Contains('unopened')) {
        Open-Key $Row { $ecdsa::GetECDsaPrivateKey($Certificate) }
    }
}

function Open-Key($Row, $How) {
    try {
        $key = & $How
        if ($null -eq $key) { return }
        $Row['opens'] = $true
        $key.Dispose()
    } catch {
        # Not allowed (of Windows and of the key's provider), or not without a window:
        # the key may well be there.
        $cause = Get-Cause $_
        if (@(-2147024891, -2146893808, -2146893790) -contains $cause.HResult) {
            $Row['unopened'] = [string]$cause.Message
            return
        }
        $Row['opens'] = $false
        $Row['why'] = [string]$cause.Message
    }
}

function Read-Certificate($Store, $Certificate) {
    $row = [ordered]@{
        store = $Store; thumbprint = $Certificate.get_Thumbprint(); subject = $Certificate.get_Subject()
        issuer = $Certificate.get_Issuer(); begins = $Certificate.get_NotBefore()
        expires = $Certificate.get_NotAfter(); key = $Certificate.get_HasPrivateKey()
    }
    foreach ($extension in $Certificate.get_Extensions()) {
        $oid = $extension.get_Oid().get_Value()
        if ($oid -eq '2.5.29.17') { $row['names'] = [Convert]::ToBase64String($extension.get_RawData()) }
        if ($oid -eq '2.5.29.37') {
            $row['purposes'] = @(foreach ($use in $extension.get_EnhancedKeyUsages()) { $use.get_Value() })
        }
    }
    Add-Key $row $Certificate
    $row
}

foreach ($name in $Arguments['store']) {
    $row = [ordered]@{ store = $name; now = [DateTime]::UtcNow; there = $true; count = $null }
    $store = New-Object Security.Cryptography.X509Certificates.X509Store($name, 'LocalMachine')
    try { $store.Open('ReadOnly, OpenExistingOnly') } catch {
        # ERROR_FILE_NOT_FOUND, in whatever language
        $cause = Get-Cause $_
        if ($cause.HResult -eq -2147024894) { $row['there'] = $false }
        else { $row['problem'] = [string]$cause.Message }
        $row
        continue
    }
    try {
        $all = $store.get_Certificates()
        $row['count'] = $all.Count
        if ($all.Count -gt $most) { $row['more'] = $all.Count - $most }
        $row
        $taken = 0
        foreach ($certificate in $all) {
            $taken++
            if ($taken -gt $most) { break }
            try { Read-Certificate $name $certificate } catch {
                $problem = [string](Get-Cause $_).Message
                [ordered]@{ store = $name; thumbprint = $certificate.get_Thumbprint(); problem = $problem }
            }
        }
    } finally { $store.Close() }
}
