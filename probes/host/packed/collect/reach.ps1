# Asks from this host: pings addresses, connects to ports, or puts DNS queries to
# servers. It has been parsed, but not yet run on Windows. Lines that begin with #
# are not sent.
#
# Arguments: how (ping, tcp or dns); to (addresses or names, where loopback, gateway
# and dns_servers stand for what this host knows); port (of tcp and dns); wait
# (milliseconds for one answer); count (echoes of ping); query (of dns: base64 of
# messages, whose id is chosen here).
#
# Rows, one for each address, port and query: to, address (null: this host knows
# none), error (.NET's name of the socket error or of the echo's status; NotReached:
# not begun, since all before took 45 seconds; null: there was an answer); ping: sent,
# received, milliseconds (of all received together); tcp: port; dns: query (its
# place, from 0), transport, answer (base64, with id 0), milliseconds.
param($Arguments)
$how = $Arguments['how'][0]
$wait = [int]$Arguments['wait'][0]
$clock = [Diagnostics.Stopwatch]::StartNew()

function Get-Address($Name) {
    if ($Name -eq 'loopback') { return '127.0.0.1' }
    if ($Name -ne 'gateway' -and $Name -ne 'dns_servers') { return $Name }
    $all = foreach ($adapter in [Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
        if ([string]$adapter.OperationalStatus -ne 'Up') { continue }
        $properties = $adapter.GetIPProperties()
        if ($Name -eq 'gateway') { foreach ($gateway in $properties.GatewayAddresses) { [string]$gateway.Address } }
        else { foreach ($server in $properties.DnsAddresses) { [string]$server } }
    }
    # fec0:0:0:ffff::1 to ::3 are named by adapters that were given no server.
    $all | Where-Object { $_ -ne '0.0.0.0' -and $_ -ne '::' -and -not $_.StartsWith('fec0:') } | Select-Object -Unique
}

function Get-Cause($Exception) {
    while ($null -ne $Exception) {
        if ($Exception -is [Net.Sockets.SocketException]) { return [string]$Exception.SocketErrorCode }
        if ($null -eq $Exception.InnerException) { return $Exception.GetType().Name }
        $Exception = $Exception.InnerException
    }
}

function Get-Family($Address) {
    $parsed = $null
    if ([Net.IPAddress]::TryParse($Address, [ref]$parsed)) { return $parsed.AddressFamily }
    return [Net.Sockets.AddressFamily]::InterNetwork
}

function Send-Echo($Address, $Row) {
    $Row['sent'] = 0
    $Row['received'] = 0
    $Row['milliseconds'] = 0
    $ping = New-Object Net.NetworkInformation.Ping
    $data = New-Object byte[] 56
    for ($i = 0; $i -lt [int]$Arguments['count'][0]; $i++) {
        try {
            $Row['sent'] += 1
            $reply = $ping.Send($Address, $wait, $data)
            if ([string]$reply.Status -eq 'Success') {
                $Row['received'] += 1
                $Row['milliseconds'] += [int]$reply.RoundtripTime
            } else { $Row['error'] = [string]$reply.Status }
        } catch { $Row['error'] = Get-Cause $_.Exception }
    }
    $ping.Dispose()
}

function Test-Port($Address, $Port, $Row) {
    $client = New-Object Net.Sockets.TcpClient (Get-Family $Address)
    try {
        $pending = $client.BeginConnect($Address, $Port, $null, $null)
        if ($pending.AsyncWaitHandle.WaitOne($wait)) { $client.EndConnect($pending) }
        else { $Row['error'] = 'TimedOut' }
    } catch { $Row['error'] = Get-Cause $_.Exception }
    $client.Close()
}

function Read-Exactly($Stream, $Count) {
    $bytes = New-Object byte[] $Count
    $have = 0
    while ($have -lt $Count) {
        $more = $Stream.Read($bytes, $have, $Count - $have)
        if ($more -le 0) { throw 'the connection ended' }
        $have += $more
    }
    return ,$bytes
}

function Send-Datagram($Address, $Port, $Message) {
    $family = Get-Family $Address
    $client = New-Object Net.Sockets.UdpClient $family
    try {
        $client.Client.ReceiveTimeout = $wait
        $client.Connect($Address, $Port)
        $from = New-Object Net.IPEndPoint ([Net.IPAddress]::Any), 0
        if ([string]$family -eq 'InterNetworkV6') { $from = New-Object Net.IPEndPoint ([Net.IPAddress]::IPv6Any), 0 }
        [void]$client.Send($Message, $Message.Length)
        for ($i = 0; $i -lt 5; $i++) {
            $answer = $client.Receive([ref]$from)
            if ($answer.Length -ge 12 -and $answer[0] -eq $Message[0] -and $answer[1] -eq $Message[1]) { return ,$answer }
        }
        throw 'what came was no answer'
    } finally { $client.Close() }
}

function Send-Stream($Address, $Port, $Message) {
    $client = New-Object Net.Sockets.TcpClient (Get-Family $Address)
    try {
        $pending = $client.BeginConnect($Address, $Port, $null, $null)
        if (-not $pending.AsyncWaitHandle.WaitOne($wait)) { throw 'no connection by TCP' }
        $client.EndConnect($pending)
        $stream = $client.GetStream()
        $stream.ReadTimeout = $wait
        $frame = New-Object byte[] ($Message.Length + 2)
        $frame[0] = [byte][Math]::Floor($Message.Length / 256)
        $frame[1] = [byte]($Message.Length % 256)
        [Array]::Copy($Message, 0, $frame, 2, $Message.Length)
        $stream.Write($frame, 0, $frame.Length)
        $size = Read-Exactly $stream 2
        return ,(Read-Exactly $stream ($size[0] * 256 + $size[1]))
    } finally { $client.Close() }
}

function Send-Query($Address, $Port, $Query, $Row) {
    $Row['transport'] = 'udp'
    $Row['answer'] = $null
    $message = [Convert]::FromBase64String($Query)
    $message[0] = [byte](Get-Random -Maximum 256)
    $message[1] = [byte](Get-Random -Maximum 256)
    $watch = [Diagnostics.Stopwatch]::StartNew()
    try {
        $answer = $null
        try { $answer = Send-Datagram $Address $Port $message }
        catch { if ((Get-Cause $_.Exception) -ne 'TimedOut') { throw } }
        if ($null -eq $answer) { $answer = Send-Datagram $Address $Port $message }
        if ($answer[2] -band 2) {
            $Row['transport'] = 'tcp'
            $answer = Send-Stream $Address $Port $message
        }
        if ($answer.Length -lt 12) { throw 'what came was no answer' }
        $answer[0] = 0
        $answer[1] = 0
        $Row['answer'] = [Convert]::ToBase64String($answer)
    } catch { $Row['error'] = Get-Cause $_.Exception }
    $Row['milliseconds'] = [int]$watch.ElapsedMilliseconds
}

function Test-Late($Row) {
    if ($clock.Elapsed.TotalSeconds -lt 45) { return $false }
    $Row['error'] = 'NotReached'
    return $true
}

foreach ($to in $Arguments['to']) {
    try { $addresses = @(Get-Address $to) } catch {
        [ordered]@{ to = $to; address = $to; error = Get-Cause $_.Exception }
        continue
    }
    if ($addresses.Count -eq 0) { [ordered]@{ to = $to; address = $null; error = $null } }
    foreach ($address in $addresses) {
        if ($how -eq 'ping') {
            $row = [ordered]@{ to = $to; address = $address; error = $null }
            if (-not (Test-Late $row)) { Send-Echo $address $row }
            $row
            continue
        }
        foreach ($port in $Arguments['port']) {
            if ($how -eq 'tcp') {
                $row = [ordered]@{ to = $to; address = $address; port = $port; error = $null }
                if (-not (Test-Late $row)) { Test-Port $address ([int]$port) $row }
                $row
                continue
            }
            for ($i = 0; $i -lt $Arguments['query'].Count; $i++) {
                $row = [ordered]@{ to = $to; address = $address; query = $i; error = $null }
                if (-not (Test-Late $row)) { Send-Query $address ([int]$port) $Arguments['query'][$i] $row }
                $row
            }
        }
    }
}
