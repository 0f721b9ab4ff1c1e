# Unpacks the payload from the environment and runs its script. It has been
# parsed, but not yet run on Windows. Lines that begin with # are not sent.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$text = ''
for ($i = 0; $i -lt 100; $i++) {
    $part = [Environment]::GetEnvironmentVariable('POSTPATCH_' + $i)
    if (-not $part) { break }
    $text += $part
}
$packed = New-Object IO.MemoryStream(,[Convert]::FromBase64String($text))
$gunzip = New-Object IO.Compression.GZipStream($packed, [IO.Compression.CompressionMode]::Decompress)
$reader = New-Object IO.StreamReader($gunzip, [Text.Encoding]::UTF8)
$payload = ConvertFrom-Json $reader.ReadToEnd()
& ([ScriptBlock]::Create($payload.script)) $payload
