# Looks at files. Arguments: path (full local paths; variables such as %SystemRoot%
# are expanded, * stands for any characters in the last part), hash ("true" reads
# their contents). A row for each file: asked (the path as given), name (of one that
# * found), there, folder, size, version, product (as four numbers each), modified,
# sha256, problem, unhashed. A path that leads to nothing has one row too. At most
# 200 files of a path with *, and 1 GiB of contents for each; for 40 seconds contents
# are read, and those of the rest are unhashed. It has been parsed, but not yet run on
# Windows. Lines that begin with # are not sent.
param($Arguments)
$most = 200
$mostBytes = 1073741824
$mostSeconds = 40
$watch = New-Object Diagnostics.Stopwatch
$hash = $Arguments.ContainsKey('hash') -and @($Arguments['hash']) -contains 'true'

# The numbers are what counts: the version as text may be localised or stale. A file
# without a version has zeros.
function Add-Version($Row, $Path) {
    $info = [Diagnostics.FileVersionInfo]::GetVersionInfo($Path)
    $file = @($info.FileMajorPart, $info.FileMinorPart, $info.FileBuildPart, $info.FilePrivatePart)
    $product = @($info.ProductMajorPart, $info.ProductMinorPart, $info.ProductBuildPart, $info.ProductPrivatePart)
    if (($file -join '.') -ne '0.0.0.0') { $Row['version'] = $file -join '.' }
    if (($product -join '.') -ne '0.0.0.0') { $Row['product'] = $product -join '.' }
}

# The algorithm that Windows itself implements, since the other may be forbidden.
function Add-Hash($Row, $Path) {
    if ($Row['size'] -gt $mostBytes) { throw 'it is larger than 1 GiB' }
    $algorithm = New-Object Security.Cryptography.SHA256CryptoServiceProvider
    $stream = $null
    $watch.Start()
    try {
        $stream = [IO.File]::Open($Path, 'Open', 'Read', 'ReadWrite, Delete')
        $some = New-Object byte[] 4194304
        do {
            if ($watch.Elapsed.TotalSeconds -gt $mostSeconds) { throw 'the contents of all files take more than 40 s' }
            $count = $stream.Read($some, 0, $some.Length)
            [void]$algorithm.TransformBlock($some, 0, $count, $null, 0)
        } while ($count -gt 0)
        [void]$algorithm.TransformFinalBlock($some, 0, 0)
        $Row['sha256'] = [BitConverter]::ToString($algorithm.get_Hash()).Replace('-', '')
    } finally {
        $watch.Stop()
        if ($null -ne $stream) { $stream.Close() }
        $algorithm.Dispose()
    }
}

function Read-File($Asked, $Name, $Path) {
    $row = [ordered]@{ asked = $Asked; name = $Name; there = $true; folder = $false }
    try {
        # Unlike Exists, this tells what is not there from what is not allowed.
        $attributes = [int][IO.File]::GetAttributes($Path)
        $row['folder'] = ($attributes -band 16) -ne 0
        $row['modified'] = [IO.File]::GetLastWriteTimeUtc($Path)
        if (-not $row['folder']) {
            $row['size'] = (New-Object IO.FileInfo($Path)).Length
            Add-Version $row $Path
        }
    } catch {
        $cause = Get-Cause $_
        if ($cause -is [IO.FileNotFoundException] -or $cause -is [IO.DirectoryNotFoundException]) {
            return [ordered]@{ asked = $Asked; name = $Name; there = $false }
        }
        $row['problem'] = [string]$cause.Message
    }
    if ($hash -and -not $row['folder'] -and -not $row['problem']) {
        try { Add-Hash $row $Path } catch { $row['unhashed'] = [string](Get-Cause $_).Message }
    }
    $row
}

foreach ($asked in $Arguments['path']) {
    $path = [Environment]::ExpandEnvironmentVariables($asked)
    try {
        # What is not defined stays as it is, and may lead to another host.
        if ($path -notmatch '^[A-Za-z]:\\') { throw 'it is no full path of this host: ' + $path }
        if (-not $path.Contains('*')) {
            Read-File $asked $null $path
            continue
        }
        $folder = $path.Substring(0, $path.LastIndexOf('\') + 1)
        $pattern = $path.Substring($folder.Length)
        $found = @([IO.Directory]::EnumerateFiles($folder, $pattern) | Select-Object -First ($most + 1))
        if ($found.Length -gt $most) { throw 'there are more than 200 files: give a narrower path' }
        if ($found.Length -eq 0) { [ordered]@{ asked = $asked; there = $false } }
        foreach ($one in $found) { Read-File $asked $one.Substring($folder.Length) $one }
    } catch {
        $cause = Get-Cause $_
        if ($cause -is [IO.DirectoryNotFoundException]) { [ordered]@{ asked = $asked; there = $false } }
        else { [ordered]@{ asked = $asked; problem = [string]$cause.Message } }
    }
}
