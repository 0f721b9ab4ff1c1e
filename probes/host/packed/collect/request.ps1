# Asks web servers from this host, by one connection for each page, and reads the
# head of the answer. It has been parsed, but not yet run on Windows. Lines that
# begin with # are not sent.
#
# Arguments: method; http2 (true or false); wait (milliseconds for one page); and
# lists with one value for each page: address (a name or an IP address; loopback),
# port, tls (true or false), name (for TLS) and site (the Host header; both empty for
# this host's own full name), path.
#
# Rows, one for each page: index (from 0), address, name (that was presented in TLS;
# null: none), stage (what was under way: connect, tls, answer; client, http2), error
# (.NET's name of the socket error, TimedOut, Ended, NoHttp, "Win32 0x…", with http2
# "HRESULT 0x…", or the exception's type; null: there was an answer), status,
# protocol, server, location, milliseconds, certificate (base64 of the leaf).
#
# .NET Framework does not negotiate HTTP/2, so that way is WinRT's client. It sends
# the address as the name for TLS, and no name when it is an IP address.
param($Arguments)
$method = $Arguments['method'][0]
$wait = [int]$Arguments['wait'][0]
$http2 = $Arguments['http2'][0] -eq 'true'

function Get-FullName {
    $properties = [Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    return ($properties.HostName + '.' + $properties.DomainName).TrimEnd('.')
}

function Get-Cause($Exception) {
    while ($null -ne $Exception.InnerException) { $Exception = $Exception.InnerException }
    if ($Exception -is [TimeoutException]) { return 'TimedOut' }
    if ($Exception -is [Net.Sockets.SocketException]) { return [string]$Exception.SocketErrorCode }
    if ($Exception -is [ComponentModel.Win32Exception]) { return 'Win32 0x{0:X8}' -f $Exception.NativeErrorCode }
    if ($http2) { return 'HRESULT 0x{0:X8}' -f $Exception.HResult }
    return $Exception.GetType().Name
}

function Limit-Text([string]$Text) {
    $Text = $Text.Trim()
    return $Text.Substring(0, [Math]::Min($Text.Length, 1000))
}

function Connect-Address($Address, $Port) {
    $parsed = $null
    $family = [Net.Sockets.AddressFamily]::InterNetwork
    if ([Net.IPAddress]::TryParse($Address, [ref]$parsed)) { $family = $parsed.AddressFamily }
    $client = New-Object Net.Sockets.TcpClient $family
    $pending = $client.BeginConnect($Address, $Port, $null, $null)
    if ($pending.AsyncWaitHandle.WaitOne([Math]::Min($wait, 2000))) {
        $client.EndConnect($pending)
        return $client
    }
    $client.Close()
    throw (New-Object TimeoutException)
}

function Get-Field($Head, $Name) {
    $found = [regex]::Match($Head, '(?im)^' + $Name + ':([^\r\n]*)')
    if ($found.Success) { Limit-Text $found.Groups[1].Value }
}

# Answers that are merely informational (1xx) are passed over.
function Read-Head($Stream, $Watch) {
    $encoding = [Text.Encoding]::GetEncoding(28591)
    $buffer = New-Object byte[] 8192
    $text = ''
    $total = 0
    while ($true) {
        $end = $text.IndexOf("`r`n`r`n", [StringComparison]::Ordinal)
        if ($end -ge 0) {
            if ($text -notmatch '^HTTP/1\.[01] 1(?!01)\d\d') { return $text.Substring(0, $end) }
            $text = $text.Substring($end + 4)
            continue
        }
        if ($total -ge 65536) { return 'too long' }
        if ($Watch.ElapsedMilliseconds -ge $wait) { throw (New-Object TimeoutException) }
        $read = $Stream.Read($buffer, 0, $buffer.Length)
        if ($read -le 0) { return '' }
        $total += $read
        $text += $encoding.GetString($buffer, 0, $read)
    }
}

function Send-Request($Page, $Row) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $client = $null
    try {
        $client = Connect-Address $Row['address'] $Page.Port
        $stream = $client.GetStream()
        $stream.ReadTimeout = $wait
        if ($Page.Tls) {
            $Row['stage'] = 'tls'
            $Row['name'] = $Page.Name
            # What the certificate is worth is judged where the answer is read.
            $accept = [Net.Security.RemoteCertificateValidationCallback] { $true }
            $secure = New-Object Net.Security.SslStream $stream, $false, $accept
            # TLS 1.0, 1.1 and 1.2: what .NET takes by itself depends on its version.
            $versions = [Security.Authentication.SslProtocols]4032
            $secure.AuthenticateAsClient($Page.Name, $null, $versions, $false)
            $leaf = $secure.RemoteCertificate
            if ($null -ne $leaf) { $Row['certificate'] = [Convert]::ToBase64String($leaf.GetRawCertData()) }
            $stream = $secure
        }
        $Row['stage'] = 'answer'
        $lines = ($method + ' ' + $Page.Path + ' HTTP/1.1'), ('Host: ' + $Page.Site),
            'User-Agent: postpatch', 'Accept: */*', 'Connection: close', '', ''
        $request = [Text.Encoding]::ASCII.GetBytes($lines -join "`r`n")
        $stream.Write($request, 0, $request.Length)
        $head = Read-Head $stream $watch
        $Row['milliseconds'] = [int]$watch.ElapsedMilliseconds
        $first = [regex]::Match($head, '^(HTTP/1\.[01]) (\d{3})')
        if ($head -eq '') { $Row['error'] = 'Ended' }
        elseif (-not $first.Success) { $Row['error'] = 'NoHttp' }
        else {
            $Row['protocol'] = $first.Groups[1].Value
            $Row['status'] = [int]$first.Groups[2].Value
            $Row['server'] = Get-Field $head 'Server'
            $Row['location'] = Get-Field $head 'Location'
        }
    } catch { $Row['error'] = Get-Cause $_.Exception }
    if ($null -ne $client) { $client.Close() }
}

# Wait-Answer waits for WinRT's operation; PowerShell cannot call a generic method
# but by reflection.
function Wait-Answer($Operation) {
    foreach ($way in [WindowsRuntimeSystemExtensions].GetMethods()) {
        $parameters = @($way.GetParameters())
        if ($way.Name -ne 'AsTask' -or $parameters.Count -ne 1) { continue }
        if ($parameters[0].ParameterType.Name -ne 'IAsyncOperationWithProgress`2') { continue }
        $way = $way.MakeGenericMethod([Windows.Web.Http.HttpResponseMessage], [Windows.Web.Http.HttpProgress])
        $task = $way.Invoke($null, @($Operation))
        if ($task.Wait($wait)) { return $task.Result }
        throw (New-Object TimeoutException)
    }
    throw (New-Object NotSupportedException)
}

function New-Http2Filter {
    $assembly = 'System.Runtime.WindowsRuntime, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089'
    [void][Type]::GetType('System.WindowsRuntimeSystemExtensions, ' + $assembly, $true)
    [void][Windows.Web.Http.HttpClient, Windows.Web.Http, ContentType = WindowsRuntime]
    [void][Windows.Networking.HostName, Windows.Networking, ContentType = WindowsRuntime]
    $filter = New-Object Windows.Web.Http.Filters.HttpBaseProtocolFilter
    $filter.MaxVersion = 'Http20'
    $filter.AllowUI = $false
    $filter.AllowAutoRedirect = $false
    $filter.UseProxy = $false
    $filter.CacheControl.ReadBehavior = 'MostRecent'
    $filter.CacheControl.WriteBehavior = 'NoCache'
    # PowerShell sees no methods of WinRT's lists.
    $result = [Type]::GetType('Windows.Security.Cryptography.Certificates.ChainValidationResult, ' +
        'Windows.Security, ContentType=WindowsRuntime', $true)
    $add = [Type]::GetType('System.Collections.Generic.ICollection`1').MakeGenericType($result).GetMethod('Add')
    foreach ($n in 'Untrusted', 'InvalidName', 'Expired', 'IncompleteChain', 'WrongUsage', 'RevocationFailure') {
        [void]$add.Invoke($filter.IgnorableServerCertificateErrors, @([Enum]::Parse($result, $n)))
    }
    return $filter
}

function Send-Http2Request($Page, $Row) {
    $client = $null
    $parsed = $null
    $literal = $Row['address']
    if (-not [Net.IPAddress]::TryParse($literal, [ref]$parsed)) { $Row['name'] = $literal }
    elseif ($literal.Contains(':')) { $literal = '[' + $literal + ']' }
    try {
        (Connect-Address $Row['address'] $Page.Port).Close()
        $Row['stage'] = 'client'
        $filter = New-Http2Filter
        $Row['stage'] = 'http2'
        $watch = [Diagnostics.Stopwatch]::StartNew()
        $client = New-Object Windows.Web.Http.HttpClient $filter
        $uri = New-Object Uri ('https://' + $literal + ':' + $Page.Port + $Page.Path)
        $verb = New-Object Windows.Web.Http.HttpMethod $method
        $request = New-Object Windows.Web.Http.HttpRequestMessage $verb, $uri
        $request.Headers.Host = New-Object Windows.Networking.HostName ($Page.Site -replace ':\d+$', '')
        $response = Wait-Answer ($client.SendRequestAsync($request, 'ResponseHeadersRead'))
        $Row['milliseconds'] = [int]$watch.ElapsedMilliseconds
        $versions = @{ 'Http10' = 'HTTP/1.0'; 'Http11' = 'HTTP/1.1'; 'Http20' = 'HTTP/2' }
        $Row['protocol'] = $versions[[string]$response.Version]
        $Row['status'] = [int]$response.StatusCode
        if ($null -ne $response.Headers.Location) {
            $Row['location'] = Limit-Text $response.Headers.Location.OriginalString
        }
        $Row['certificate'] = Get-Leaf $request
        $Row['server'] = Get-Server $response
    } catch { $Row['error'] = Get-Cause $_.Exception }
    if ($null -ne $client) { try { $client.Dispose() } catch { return } }
}

function Get-Leaf($Request) {
    try {
        $buffer = $Request.TransportInformation.ServerCertificate.GetCertificateBlob()
        [Convert]::ToBase64String([Runtime.InteropServices.WindowsRuntime.WindowsRuntimeBufferExtensions]::ToArray($buffer))
    } catch { return }
}

function Get-Server($Response) {
    try {
        foreach ($header in $Response.Headers) {
            if ($header.Key -eq 'Server') { return Limit-Text $header.Value }
        }
    } catch { return }
}

for ($i = 0; $i -lt $Arguments['address'].Count; $i++) {
    $page = @{
        Port = [int]$Arguments['port'][$i]; Tls = $Arguments['tls'][$i] -eq 'true'; Path = $Arguments['path'][$i]
        Name = $Arguments['name'][$i]; Site = $Arguments['site'][$i]
    }
    $address = $Arguments['address'][$i]
    if ($address -eq 'loopback') { $address = '127.0.0.1' }
    if (-not $page.Name) { $page.Name = Get-FullName }
    if (-not $page.Site) {
        $page.Site = Get-FullName
        $usual = 80
        if ($page.Tls) { $usual = 443 }
        if ($page.Port -ne $usual) { $page.Site += ':' + $page.Port }
    }
    $row = [ordered]@{ index = $i; address = $address; stage = 'connect'; error = $null }
    if ($http2) { Send-Http2Request $page $row } else { Send-Request $page $row }
    $row
}
