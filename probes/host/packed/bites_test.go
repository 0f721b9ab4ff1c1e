package packed

import (
	"slices"
	"strings"
	"testing"
)

// TestTheRulesBite holds each rule to one script that breaks it in line 3.
func TestTheRulesBite(t *testing.T) {
	for bad, want := range map[string]string{
		`$a = $a ?? 1`:                        "?? is PowerShell 7",
		`$a ??= 1`:                            "??= is PowerShell 7",
		`$b = $a?.Name`:                       "?. is PowerShell 7",
		`$b = $a?[0]`:                         "? is PowerShell 7",
		`$b = $a ? 1 : 2`:                     "? is PowerShell 7",
		`Test-Path $a && Get-Item $a`:         "&& is PowerShell 7",
		`Test-Path $a || Get-Item $a`:         "|| is PowerShell 7",
		`Get-Item $a &`:                       "a & behind a command",
		"$a\n| Sort-Object":                   "a line that begins with |",
		`if ($a) { clean { 1 } }`:             "clean is PowerShell 7.3",
		`using namespace System.IO`:           "using is PowerShell 5",
		`class A { }`:                         "class is PowerShell 5",
		`enum A { B }`:                        "enum is PowerShell 5",
		`trap { 1 }`:                          "trap: use try",
		`try { 1 }`:                           "try without",
		"try { 1 }\n$b = 1":                   "try without",
		`function { }`:                        "function without a name",
		`else { 1 }`:                          "else without",
		`catch { 1 }`:                         "catch without",
		`function F($A, $B) { $A + $B }; F 1`: "F is given 1 arguments, and has 2 parameters",
		`function F($A) { $A }; F 1 $a`:       "F is given 2 arguments",
		`function F { param($A) $A }; F $a $a.b[1]`:                               "F is given 2 arguments",
		`function F($A) { $A }; F -B 1`:                                           "F has no parameter -B",
		`function F($A, $B) { $A + $B }; F($a, $a)`:                               "passes one argument",
		`function F($B, $C) { & $C }; $b = 1; F 1 { $b }`:                         "$b is here the one of F",
		`function G { $b }; function F($C) { $b = 2; $b; & $C }; $b = 1; F { G }`: "$b is here the one of F",
		`$row = 1; Read-Part 'x' { $row }`:                                        "$row is here the one of Read-Part",
		`Read-Part 'x'`:                                                           "Read-Part is given 1 arguments",
		`if ($a -eq $null) { 1 }`:                                                 "$null stands on the left",
		`if ($a = 2) { 1 }`:                                                       "= in a condition",
		`$a.Add(1)`:                                                               "becomes a row",
		`if ($a) { $a.b[0].Append('x') }`:                                         "becomes a row",
		`[ServiceProcess.ServiceController]::GetServices()`:                       "is not loaded until Add-Type",
		`New-Object System.DirectoryServices.Protocols.LdapConnection $a`:         "is not loaded until Add-Type",
		`iex $a`:                             "iex is an alias",
		`Invoke-Expression $a`:               "runs a text as code",
		`Add-Type -TypeDefinition $a`:        "is not among the parameters",
		`Add-Type $a`:                        "compiles code",
		`[WildcardPattern]::Escape($a)`:      "that PowerShell 5 has given",
		`Test-ComputerSecureChannel -Repair`: "is not among the parameters",
		`$a | % { $_ }`:                      "% is an alias",
		`$a | ? { $_ }`:                      "? is an alias",
		`$a | where { $_ }`:                  "where is an alias",
		`$a | foreach { $_ }`:                "foreach is an alias",
		`gci $a`:                             "gci is an alias",
		`Get-WmiObject $a`:                   "use Get-CimInstance",
		`[wmi]$a`:                            "use CIM",
		`Get-EventLog $a`:                    "use Get-WinEvent",
		`Get-Everything`:                     "not among the cmdlets",
		`get-item $a`:                        "is written Get-Item",
		`netsh advfirewall show`:             "is a program or an alias",
		`& 'netsh' $a`:                       "& runs a program",
		`& netsh $a`:                         "is a program",
		`. $a`:                               "caller's scope",
		`Write-Host $a`:                      "line of answers",
		`$a | Out-Host`:                      "line of answers",
		`Read-Host`:                          "line of answers",
		`[Console]::WriteLine($a)`:           "line of answers",
		`$a | Format-List`:                   "in their language",
		`Set-Item $a`:                        "changes the host",
		`New-Item $a`:                        "changes the host",
		`Remove-Item $a`:                     "changes the host",
		`Start-Service $a`:                   "changes the host",
		`Stop-Service $a`:                    "changes the host",
		`Restart-Service $a`:                 "changes the host",
		`Invoke-WebRequest $a`:               "does what the script does not say",
		`"$(Remove-Item $a)"`:                "changes the host",
		`$b = @{ a = Remove-Item $a }`:       "changes the host",
		`$b = if ($a) { sc stop x }`:         "is an alias",
		`[ScriptBlock]::Create($a)`:          "runs a text as code",
		`[x.ScriptBlock]::create($a)`:        "runs a text as code",
		`$a.InvokeScript($a)`:                "runs a text as code",
		`ConvertFrom-Json $a -AsArray`:       "is not among the parameters of",
		`Get-Item -AsHashtable $a`:           "is not among the parameters of",
		`$a | Sort-Object -Parallel`:         "is not among the parameters of",
		`Get-Date -Format s`:                 "is not among the parameters of Get-Date",
		`Get-CimInstance -CN $a`:             "is not among the parameters of Get-CimInstance",
		`Get-WinEvent -FilterHashtable @{ id = 1 } -Newest 3`: "-Newest is not among the parameters of Get-WinEvent",
		`Get-WinEvent -filterxpath $a`:                        "is not among the parameters of Get-WinEvent",
		`Get-Service -ComputerName $a`:                        "is not among the parameters of Get-Service",
		`[IO.MemoryStream]::new()`:                            "::new() is PowerShell 5",
		`$a.Where({ $_ })`:                                    ".Where() is PowerShell 4",
		`$a.ForEach{ $_ }`:                                    ".ForEach() is PowerShell 4",
		`$a.ToUnixTimeSeconds()`:                              "newer than .NET Framework 4.5",
		`$a.ToString()`:                                       "ToString without $invariant",
		`$a.ToString('s')`:                                    "ToString without $invariant",
		`$a.ToLower()`:                                        "use ToLowerInvariant",
		`$a.ToShortDateString()`:                              "depends on the host's language",
		`[DateTime]::Parse($a)`:                               "Parse without InvariantCulture",
		`'{0:N2}' -f $a`:                                      "{0:N2} with -f",
		`exit 1`:                                              "exit ends the runner",
		`$b = $never`:                                         "$never is never set",
		`$b = "x $never"`:                                     "$never is never set",
		`$b = "$a:b"`:                                         "reads the drive a",
		`$global:b = 1`:                                       "outlives the script",
		`$b = (1`:                                             "no ) for this bracket",
		`$b = 'a`:                                             "no end of this string",
		`$b = 1 }`:                                            "nothing to close with }",
		"$b = 'a\n  b'":                                       "a string of many lines",
		"$b = @'\n  b\n'@":                                    "a string of many lines",
		"<# iex\n#>":                                          "a comment in <# #>",
		`#Requires -Version 5`:                                "is not sent",
		`$b = ` + "\u2019a\u2019":                             "is not ASCII",
		`[Reflection.Assembly]::Load(1)`:                      "loads code",
	} {
		found := offences("collect/bad.ps1", "param($Arguments)\n$a = 1\n"+bad)
		at := "collect/bad.ps1:3: "
		if strings.HasPrefix(bad, "$a\n") {
			at = "collect/bad.ps1:4: "
		}
		if len(found) == 0 || !strings.HasPrefix(found[0], at) || !strings.Contains(strings.Join(found, "\n"), want) {
			t.Errorf("%s\nfound %q\nwant %s…%s", bad, found, at, want)
		}
	}
	if found := offences("collect/bad.ps1", "$a = 1"); len(found) != 1 {
		t.Errorf("without param: %q", found)
	}
}

// TestMeaningBites: these are not sent as they are written, and the last is.
func TestMeaningBites(t *testing.T) {
	for source, same := range map[string]bool{
		"$a = 'x\n  y'":                    false,
		"$a = @'\n  x\n'@":                 false,
		"$a = \"x\n# y\n\"":                false,
		"<#\n# x\n#>\n$a = 1":              false,
		"# x\n\n  if ($a) {\n    1 # y\n}": true,
	} {
		if got := slices.Equal(meaning(source), meaning(strip(source))); got != same {
			t.Errorf("%q: the same is %t", source, got)
		}
	}
}

// TestTheRulesLetGoodScriptsPass: nothing that stands in a string, a comment or
// the name of a column is code, and what is usual is fine.
func TestTheRulesLetGoodScriptsPass(t *testing.T) {
	const good = `# iex, && and $never; what's more, it isn't "closed
param($Arguments)
$ErrorActionPreference = 'Stop'
$invariant = [Globalization.CultureInfo]::InvariantCulture
$kinds = @{
    'Write-Host' = 'a && b'; if = 1; class = 2
    foreach = @('gci ? | %', "iex $($Arguments['a'] -join '; ')")
}
function Read-Part([string]$Name, [scriptblock]$Body, $Most = 3) {
    try { & $Body } catch {
        [ordered]@{ part = $Name; error = [string]$_.Exception.Message }
    }
}
foreach ($class in @($Arguments['class'])) {
    if (-not $class -or $kinds.ContainsKey($class)) { continue }
    elseif ($class -match '^(\w+)\?$') { $name = $matches[1] } else { $name = "$class" }
    $found = @(Get-CimInstance -ClassName $name -ErrorAction Stop |
        Where-Object { $_.State -eq 4 -and -not $_.Started } | Select-Object -First 10)
    foreach ($one in $found) {
        $property = $one.PSObject.Properties['if']
        $when = if ($null -ne $property) { $property.Value } else { $null }
        $row = [ordered]@{ Name = $one.Name; State = [int]$one.State; Share = 100 * $one.Free / 3 % 2 }
        $row['when'] = $when
        $row['code'] = '0x{0:x8}' -f $one.Code
        $row['at'] = $one.At.ToUniversalTime().ToString('o', $invariant)
        $row['lower'] = $name.ToLowerInvariant()
        $row
    }
}
Add-Type -AssemblyName System.DirectoryServices.Protocols
[BitConverter]::ToString(@(1, 2))
$first, $second = 'a b' -split ' ', 2
Read-Part -Name 'one' -Body { $name = $first; $name.Length }
Read-Part ('t' + 'wo') { $first.Trim() } ($i + 1)
Read-Part $first, $second { @($first, 'b')[0].ToLowerInvariant() } $found[0].Length
$text = New-Object Text.StringBuilder -ArgumentList 16
[void]$text.Append([char]63).Append("it""s ${first}:$second")
switch ($first) {
    'a' { $text.Length }
    default { throw ('no ' + $first) }
}
for ($i = 0; $i -lt 3; $i++) { $i }
do { $i-- } while ($i -gt 0)
Read-Part 'one' { Get-Service -Name 'a' }
Read-Part 'two' {
    $key = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    try { $key.GetValueNames() } finally { $key.Close() }
}
`
	for _, found := range offences("collect/good.ps1", good) {
		t.Error(found)
	}
}
