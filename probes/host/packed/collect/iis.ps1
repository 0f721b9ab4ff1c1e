# Reads the sites, bindings and application pools of IIS with its own
# Microsoft.Web.Administration, and looks the bindings' certificates up in their
# stores. No arguments. Rows by part: "host" (always one: present, now, the
# services' states, IIS' version), "site", "binding", "pool", "error" (of, error).
# It has been parsed, but not yet run on Windows. Getters are called as methods,
# because PowerShell makes a null of a property whose getter fails. Lines that
# begin with # are not sent.
param($Arguments)
$most = 2000
function Get-Words($Problem) { return [string](Get-Cause $Problem).Message }
function Get-Problem($Of, $Problem) { [ordered]@{ part = 'error'; of = $Of; error = Get-Words $Problem } }
function Get-ServiceState($Name) {
    try { return [string](Get-Service -Name $Name).Status } catch { return $null }
}
function Get-Attribute($Element, $Name) {
    try { return $Element.GetAttributeValue($Name) } catch { return $null }
}
$row = [ordered]@{ part = 'host'; present = $false; now = [DateTime]::UtcNow }
$base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
try {
    $service = $base.OpenSubKey('SYSTEM\CurrentControlSet\Services\W3SVC')
    if ($null -eq $service) { return $row }
    $row['present'] = $true
    $row['w3svc'] = Get-ServiceState 'W3SVC'
    $row['was'] = Get-ServiceState 'WAS'
    $row['ftpsvc'] = Get-ServiceState 'FTPSVC'
    $setup = $base.OpenSubKey('SOFTWARE\Microsoft\InetStp')
    if ($null -ne $setup) {
        $row['major'] = $setup.GetValue('MajorVersion')
        $row['minor'] = $setup.GetValue('MinorVersion')
    }
} finally { $base.Close() }
$row

$library = [IO.Path]::Combine([Environment]::SystemDirectory, 'inetsrv\Microsoft.Web.Administration.dll')
try {
    if (-not [IO.File]::Exists($library)) { throw 'the management tools of IIS are not installed' }
    Add-Type -Path $library
    $manager = New-Object Microsoft.Web.Administration.ServerManager
} catch {
    Get-Problem 'sites' $_
    Get-Problem 'pools' $_
    return
}

# Where no certificate is asked for, or it is kept elsewhere, there is none to find.
function Add-Certificate($Row, $Binding) {
    $hash = $Binding.get_CertificateHash()
    if ($null -eq $hash -or $hash.Length -eq 0) { return }
    $Row['certificate'] = [BitConverter]::ToString($hash).Replace('-', '')
    $name = [string]$Binding.get_CertificateStoreName()
    if (-not $name) { $name = 'My' }
    $Row['store'] = $name
    $store = New-Object Security.Cryptography.X509Certificates.X509Store($name, 'LocalMachine')
    $store.Open('ReadOnly, OpenExistingOnly')
    try {
        $Row['found'] = $false
        foreach ($certificate in $store.get_Certificates()) {
            if ($certificate.get_Thumbprint() -ne $Row['certificate']) { continue }
            $Row['found'] = $true
            $Row['key'] = $certificate.get_HasPrivateKey()
            $Row['begins'] = $certificate.get_NotBefore()
            $Row['expires'] = $certificate.get_NotAfter()
        }
    } finally { $store.Close() }
}

function Read-Binding($Site, $Binding) {
    $row = [ordered]@{
        part = 'binding'; site = $Site; protocol = [string]$Binding.get_Protocol()
        binding = [string]$Binding.get_BindingInformation(); flags = $null
    }
    $flags = Get-Attribute $Binding 'sslFlags'
    if ($null -ne $flags) { $row['flags'] = [int]$flags }
    if ($row['protocol'] -eq 'https') {
        try { Add-Certificate $row $Binding } catch { $row['problem'] = Get-Words $_ }
    }
    $row
}

# A site's web.config is parsed by asking for any section of it. The numbers of
# errors are told beside their words: some of them mean that the file is broken.
function Add-Config($Row, $Name) {
    try {
        $section = $manager.GetWebConfiguration($Name).GetSection('system.webServer/handlers')
        [void]$section.GetAttributeValue('accessPolicy')
        $Row['config'] = 'read'
    } catch {
        $cause = Get-Cause $_
        $Row['config'] = [string]$cause.Message
        $Row['config_code'] = '{0:X8}' -f $cause.HResult
    }
}

function Read-Site($Site, $Protocols) {
    $row = [ordered]@{ part = 'site'; name = [string]$Site.get_Name(); id = $Site.get_Id() }
    $row['autostart'] = Get-Attribute $Site 'serverAutoStart'
    $row['protocols'] = @($Protocols)
    if ($Protocols -contains 'http' -or $Protocols -contains 'https') {
        try { $row['state'] = [string]$Site.get_State() } catch { $row['state_problem'] = Get-Words $_ }
    }
    if ($Protocols -contains 'ftp') {
        try { $row['ftp_state'] = [int]$Site.GetChildElement('ftpServer').GetAttributeValue('state') } catch {
            $row['ftp_problem'] = Get-Words $_
        }
    }
    foreach ($application in $Site.get_Applications()) {
        if ($application.get_Path() -ne '/') { continue }
        $row['pool'] = [string]$application.get_ApplicationPoolName()
        foreach ($folder in $application.get_VirtualDirectories()) {
            if ($folder.get_Path() -eq '/') { $row['path'] = [string]$folder.get_PhysicalPath() }
        }
    }
    if ($row['path'] -and -not ([string]$row['path']).StartsWith('\\')) { Add-Config $row $row['name'] }
    $row
}

$count = 0
try {
    foreach ($site in $manager.get_Sites()) {
        $name = ''
        try {
            $name = [string]$site.get_Name()
            $bindings = @(foreach ($binding in $site.get_Bindings()) { Read-Binding $name $binding })
            $count += 1 + $bindings.Length
            if ($count -gt $most) { throw 'there are more than are listed' }
            $bindings
            Read-Site $site @($bindings | ForEach-Object { $_['protocol'] })
        } catch { Get-Problem ('site ' + $name) $_ }
        if ($count -gt $most) { break }
    }
} catch { Get-Problem 'sites' $_ }
try {
    foreach ($pool in $manager.get_ApplicationPools()) {
        $count++
        if ($count -gt $most) { throw 'there are more than are listed' }
        $row = [ordered]@{ part = 'pool'; name = [string]$pool.get_Name() }
        $row['autostart'] = Get-Attribute $pool 'autoStart'
        $row['runtime'] = Get-Attribute $pool 'managedRuntimeVersion'
        try {
            $identity = $pool.get_ProcessModel()
            $row['identity'] = [string]$identity.get_IdentityType()
            $row['user'] = [string]$identity.get_UserName()
        } catch { $row['identity'] = $null }
        try { $row['state'] = [string]$pool.get_State() } catch { $row['state_problem'] = Get-Words $_ }
        $row
    }
} catch { Get-Problem 'pools' $_ }
